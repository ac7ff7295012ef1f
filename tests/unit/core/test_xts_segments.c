// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs scattered over memory: every engine of this CPU against OpenSSL, unit by unit, and
 * against itself, for runs cut and placed in many ways. Where the pieces lie must not matter.
 */
#include <openssl/evp.h>
#include <stdlib.h>

#include "tests/harness/guard.h"
#include "tests/unit/core/engines.h"

#define MAX_UNITS 80		/* five times what vaes-avx2 makes first tweaks of at once */
#define MAX_LEN (MAX_UNITS * ENVOL_XTS_DU_MAX)
#define GAP 64			/* the most between two segments */
#define ROOM (MAX_LEN + (MAX_UNITS + 2) * GAP)

static const unsigned int du_sizes[] = { 512, 1024, 2048, 4096 };

/* A run as it lies together, and the memory that it is scattered over. */
static u8 plain[MAX_LEN], cipher[MAX_LEN], back[MAX_LEN];
static u8 src_room[ROOM], dst_room[ROOM], want_room[ROOM];

static struct envol_xts_segment segments[MAX_UNITS];
static unsigned int segment_count;

/* Which units a segment takes next, of @left. */
typedef unsigned int (*cut_fn)(unsigned int left, u64 *state);

static unsigned int cut_single(unsigned int left, u64 *state)
{
	(void)left;
	(void)state;
	return 1;
}

static unsigned int cut_random(unsigned int left, u64 *state)
{
	u64 random = next_random(state);
	unsigned int n = 1 + (random >> 8) % (random & 1 ? 3 : 40);

	return n < left ? n : left;
}

/*
 * Segments for @units, from the memory at @src to that at @dst, which may be the same. In
 * an order of their own, with random gaps: what lies last comes first.
 */
static void scatter(unsigned int units, unsigned int du_size, cut_fn cut, u64 seed,
		    u8 *src, u8 *dst)
{
	u64 state = seed * 2 + 1;
	size_t src_end = ROOM, dst_end = ROOM;
	unsigned int n;

	for (segment_count = 0; units; segment_count++, units -= n) {
		n = cut(units, &state);
		src_end -= n * du_size + next_random(&state) % GAP;
		dst_end -= n * du_size + next_random(&state) % GAP;
		if (src == dst)
			dst_end = src_end;
		segments[segment_count] = (struct envol_xts_segment){
			dst + dst_end, src + src_end, n * du_size,
		};
	}
}

enum side { SRC, DST };

static void to_segments(enum side side, const u8 *p)
{
	unsigned int i;

	for (i = 0; i < segment_count; p += segments[i++].len)
		memcpy(side == SRC ? (u8 *)segments[i].src : segments[i].dst, p,
		       segments[i].len);
}

static void from_segments(enum side side, u8 *p)
{
	unsigned int i;

	for (i = 0; i < segment_count; p += segments[i++].len)
		memcpy(p, side == SRC ? segments[i].src : segments[i].dst,
		       segments[i].len);
}

static void openssl_encrypt(const u8 *raw, size_t key_len, u8 *dst, const u8 *src,
			    size_t len, unsigned int du_size, u64 tweak, u64 step)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	u8 iv[16] = { 0 };
	size_t at;
	int n;

	for (at = 0; at < len; at += du_size, tweak += step) {
		envol_put_le64(iv, tweak);
		CHECK(EVP_EncryptInit_ex(ctx, key_len == ENVOL_XTS_KEY_128 ?
					 EVP_aes_128_xts() : EVP_aes_256_xts(), NULL, raw, iv));
		CHECK(EVP_EncryptUpdate(ctx, dst + at, &n, src + at, du_size));
	}
	EVP_CIPHER_CTX_free(ctx);
}

struct run {
	size_t key_len;
	unsigned int du_size, units;
	u64 tweak, step;
};

