// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs of data units: every engine of this CPU against a model of ten lines - XTS as
 * IEEE 1619 writes it, block by block - and against itself in parts and in place.
 */
#include <stdlib.h>

#include "tests/harness/guard.h"
#include "tests/unit/core/engines.h"

#define MAX_UNITS 64
#define MAX_LEN (MAX_UNITS * ENVOL_XTS_DU_MAX)
#define SLACK 128

static const unsigned int du_sizes[] = { 512, 1024, 2048, 4096 };
static const u64 steps[] = { 1, 2, 4, 8 };
static const u64 tweaks[] = {
	0, 1, 0xfffffff0, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
	0xffffffffffffffff, 0xffffffffffffffe0,
};

static u8 plain[MAX_LEN + SLACK], cipher[MAX_LEN + SLACK], out[MAX_LEN + SLACK];

/* IEEE 1619, 5.3.1, for whole blocks. */
static void model_encrypt(const struct envol_xts_key *key, u8 *dst, const u8 *src,
			  size_t len, unsigned int du_size, u64 tweak, u64 step)
{
	u8 t[16] = { 0 }, block[16];
	size_t at, i;

	for (at = 0; at < len; at += 16) {
		if (at % du_size == 0) {
			memset(t, 0, 16);
			envol_put_le64(t, tweak);
			envol_aes_encrypt(&key->tweak, t, t);
			tweak += step;
		}
		for (i = 0; i < 16; i++)
			block[i] = src[at + i] ^ t[i];
		envol_aes_encrypt(&key->data, block, block);
		for (i = 0; i < 16; i++)
			dst[at + i] = block[i] ^ t[i];
		/* times x: 5.2 */
		u8 carry = t[15] >> 7;

		for (i = 15; i > 0; i--)
			t[i] = t[i] << 1 | t[i - 1] >> 7;
		t[0] = t[0] << 1 ^ (carry ? 0x87 : 0);
	}
}

static void check_run(const struct envol_xts_key *key, unsigned int du_size,
		      unsigned int units, u64 tweak, u64 step, unsigned int src_shift,
		      unsigned int dst_shift)
{
	size_t len = (size_t)units * du_size;
	u8 *src = plain + src_shift, *want = cipher, *dst = out + dst_shift;

	fill_random(src, len, units + du_size + tweak);
	model_encrypt(key, want, src, len, du_size, tweak, step);
	FOR_EACH_ENGINE(engine) {
		memset(out, 0x5a, sizeof(out));
		envol_xts_encrypt(engine, key, dst, src, len, du_size, tweak, step);
		CHECK_MEM_IN(("# encrypt %s %u x %u\n", engine->name, units, du_size),
			     dst, want, len);
		CHECK(dst[len] == 0x5a && (!dst_shift || dst[-1] == 0x5a));
		envol_xts_decrypt(engine, key, dst, dst, len, du_size, tweak, step);
		CHECK_MEM_IN(("# decrypt in place %s %u x %u\n", engine->name, units, du_size),
			     dst, src, len);
		envol_xts_encrypt(engine, key, dst, dst, len, du_size, tweak, step);
		CHECK_MEM_IN(("# encrypt in place %s %u x %u\n", engine->name, units, du_size),
			     dst, want, len);
		memset(out, 0x5a, sizeof(out));
		envol_xts_decrypt(engine, key, dst, want, len, du_size, tweak, step);
		CHECK_MEM_IN(("# decrypt %s %u x %u\n", engine->name, units, du_size),
			     dst, src, len);
		CHECK(dst[len] == 0x5a && (!dst_shift || dst[-1] == 0x5a));
	}
}

static void check_every_size(size_t key_len)
{
	struct envol_xts_key key;
	unsigned int i, units;
	u64 state = 1;

	random_key(&key, key_len, 11);
	for (i = 0; i < TEST_ARRAY_SIZE(du_sizes); i++)
		for (units = 1; units <= MAX_UNITS; units++) {
			u64 random = next_random(&state);

			check_run(&key, du_sizes[i], units,
				  tweaks[random % 8] + (random >> 8) % 8,
				  steps[random >> 16 & 3], random >> 20 & 63,
				  random >> 26 & 63);
		}
}

