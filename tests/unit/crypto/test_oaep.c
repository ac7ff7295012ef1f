// SPDX-License-Identifier: GPL-2.0-or-later
/* What is wrapped with a public key, against OpenSSL's private half. */
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "tests/unit/crypto/bytes.h"
#include "userspace/lib/crypto/oaep.h"

static void take(EVP_PKEY *pkey, const char *what, struct envol_blob *number)
{
	uint8_t bytes[512];
	BIGNUM *n = NULL;
	int len;

	CHECK(EVP_PKEY_get_bn_param(pkey, what, &n));
	len = BN_bn2bin(n, bytes);
	BN_free(n);
	CHECK_OK(envol_blob_append(number, bytes, len));
}

static EVP_PKEY *generate(unsigned int bits, struct envol_oaep_public *public)
{
	EVP_PKEY *pkey = EVP_RSA_gen(bits);

	CHECK(pkey);
	take(pkey, OSSL_PKEY_PARAM_RSA_N, &public->modulus);
	take(pkey, OSSL_PKEY_PARAM_RSA_E, &public->exponent);
	CHECK_EQ(envol_oaep_bits(public), bits);
	return pkey;
}

static void free_public(struct envol_oaep_public *public)
{
	envol_blob_free(&public->modulus);
	envol_blob_free(&public->exponent);
}

static bool unwraps(EVP_PKEY *pkey, const EVP_MD *md,
		    const struct envol_blob *wrapped,
		    const struct envol_secret *want)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	uint8_t bytes[512];
	size_t len = sizeof(bytes);
	bool ok;

	CHECK(ctx && EVP_PKEY_decrypt_init(ctx) > 0 &&
	      EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
	      EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) > 0 &&
	      EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) > 0);
	ok = EVP_PKEY_decrypt(ctx, bytes, &len, wrapped->data, wrapped->len) > 0;
	EVP_PKEY_CTX_free(ctx);
	return ok && len == want->len && memcmp(bytes, want->data, len) == 0;
}

static void check_size(struct envol *ev, unsigned int bits)
{
	static const size_t lens[] = { 1, 32, 64 };
	struct envol_oaep_public public = { ENVOL_BLOB_INIT, ENVOL_BLOB_INIT };
	EVP_PKEY *pkey = generate(bits, &public);
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(lens); i++) {
		_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
		_cleanup_blob_ struct envol_blob a = ENVOL_BLOB_INIT;
		_cleanup_blob_ struct envol_blob b = ENVOL_BLOB_INIT;

		secret_counting(ev, &key, 7, lens[i]);
		CHECK_OK(envol_oaep_wrap(ev, &public, ENVOL_OAEP_SHA256, &key,
					 &a));
		CHECK_EQ(a.len, bits / 8);
		CHECK(unwraps(pkey, EVP_sha256(), &a, &key));
		CHECK(!unwraps(pkey, EVP_sha1(), &a, &key));
		CHECK_OK(envol_oaep_wrap(ev, &public, ENVOL_OAEP_SHA1, &key, &b));
		CHECK(unwraps(pkey, EVP_sha1(), &b, &key));
		CHECK(!unwraps(pkey, EVP_sha256(), &b, &key));
		/* Each wrap is another one, and takes the place of what was there. */
		CHECK_OK(envol_oaep_wrap(ev, &public, ENVOL_OAEP_SHA256, &key,
					 &b));
		CHECK_EQ(b.len, a.len);
		CHECK(!envol_blob_equal(&a, &b));
	}
	free_public(&public);
	EVP_PKEY_free(pkey);
}

TEST(the_private_half_unwraps)
{
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	check_size(ev, 2048);
	check_size(ev, 3072);
	check_size(ev, 4096);
	envol_free(ev);
}

TEST(zeros_in_front_do_not_count)
{
	static const uint8_t zeros[3], some[] = { 0x01, 0x00 };
	struct envol_oaep_public public = { ENVOL_BLOB_INIT, ENVOL_BLOB_INIT };

	CHECK_EQ(envol_oaep_bits(&public), 0);
	CHECK_OK(envol_blob_append(&public.modulus, zeros, sizeof(zeros)));
	CHECK_EQ(envol_oaep_bits(&public), 0);
	CHECK_OK(envol_blob_append(&public.modulus, some, sizeof(some)));
	CHECK_EQ(envol_oaep_bits(&public), 9);
	free_public(&public);
}

TEST(what_is_no_key_of_ours_is_refused)
{
	static const uint8_t even[] = { 1, 0, 0 }, one[] = { 1 }, none[9] = { 1 };
	static const struct {
		const uint8_t *bytes;
		size_t len;
	} exponents[] = { { even, 3 }, { one, 1 }, { none, 9 }, { one, 0 } };
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_blob_ struct envol_blob wrapped = ENVOL_BLOB_INIT;
	struct envol_oaep_public public = { ENVOL_BLOB_INIT, ENVOL_BLOB_INIT };
	EVP_PKEY *pkey = generate(2048, &public);
	struct envol *ev;
	size_t i;

	CHECK_OK(envol_new(&ev));
	CHECK_ERR(envol_oaep_wrap(ev, &public, ENVOL_OAEP_SHA256, &key,
				  &wrapped), -EINVAL);
	secret_counting(ev, &key, 0, 191);
	CHECK_ERR(envol_oaep_wrap(ev, &public, ENVOL_OAEP_SHA256, &key,
				  &wrapped), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "1 to 190");
	envol_secret_truncate(&key, 190);
	CHECK_OK(envol_oaep_wrap(ev, &public, ENVOL_OAEP_SHA256, &key,
				 &wrapped));
	for (i = 0; i < TEST_ARRAY_SIZE(exponents); i++) {
		envol_blob_free(&public.exponent);
		CHECK_OK(envol_blob_append(&public.exponent,
					   exponents[i].bytes,
					   exponents[i].len));
		CHECK_ERR(envol_oaep_wrap(ev, &public, ENVOL_OAEP_SHA256, &key,
					  &wrapped), -EINVAL);
		CHECK_STR_HAS(envol_error_message(ev), "exponent");
	}
	free_public(&public);
	EVP_PKEY_free(pkey);
	pkey = generate(1024, &public);
	envol_secret_truncate(&key, 16);
	CHECK_ERR(envol_oaep_wrap(ev, &public, ENVOL_OAEP_SHA256, &key,
				  &wrapped), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "1024 bits");
	free_public(&public);
	EVP_PKEY_free(pkey);
	envol_free(ev);
}