/* All of @room is as @want_room has it: the segments, and every byte between them. */
static void check_room(const struct envol_xts_engine *engine, const struct run *run,
		       const char *what, const u8 *room, enum side side, const u8 *p)
{
	u8 *to = side == SRC ? src_room : dst_room;
	static u8 saved[ROOM];

	memcpy(saved, room, ROOM);
	memset(to, 0x5a, ROOM);
	to_segments(side, p);
	memcpy(want_room, to, ROOM);
	memcpy(to, saved, ROOM);
	CHECK_MEM_IN(("# %s %s: %u x %u in %u segments, tweak %llx\n", what, engine->name,
		      run->units, run->du_size, segment_count, (unsigned long long)run->tweak),
		     room, want_room, ROOM);
}

static void check_engine(const struct envol_xts_engine *engine,
			 const struct envol_xts_key *key, const struct run *run,
			 cut_fn cut, u64 seed)
{
	size_t len = (size_t)run->units * run->du_size;

	/* from elsewhere */
	scatter(run->units, run->du_size, cut, seed, src_room, dst_room);
	memset(src_room, 0x5a, ROOM);
	memset(dst_room, 0x5a, ROOM);
	to_segments(SRC, plain);
	envol_xts_encrypt_segments(engine, key, segments, len, run->du_size, run->tweak, run->step);
	check_room(engine, run, "encrypt", dst_room, DST, cipher);
	check_room(engine, run, "source of encrypt", src_room, SRC, plain);

	memset(dst_room, 0x5a, ROOM);
	to_segments(SRC, cipher);
	envol_xts_decrypt_segments(engine, key, segments, len, run->du_size, run->tweak, run->step);
	check_room(engine, run, "decrypt", dst_room, DST, plain);
	check_room(engine, run, "source of decrypt", src_room, SRC, cipher);

	/* in place */
	scatter(run->units, run->du_size, cut, seed, dst_room, dst_room);
	memset(dst_room, 0x5a, ROOM);
	to_segments(DST, plain);
	envol_xts_encrypt_segments(engine, key, segments, len, run->du_size, run->tweak, run->step);
	check_room(engine, run, "encrypt in place", dst_room, DST, cipher);
	envol_xts_decrypt_segments(engine, key, segments, len, run->du_size, run->tweak, run->step);
	check_room(engine, run, "decrypt in place", dst_room, DST, plain);
}

static void check_run(const struct run *run, cut_fn cut, u64 seed)
{
	size_t len = (size_t)run->units * run->du_size;
	u8 raw[ENVOL_XTS_KEY_256];
	struct envol_xts_key key;

	fill_random(raw, sizeof(raw), seed + 1);
	CHECK_OK(envol_xts_set_key(&key, raw, run->key_len, 0, envol_cpu_features()));
	fill_random(plain, len, seed);
	openssl_encrypt(raw, run->key_len, cipher, plain, len, run->du_size, run->tweak,
			run->step);
	FOR_EACH_ENGINE(engine)
		check_engine(engine, &key, run, cut, seed);
}

/* The generic engine takes long: its large units are few. */
static unsigned int max_units(unsigned int du_size)
{
	return du_size == 512 ? MAX_UNITS : du_size == 1024 ? 52 : 36;
}

static void check_every_count(size_t key_len, cut_fn cut)
{
	unsigned int i;
	u64 state = 7;

	for (i = 0; i < TEST_ARRAY_SIZE(du_sizes); i++) {
		struct run run = { .key_len = key_len, .du_size = du_sizes[i], .step = 1u << i };

		for (run.units = 1; run.units <= max_units(run.du_size); run.units++) {
			run.tweak = next_random(&state);
			check_run(&run, cut, run.units + run.du_size);
		}
	}
}

TEST(segments_of_single_units_128)
{
	check_every_count(ENVOL_XTS_KEY_128, cut_single);
}

TEST(segments_of_single_units_256)
{
	check_every_count(ENVOL_XTS_KEY_256, cut_single);
}

TEST(segments_of_any_size_128)
{
	check_every_count(ENVOL_XTS_KEY_128, cut_random);
}

TEST(segments_of_any_size_256)
{
	check_every_count(ENVOL_XTS_KEY_256, cut_random);
}

