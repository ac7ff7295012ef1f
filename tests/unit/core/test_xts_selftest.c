// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kmod/core/xts_selftest.c: its answers made again by OpenSSL, and engines with one
 * fault each, which it must find.
 */
#include <openssl/evp.h>
#include <stdlib.h>

#include "kmod/core/xts_selftest.h"
#include "tests/unit/core/engines.h"

static struct envol_xts_selftest work;

TEST(selftest_passes_on_every_engine)
{
	FOR_EACH_ENGINE(engine) {
		CHECK_OK(envol_xts_selftest(engine, envol_cpu_features(), &work));
		CHECK_ERR(envol_xts_selftest_step(engine, 0, ENVOL_XTS_SELFTEST_STEPS * ENVOL_XTS_VECTOR_COUNT, &work),
			  -ENOENT);
	}
	CHECK_OK(envol_xts_selftest(&envol_xts_generic, 0, &work));
}

static void openssl_encrypt(const struct envol_xts_vector *v, u8 *p)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned int i;
	int len;

	for (i = 0; i < v->units; i++, p += v->du_size) {
		u8 tweak[16] = { 0 };

		envol_put_le64(tweak, v->tweak + i * v->step);
		if (v->key_len == ENVOL_XTS_KEY_128)
			CHECK(EVP_EncryptInit_ex(ctx, EVP_aes_128_xts(), NULL,
						 envol_xts_vector_key_128, tweak));
		else
			CHECK(EVP_EncryptInit_ex(ctx, EVP_aes_256_xts(), NULL,
						 envol_xts_vector_key_256, tweak));
		CHECK(EVP_EncryptUpdate(ctx, p, &len, p, v->du_size));
	}
	EVP_CIPHER_CTX_free(ctx);
}

TEST(selftest_answers_agree_with_openssl)
{
	static u8 p[ENVOL_XTS_VECTOR_MAX];
	const struct envol_xts_vector *v;
	size_t i, len;

	for (v = envol_xts_vectors; v < envol_xts_vectors + ENVOL_XTS_VECTOR_COUNT; v++) {
		len = v->units * v->du_size;
		CHECK(len <= sizeof(p));
		CHECK(v->shift <= ENVOL_XTS_VECTOR_SHIFT);
		for (i = 0; i < len; i++)
			p[i] = i;
		openssl_encrypt(v, p);
		CHECK_EQ(envol_xts_fingerprint(p, len), v->fingerprint);
	}
}

TEST(selftest_has_a_case_for_every_path)
{
	bool du[5] = { false }, key[2] = { false }, step[9] = { false };
	bool batches = false, wraps = false;
	const struct envol_xts_vector *v;

	for (v = envol_xts_vectors; v < envol_xts_vectors + ENVOL_XTS_VECTOR_COUNT; v++) {
		du[v->du_size / 1024] = key[v->key_len / 64] = step[v->step] = true;
		batches |= v->units > 16;
		wraps |= v->tweak + v->units * v->step < v->tweak;
	}
	CHECK(du[0] && du[1] && du[2] && du[4]);
	CHECK(key[0] && key[1]);
	CHECK(step[1] && step[2] && step[4] && step[8]);
	CHECK(batches && wraps);
}

/* The generic engine with one of these faults. */
static enum fault {
	NO_FAULT, LAST_BIT, ONE_PAST, ONE_BEFORE, SOURCE, STEP, HIGH_TWEAK, ONE_SOURCE,
	ONE_DESTINATION, SEGMENT_PAST, SEGMENT_TWEAK, DECRYPTED, DECRYPTED_SEGMENT,
	START, PART, DECRYPTED_PART, CARRIED_TWEAK, FAULTS,
} fault;

#define MAX_SEGMENTS 32

static const struct envol_xts_segment *last_segment(const struct envol_xts_segment *segments,
						    size_t len)
{
	while (len > segments->len)
		len -= segments++->len;
	return segments;
}

/* The first segment goes on where the others should have begun. */
static void join_segments(struct envol_xts_segment *to,
			  const struct envol_xts_segment *from, size_t len)
{
	size_t at, i;

	for (i = 0, at = 0; at < len; at += from[i++].len) {
		CHECK(i < MAX_SEGMENTS);
		to[i] = from[i];
		if (fault == ONE_SOURCE)
			to[i].src = from[0].src + at;
		if (fault == ONE_DESTINATION)
			to[i].dst = from[0].dst + at;
	}
}