TEST(runs_of_every_size_128)
{
	check_every_size(ENVOL_XTS_KEY_128);
}

TEST(runs_of_every_size_256)
{
	check_every_size(ENVOL_XTS_KEY_256);
}

TEST(runs_at_every_tweak_and_step)
{
	struct envol_xts_key key;
	unsigned int i, j, k;

	random_key(&key, ENVOL_XTS_KEY_256, 12);
	for (i = 0; i < TEST_ARRAY_SIZE(tweaks); i++)
		for (j = 0; j < TEST_ARRAY_SIZE(steps); j++)
			for (k = 0; k < TEST_ARRAY_SIZE(du_sizes); k++)
				check_run(&key, du_sizes[k], 35 >> k, tweaks[i], steps[j], 0, 0);
}

TEST(runs_at_every_alignment)
{
	struct envol_xts_key key;
	unsigned int src, dst;

	random_key(&key, ENVOL_XTS_KEY_128, 13);
	for (src = 0; src < 64; src++)
		for (dst = 0; dst < 64; dst++)
			check_run(&key, 512, 1, src * dst, 1, src, dst);
}

TEST(runs_of_nothing)
{
	struct envol_xts_key key;
	u8 t[16] = { 1 }, same[16] = { 1 };

	random_key(&key, ENVOL_XTS_KEY_256, 14);
	FOR_EACH_ENGINE(engine) {
		envol_xts_encrypt(engine, &key, NULL, NULL, 0, 512, 0, 1);
		envol_xts_decrypt(engine, &key, NULL, NULL, 0, 4096, 0, 1);
		envol_xts_encrypt_part(engine, &key, t, NULL, NULL, 0);
		envol_xts_decrypt_part(engine, &key, t, NULL, NULL, 0);
		CHECK_MEM_EQ(t, same, 16);
	}
}

/* Source and destination with nothing before and nothing behind them. */
static void check_guarded(u8 *(*alloc)(size_t), unsigned int du_size, unsigned int units)
{
	size_t len = (size_t)units * du_size;
	u8 *src = alloc(len), *dst = alloc(len);
	struct envol_xts_key *key = (void *)alloc(sizeof(*key));
	u8 *t = alloc(16);

	random_key(key, units % 2 ? ENVOL_XTS_KEY_128 : ENVOL_XTS_KEY_256, 15);
	fill_random(src, len, 16);
	FOR_EACH_ENGINE(engine) {
		envol_xts_encrypt(engine, key, dst, src, len, du_size, 5, 1);
		envol_xts_decrypt(engine, key, dst, dst, len, du_size, 5, 1);
		CHECK_MEM_EQ(dst, src, len);
		envol_xts_start(engine, key, t, 5);
		envol_xts_encrypt_part(engine, key, t, dst, src, len);
		envol_xts_start(engine, key, t, 5);
		envol_xts_decrypt_part(engine, key, t, dst, dst, len);
		CHECK_MEM_EQ(dst, src, len);
	}
	guard_free(src);
	guard_free(dst);
	guard_free((void *)key);
	guard_free(t);
}

TEST(runs_stay_within_their_buffers)
{
	unsigned int i, units;

	for (i = 0; i < TEST_ARRAY_SIZE(du_sizes); i++)
		for (units = 1; units <= 34; units++) {
			check_guarded(guard_alloc, du_sizes[i], units);
			check_guarded(guard_alloc_front, du_sizes[i], units);
		}
}

TEST(parts_stay_within_their_buffers)
{
	struct envol_xts_key key;
	size_t len;

	random_key(&key, ENVOL_XTS_KEY_256, 17);
	for (len = 16; len <= 1024; len += 16) {
		u8 *end = guard_alloc(len), *front = guard_alloc_front(len), t[16] = { 0 };

		memset(end, 0, len);
		FOR_EACH_ENGINE(engine) {
			envol_xts_encrypt_part(engine, &key, t, front, end, len);
			envol_xts_decrypt_part(engine, &key, t, end, front, len);
		}
		guard_free(end);
		guard_free(front);
	}
}

