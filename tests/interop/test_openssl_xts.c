// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every engine of this CPU against OpenSSL's EVP_aes_128_xts and EVP_aes_256_xts: each
 * data-unit size, 1 to 64 units, alignments, in place and not, all tweaks around
 * 2^32 and 2^64, each step, in both directions. OpenSSL takes one data unit a call and
 * refuses equal key halves.
 */
#include <openssl/evp.h>

#include "tests/unit/core/engines.h"

#define MAX_UNITS 64
#define MAX_LEN (MAX_UNITS * ENVOL_XTS_DU_MAX)
#define SLACK 64

static const unsigned int du_sizes[] = { 512, 1024, 2048, 4096 };

static u8 plain[MAX_LEN + SLACK], cipher[MAX_LEN], out[MAX_LEN + SLACK];

struct peer {
	EVP_CIPHER_CTX *encrypt;
	struct envol_xts_key key;
};

static void peer_init(struct peer *peer, size_t key_len, u64 seed)
{
	const EVP_CIPHER *cipher_type =
		key_len == ENVOL_XTS_KEY_128 ? EVP_aes_128_xts() : EVP_aes_256_xts();
	u8 raw[ENVOL_XTS_KEY_256];

	fill_random(raw, sizeof(raw), seed);
	CHECK_OK(envol_xts_set_key(&peer->key, raw, key_len, 0, envol_cpu_features()));
	peer->encrypt = EVP_CIPHER_CTX_new();
	CHECK(EVP_EncryptInit_ex(peer->encrypt, cipher_type, NULL, raw, NULL));
}

static void peer_free(struct peer *peer)
{
	EVP_CIPHER_CTX_free(peer->encrypt);
}

static void peer_encrypt(struct peer *peer, u8 *dst, const u8 *src, size_t len,
			 unsigned int du_size, u64 tweak, u64 step)
{
	u8 iv[16] = { 0 };
	size_t at;
	int n;

	for (at = 0; at < len; at += du_size, tweak += step) {
		envol_put_le64(iv, tweak);
		CHECK(EVP_EncryptInit_ex(peer->encrypt, NULL, NULL, NULL, iv));
		CHECK(EVP_EncryptUpdate(peer->encrypt, dst + at, &n, src + at, du_size));
		CHECK_EQ(n, du_size);
	}
}

static void compare(struct peer *peer, unsigned int du_size, unsigned int units,
		    u64 tweak, u64 step, unsigned int src_shift, unsigned int dst_shift)
{
	size_t len = (size_t)units * du_size;
	u8 *src = plain + src_shift, *dst = out + dst_shift;

	fill_random(src, 64, tweak + units);
	peer_encrypt(peer, cipher, src, len, du_size, tweak, step);
	FOR_EACH_ENGINE(engine) {
		envol_xts_encrypt(engine, &peer->key, dst, src, len, du_size, tweak, step);
		CHECK_MEM_IN(("# encrypt %s %u x %u\n", engine->name, units, du_size),
			     dst, cipher, len);
		envol_xts_decrypt(engine, &peer->key, dst, dst, len, du_size, tweak, step);
		CHECK_MEM_IN(("# decrypt in place %s %u x %u\n", engine->name, units, du_size),
			     dst, src, len);
		envol_xts_encrypt(engine, &peer->key, dst, dst, len, du_size, tweak, step);
		CHECK_MEM_IN(("# encrypt in place %s %u x %u\n", engine->name, units, du_size),
			     dst, cipher, len);
		memset(dst, 0, len);
		envol_xts_decrypt(engine, &peer->key, dst, cipher, len, du_size, tweak, step);
		CHECK_MEM_IN(("# decrypt %s %u x %u\n", engine->name, units, du_size),
			     dst, src, len);
	}
}

static void compare_every_size(size_t key_len)
{
	struct peer peer;
	unsigned int i, units;
	u64 state = 3;

	fill_random(plain, sizeof(plain), 1);
	peer_init(&peer, key_len, 2);
	for (i = 0; i < TEST_ARRAY_SIZE(du_sizes); i++)
		for (units = 1; units <= MAX_UNITS; units++) {
			u64 random = next_random(&state);

			compare(&peer, du_sizes[i], units, random, 1ull << (random & 3),
				random >> 8 & 63, random >> 16 & 63);
		}
	peer_free(&peer);
}

TEST(openssl_agrees_on_every_size_128)
{
	compare_every_size(ENVOL_XTS_KEY_128);
}

TEST(openssl_agrees_on_every_size_256)
{
	compare_every_size(ENVOL_XTS_KEY_256);
}

TEST(openssl_agrees_on_tweaks_around_the_powers)
{
	static const u64 around[] = { 0, 1ull << 32, 1ull << 63 };
	struct peer peer;
	unsigned int i, shift;
	int offset;

	peer_init(&peer, ENVOL_XTS_KEY_256, 4);
	for (i = 0; i < TEST_ARRAY_SIZE(around); i++)
		for (shift = 0; shift < 4; shift++)
			for (offset = -20; offset <= 2; offset++)
				compare(&peer, 512, 20, around[i] + offset, 1ull << shift, 0, 0);
	peer_free(&peer);
}

TEST(openssl_agrees_at_every_alignment)
{
	struct peer peer;
	unsigned int src, dst;

	peer_init(&peer, ENVOL_XTS_KEY_128, 5);
	for (src = 0; src < 64; src++)
		for (dst = 0; dst < 64; dst++)
			compare(&peer, 512, 1, src, 1, src, dst);
	peer_free(&peer);
}

TEST(openssl_agrees_on_many_keys)
{
	struct peer peer;
	u64 seed;

	for (seed = 0; seed < 500; seed++) {
		peer_init(&peer, seed % 2 ? ENVOL_XTS_KEY_128 : ENVOL_XTS_KEY_256, seed);
		compare(&peer, 512, 1, seed << 40, 1, 0, 0);
		peer_free(&peer);
	}
}
