// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The engine "generic": any CPU, no vector registers, constant time. It works on
 * as many blocks at once as the bit-sliced AES does, and on as many initial tweaks.
 */
#include "kmod/core/xts_engine.h"

#define LANES 4
#define LANES_LEN (LANES * ENVOL_XTS_BLOCK)

typedef void (*aes4_fn)(const struct envol_aes_key *key, u8 dst[LANES_LEN],
			const u8 src[LANES_LEN]);

struct tweak {
	u64 low, high;
};

static struct tweak load_tweak(const u8 *p)
{
	return (struct tweak){ envol_get_le64(p), envol_get_le64(p + 8) };
}

static void store_tweak(u8 *p, struct tweak t)
{
	envol_put_le64(p, t.low);
	envol_put_le64(p + 8, t.high);
}

/* Multiply by x in GF(2^128) modulo x^128 + x^7 + x^2 + x + 1: IEEE 1619, 5.2. */
static struct tweak double_tweak(struct tweak t)
{
	u64 carry = 0 - (t.high >> 63);

	return (struct tweak){
		.low = t.low << 1 ^ (carry & 0x87),
		.high = t.high << 1 | t.low >> 63,
	};
}

/* @n bytes, a multiple of 8, of @a + @b to @dst, which may be one of them. */
static void add(u8 *dst, const u8 *a, const u8 *b, size_t n)
{
	size_t i;

	for (i = 0; i < n; i += 8)
		envol_put_le64(dst + i, envol_get_le64(a + i) ^ envol_get_le64(b + i));
}

/* @len bytes, a multiple of 16, that begin at the tweak @t. Returns the tweak after them. */
static struct tweak crypt_blocks(const struct envol_aes_key *key, aes4_fn aes4,
				 struct tweak t, u8 *dst, const u8 *src, size_t len)
{
	u8 tweaks[LANES_LEN], blocks[LANES_LEN] = { 0 };
	size_t n, i;

	for (; len; len -= n, src += n, dst += n) {
		n = len < LANES_LEN ? len : LANES_LEN;
		for (i = 0; i < n; i += ENVOL_XTS_BLOCK) {
			store_tweak(tweaks + i, t);
			t = double_tweak(t);
		}
		add(blocks, src, tweaks, n);
		aes4(key, blocks, blocks);
		add(dst, blocks, tweaks, n);
	}
	envol_memzero(blocks, sizeof(blocks));
	envol_memzero(tweaks, sizeof(tweaks));
	return t;
}

/* Where the next data unit lies: in @segment, behind the @done bytes of it. */
struct place {
	const struct envol_xts_segment *segment;
	size_t done;
};

static void crypt_unit(const struct envol_xts_key *key, aes4_fn aes4,
		       struct tweak t, struct place *at, unsigned int du_size)
{
	if (at->done == at->segment->len) {
		at->segment++;
		at->done = 0;
	}
	crypt_blocks(&key->data, aes4, t, at->segment->dst + at->done,
		     at->segment->src + at->done, du_size);
	at->done += du_size;
}

static void crypt_units(const struct envol_xts_key *key, aes4_fn aes4,
			const struct envol_xts_segment *segments, size_t len,
			unsigned int du_size, u64 tweak, u64 step)
{
	struct place at = { .segment = segments };
	u8 tweaks[LANES_LEN];
	unsigned int i;

	while (len) {
		for (i = 0; i < LANES; i++, tweak += step)
			store_tweak(tweaks + i * ENVOL_XTS_BLOCK, (struct tweak){ tweak, 0 });
		envol_aes_encrypt4(&key->tweak, tweaks, tweaks);
		for (i = 0; i < LANES && len; i++, len -= du_size)
			crypt_unit(key, aes4, load_tweak(tweaks + i * ENVOL_XTS_BLOCK),
				   &at, du_size);
	}
	envol_memzero(tweaks, sizeof(tweaks));
}

static void generic_encrypt(const struct envol_xts_key *key,
			    const struct envol_xts_segment *segments, size_t len,
			    unsigned int du_size, u64 tweak, u64 step)
{
	crypt_units(key, envol_aes_encrypt4, segments, len, du_size, tweak, step);
}

static void generic_decrypt(const struct envol_xts_key *key,
			    const struct envol_xts_segment *segments, size_t len,
			    unsigned int du_size, u64 tweak, u64 step)
{
	crypt_units(key, envol_aes_decrypt4, segments, len, du_size, tweak, step);
}

static void generic_start(const struct envol_xts_key *key, u8 t[16], u64 tweak)
{
	store_tweak(t, (struct tweak){ tweak, 0 });
	envol_aes_encrypt(&key->tweak, t, t);
}

static void generic_encrypt_part(const struct envol_xts_key *key, u8 t[16],
				 u8 *dst, const u8 *src, size_t len)
{
	store_tweak(t, crypt_blocks(&key->data, envol_aes_encrypt4,
				    load_tweak(t), dst, src, len));
}

static void generic_decrypt_part(const struct envol_xts_key *key, u8 t[16],
				 u8 *dst, const u8 *src, size_t len)
{
	store_tweak(t, crypt_blocks(&key->data, envol_aes_decrypt4,
				    load_tweak(t), dst, src, len));
}

const struct envol_xts_engine envol_xts_generic = {
	.name = "generic",
	.cpu = 0,
	.encrypt = generic_encrypt,
	.decrypt = generic_decrypt,
	.start = generic_start,
	.encrypt_part = generic_encrypt_part,
	.decrypt_part = generic_decrypt_part,
};