/* One data unit of @len bytes in two parts at every block, and in parts of @n bytes. */
static void check_parts(const struct envol_xts_key *key, unsigned int du_size, u64 tweak)
{
	size_t cut, at, n;
	u8 t[16], after[16];

	fill_random(plain, du_size, tweak);
	model_encrypt(key, cipher, plain, du_size, du_size, tweak, 1);
	envol_xts_start(envol_xts_find_engine("generic"), key, after, tweak);
	envol_xts_encrypt_part(envol_xts_find_engine("generic"), key, after, out, plain, du_size);
	FOR_EACH_ENGINE(engine) {
		for (cut = 0; cut <= du_size; cut += 16) {
			memset(out, 0, du_size);
			envol_xts_start(engine, key, t, tweak);
			envol_xts_encrypt_part(engine, key, t, out + 3, plain, cut);
			envol_xts_encrypt_part(engine, key, t, out + 3 + cut, plain + cut,
					       du_size - cut);
			CHECK_MEM_IN(("# %s, cut at %zu\n", engine->name, cut),
				     out + 3, cipher, du_size);
			CHECK_MEM_IN(("# %s, cut at %zu\n", engine->name, cut), t, after, 16);
			envol_xts_start(engine, key, t, tweak);
			envol_xts_decrypt_part(engine, key, t, out + 3, out + 3, cut);
			envol_xts_decrypt_part(engine, key, t, out + 3 + cut, out + 3 + cut,
					       du_size - cut);
			CHECK_MEM_IN(("# %s, cut at %zu\n", engine->name, cut),
				     out + 3, plain, du_size);
			CHECK_MEM_IN(("# %s, cut at %zu\n", engine->name, cut), t, after, 16);
		}
		for (n = 16; n <= du_size; n *= 2) {
			envol_xts_start(engine, key, t, tweak);
			for (at = 0; at < du_size; at += n)
				envol_xts_encrypt_part(engine, key, t, out + at, plain + at, n);
			CHECK_MEM_IN(("# %s, parts of %zu\n", engine->name, n),
				     out, cipher, du_size);
		}
	}
}

TEST(parts_make_the_whole_wherever_they_are_cut)
{
	struct envol_xts_key key;
	unsigned int i;
	size_t len;

	for (len = ENVOL_XTS_KEY_128; len <= ENVOL_XTS_KEY_256; len += 32) {
		random_key(&key, len, 18);
		for (i = 0; i < TEST_ARRAY_SIZE(du_sizes); i++)
			check_parts(&key, du_sizes[i], 0xffffffff00 + len + i);
	}
}

/* All 2^2 patterns of the bits that a doubling carries, and long runs of either. */
TEST(parts_carry_every_pattern_of_the_tweak)
{
	static const u8 bytes[] = { 0x00, 0x01, 0x40, 0x7f, 0x80, 0xc0, 0xfe, 0xff };
	struct envol_xts_key key;
	unsigned int low, high;

	random_key(&key, ENVOL_XTS_KEY_256, 19);
	fill_random(plain, 4096, 20);
	for (low = 0; low < sizeof(bytes); low++)
		for (high = 0; high < sizeof(bytes); high++) {
			u8 t[16], first[16], want[16];

			memset(first, bytes[low], 8);
			memset(first + 8, bytes[high], 8);
			memcpy(want, first, 16);
			envol_xts_encrypt_part(envol_xts_find_engine("generic"), &key, want,
					       cipher, plain, 4096);
			FOR_EACH_ENGINE(engine) {
				memcpy(t, first, 16);
				envol_xts_encrypt_part(engine, &key, t, out, plain, 4096);
				CHECK_MEM_IN(("# %s\n", engine->name), out, cipher, 4096);
				CHECK_MEM_IN(("# %s\n", engine->name), t, want, 16);
			}
		}
}