/* The numbers of later units are made from those of the first: across 2^32 and 2^64 too. */
TEST(segments_at_every_tweak_and_step)
{
	static const u64 ends[] = { 0, 0x80000000, 0x100000000, 0x8000000000000000 };
	struct run run = { .key_len = ENVOL_XTS_KEY_256, .du_size = 512, .units = 70 };
	unsigned int i, before;

	for (i = 0; i < TEST_ARRAY_SIZE(ends); i++)
		for (run.step = 1; run.step <= 8; run.step *= 2)
			for (before = 0; before < 70; before += 3) {
				run.tweak = ends[i] - before * run.step;
				check_run(&run, cut_random, before + i);
			}
}

/* Two segments, one of them at every length. */
static unsigned int first_cut;

static unsigned int cut_once(unsigned int left, u64 *state)
{
	unsigned int n = first_cut ? first_cut : left;

	(void)state;
	first_cut = 0;
	return n;
}

TEST(segments_cut_once_anywhere)
{
	struct run run = { .key_len = ENVOL_XTS_KEY_128, .step = 1, .tweak = 0xfffffff0 };
	unsigned int i, cut;
	u8 raw[ENVOL_XTS_KEY_256];
	struct envol_xts_key key;

	fill_random(raw, sizeof(raw), 3);
	CHECK_OK(envol_xts_set_key(&key, raw, run.key_len, 0, envol_cpu_features()));
	for (i = 0; i < 2; i++) {
		size_t len;

		run.du_size = du_sizes[i];
		run.units = 67;
		len = run.units * run.du_size;
		fill_random(plain, len, i);
		openssl_encrypt(raw, run.key_len, cipher, plain, len, run.du_size, run.tweak, 1);
		for (cut = 1; cut < run.units; cut++)
			FOR_EACH_ENGINE(engine) {
				first_cut = cut;
				scatter(run.units, run.du_size, cut_once, cut, src_room, dst_room);
				to_segments(SRC, plain);
				envol_xts_encrypt_segments(engine, &key, segments, len,
							   run.du_size, run.tweak, 1);
				from_segments(DST, back);
				CHECK_MEM_IN(("# %s, cut at %u\n", engine->name, cut),
					     back, cipher, len);
			}
	}
}

/* Each segment with nothing before it or nothing behind it, and so is the list. */
static void check_guarded(u8 *(*alloc)(size_t), unsigned int du_size, unsigned int count)
{
	struct envol_xts_segment *list = (void *)alloc(count * sizeof(*list));
	struct envol_xts_key key;
	size_t len = 0;
	unsigned int i;

	random_key(&key, count % 2 ? ENVOL_XTS_KEY_128 : ENVOL_XTS_KEY_256, 15);
	for (i = 0; i < count; i++) {
		list[i].len = (size_t)(1 + i % 3) * du_size;
		list[i].src = alloc(list[i].len);
		list[i].dst = alloc(list[i].len);
		fill_random((u8 *)list[i].src, list[i].len, i);
		memcpy(plain + len, list[i].src, list[i].len);
		len += list[i].len;
	}
	FOR_EACH_ENGINE(engine) {
		envol_xts_encrypt_segments(engine, &key, list, len, du_size, 5, 1);
		envol_xts_encrypt(engine, &key, cipher, plain, len, du_size, 5, 1);
		for (i = 0, len = 0; i < count; len += list[i++].len)
			CHECK_MEM_IN(("# %s, %u\n", engine->name, i), list[i].dst,
				     cipher + len, list[i].len);
	}
	for (i = 0; i < count; i++) {
		guard_free((u8 *)list[i].src);
		guard_free(list[i].dst);
	}
	guard_free((void *)list);
}

TEST(segments_stay_within_their_buffers)
{
	unsigned int i, count;

	for (i = 0; i < TEST_ARRAY_SIZE(du_sizes); i++)
		for (count = 1; count <= 18; count++) {
			check_guarded(guard_alloc, du_sizes[i], count);
			check_guarded(guard_alloc_front, du_sizes[i], count);
		}
}