static void faulty_encrypt(const struct envol_xts_key *key,
			   const struct envol_xts_segment *segments, size_t len,
			   unsigned int du_size, u64 tweak, u64 step)
{
	const struct envol_xts_segment *last = last_segment(segments, len);
	struct envol_xts_segment joined[MAX_SEGMENTS];

	if (fault == STEP)
		step = 1;
	if (fault == HIGH_TWEAK)
		tweak = (u32)tweak;
	join_segments(joined, segments, len);
	envol_xts_generic.encrypt(key, joined, len, du_size, tweak, step);
	last->dst[last->len - 1] ^= fault == LAST_BIT;
	last->dst[last->len] ^= fault == ONE_PAST;
	segments->dst[-1] ^= fault == ONE_BEFORE;
	((u8 *)segments->src)[7] ^= fault == SOURCE;
	if (last != segments) {
		segments->dst[segments->len] ^= fault == SEGMENT_PAST;
		last->dst[0] ^= fault == SEGMENT_TWEAK;
	}
}

static void faulty_decrypt(const struct envol_xts_key *key,
			   const struct envol_xts_segment *segments, size_t len,
			   unsigned int du_size, u64 tweak, u64 step)
{
	const struct envol_xts_segment *last = last_segment(segments, len);

	envol_xts_generic.decrypt(key, segments, len, du_size, tweak, step);
	last->dst[last->len / 2] ^= fault == DECRYPTED;
	if (last != segments)
		last->dst[0] ^= fault == DECRYPTED_SEGMENT;
}

static void faulty_start(const struct envol_xts_key *key, u8 t[16], u64 tweak)
{
	envol_xts_generic.start(key, t, tweak);
	t[15] ^= fault == START;
}

static void faulty_encrypt_part(const struct envol_xts_key *key, u8 t[16], u8 *dst,
				const u8 *src, size_t len)
{
	envol_xts_generic.encrypt_part(key, t, dst, src, len);
	if (len)
		dst[0] ^= fault == PART;
	t[0] ^= fault == CARRIED_TWEAK;
}

static void faulty_decrypt_part(const struct envol_xts_key *key, u8 t[16], u8 *dst,
				const u8 *src, size_t len)
{
	envol_xts_generic.decrypt_part(key, t, dst, src, len);
	if (len)
		dst[0] ^= fault == DECRYPTED_PART;
}

TEST(selftest_finds_every_fault)
{
	static const struct envol_xts_engine faulty = {
		.name = "faulty",
		.encrypt = faulty_encrypt,
		.decrypt = faulty_decrypt,
		.start = faulty_start,
		.encrypt_part = faulty_encrypt_part,
		.decrypt_part = faulty_decrypt_part,
	};

	CHECK_OK(envol_xts_selftest(&faulty, 0, &work));
	for (fault = NO_FAULT + 1; fault < FAULTS; fault++)
		CHECK_ERR(envol_xts_selftest(&faulty, 0, &work), -EBADMSG);
}

/* The generic engine, counting the bytes that it is given. */
static size_t given;

static void counted_encrypt(const struct envol_xts_key *key,
			    const struct envol_xts_segment *segments, size_t len,
			    unsigned int du_size, u64 tweak, u64 step)
{
	given += len;
	envol_xts_generic.encrypt(key, segments, len, du_size, tweak, step);
}

static void counted_decrypt(const struct envol_xts_key *key,
			    const struct envol_xts_segment *segments, size_t len,
			    unsigned int du_size, u64 tweak, u64 step)
{
	given += len;
	envol_xts_generic.decrypt(key, segments, len, du_size, tweak, step);
}

static void counted_encrypt_part(const struct envol_xts_key *key, u8 t[16], u8 *dst,
				 const u8 *src, size_t len)
{
	given += len;
	envol_xts_generic.encrypt_part(key, t, dst, src, len);
}

static void counted_decrypt_part(const struct envol_xts_key *key, u8 t[16], u8 *dst,
				 const u8 *src, size_t len)
{
	given += len;
	envol_xts_generic.decrypt_part(key, t, dst, src, len);
}

TEST(selftest_steps_are_short)
{
	struct envol_xts_engine counted = envol_xts_generic;
	size_t most = 0;
	unsigned int i;
	int err;

	counted.encrypt = counted_encrypt;
	counted.decrypt = counted_decrypt;
	counted.encrypt_part = counted_encrypt_part;
	counted.decrypt_part = counted_decrypt_part;
	for (i = 0;; i++) {
		given = 0;
		err = envol_xts_selftest_step(&counted, 0, i, &work);
		if (err)
			break;
		CHECK(given > 0);
		most = given > most ? given : most;
	}
	CHECK_EQ(err, -ENOENT);
	CHECK_EQ(i, ENVOL_XTS_SELFTEST_STEPS * ENVOL_XTS_VECTOR_COUNT);
	CHECK(most <= ENVOL_XTS_SELFTEST_BYTES);
}
