// SPDX-License-Identifier: GPL-2.0-or-later
/* kmod/core/aes.c and aes_x86_64.S. */
#include <openssl/evp.h>

#include "kmod/core/cpu.h"
#include "tests/unit/core/engines.h"

/* FIPS 197, Appendix C.1 and C.3: the key is 00 01 02 …, the plaintext 00 11 22 …. */
static const u8 fips197_128[16] = {
	0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30,
	0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a,
};
static const u8 fips197_256[16] = {
	0x8e, 0xa2, 0xb7, 0xca, 0x51, 0x67, 0x45, 0xbf,
	0xea, 0xfc, 0x49, 0x90, 0x4b, 0x49, 0x60, 0x89,
};

/* FIPS 197, Appendix A.1 and A.3: the last round keys of its examples. */
static const u8 schedule_key_128[16] = {
	0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
	0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c,
};
static const u8 schedule_last_128[16] = {
	0xd0, 0x14, 0xf9, 0xa8, 0xc9, 0xee, 0x25, 0x89,
	0xe1, 0x3f, 0x0c, 0xc8, 0xb6, 0x63, 0x0c, 0xa6,
};
static const u8 schedule_key_256[32] = {
	0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe,
	0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d, 0x77, 0x81,
	0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61, 0x08, 0xd7,
	0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4,
};
static const u8 schedule_last_256[16] = {
	0xfe, 0x48, 0x90, 0xd1, 0xe6, 0x18, 0x8d, 0x0b,
	0x04, 0x6d, 0xf3, 0x44, 0x70, 0x6c, 0x63, 0x1e,
};

static void check_example(size_t key_len, const u8 want[16])
{
	struct envol_aes_key key;
	u8 raw[32], plain[16], out[16];
	unsigned int i;

	for (i = 0; i < sizeof(raw); i++)
		raw[i] = i;
	for (i = 0; i < sizeof(plain); i++)
		plain[i] = 0x11 * i;
	envol_aes_expand(&key, raw, key_len, 0);
	envol_aes_encrypt(&key, out, plain);
	CHECK_MEM_EQ(out, want, sizeof(out));
	envol_aes_decrypt(&key, out, out);
	CHECK_MEM_EQ(out, plain, sizeof(out));
}

TEST(aes_fips197_examples)
{
	check_example(16, fips197_128);
	check_example(32, fips197_256);
}

TEST(aes_fips197_key_schedules)
{
	struct envol_aes_key key;

	envol_aes_expand(&key, schedule_key_128, sizeof(schedule_key_128), 0);
	CHECK_EQ(key.rounds, 10);
	CHECK_MEM_EQ(key.enc[0], schedule_key_128, 16);
	CHECK_MEM_EQ(key.enc[10], schedule_last_128, 16);
	CHECK_MEM_EQ(key.dec[0], schedule_last_128, 16);
	CHECK_MEM_EQ(key.dec[10], schedule_key_128, 16);

	envol_aes_expand(&key, schedule_key_256, sizeof(schedule_key_256), 0);
	CHECK_EQ(key.rounds, 14);
	CHECK_MEM_EQ(key.enc[0], schedule_key_256, 32);
	CHECK_MEM_EQ(key.enc[14], schedule_last_256, 16);
	CHECK_MEM_EQ(key.dec[0], schedule_last_256, 16);
}

TEST(aes_expand_is_the_same_with_and_without_instructions)
{
	struct envol_aes_key fast, portable;
	u8 raw[32];
	u64 seed;

	if (!(envol_cpu_features() & ENVOL_CPU_AES))
		test_skip("this CPU has no AES instructions");
	for (seed = 0; seed < 2000; seed++) {
		size_t len = seed % 2 ? 16 : 32;

		fill_random(raw, sizeof(raw), seed);
		memset(&fast, 0xff, sizeof(fast));
		envol_aes_expand(&fast, raw, len, envol_cpu_features());
		envol_aes_expand(&portable, raw, len, 0);
		CHECK_MEM_EQ(&fast, &portable, sizeof(fast));
	}
}

static void check_against_openssl(const EVP_CIPHER *cipher, size_t key_len, u64 seed)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct envol_aes_key key;
	u8 raw[32], plain[64], want[64], out[64];
	unsigned int i;
	int len;

	fill_random(raw, sizeof(raw), seed);
	fill_random(plain, sizeof(plain), seed + 1000000);
	CHECK(EVP_EncryptInit_ex(ctx, cipher, NULL, raw, NULL));
	CHECK(EVP_CIPHER_CTX_set_padding(ctx, 0));
	CHECK(EVP_EncryptUpdate(ctx, want, &len, plain, sizeof(plain)));
	CHECK_EQ(len, 64);
	EVP_CIPHER_CTX_free(ctx);

	envol_aes_expand(&key, raw, key_len, 0);
	envol_aes_encrypt4(&key, out, plain);
	CHECK_MEM_EQ(out, want, sizeof(out));
	envol_aes_decrypt4(&key, out, out);
	CHECK_MEM_EQ(out, plain, sizeof(out));
	for (i = 0; i < 64; i += 16) {
		envol_aes_encrypt(&key, out, plain + i);
		CHECK_MEM_EQ(out, want + i, 16);
		envol_aes_decrypt(&key, out, want + i);
		CHECK_MEM_EQ(out, plain + i, 16);
	}
}

TEST(aes_blocks_agree_with_openssl)
{
	u64 seed;

	for (seed = 0; seed < 2000; seed++) {
		check_against_openssl(EVP_aes_128_ecb(), 16, seed);
		check_against_openssl(EVP_aes_256_ecb(), 32, seed);
	}
}

/* Each of the 256 inputs of the S-box, in each of the 64 places at once. */
TEST(aes_decrypt_undoes_encrypt_for_every_byte_everywhere)
{
	struct envol_aes_key key;
	u8 plain[64], out[64], raw[32];
	unsigned int i;

	fill_random(raw, sizeof(raw), 7);
	envol_aes_expand(&key, raw, 32, 0);
	for (i = 0; i < 256; i++) {
		memset(plain, i, sizeof(plain));
		envol_aes_encrypt4(&key, out, plain);
		envol_aes_decrypt4(&key, out, out);
		CHECK_MEM_EQ(out, plain, sizeof(out));
	}
}
