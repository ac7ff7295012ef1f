// SPDX-License-Identifier: GPL-2.0-or-later
/* Signatures by a key in a token, verified by OpenSSL with what it knows of the key. */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>

#include "tests/harness/test.h"
#include "tests/pkcs11/softhsm.h"
#include "userspace/lib/provider/signer.h"

static struct place place;
static struct softhsm hsm;
static EVP_PKEY *key;

static const struct {
	const char *algorithm;
	const char *hash;
	size_t len;
	int padding;
} rows[] = {
	{ "PS256", "SHA256", 32, RSA_PKCS1_PSS_PADDING },
	{ "PS384", "SHA384", 48, RSA_PKCS1_PSS_PADDING },
	{ "PS512", "SHA512", 64, RSA_PKCS1_PSS_PADDING },
	{ "RS256", "SHA256", 32, RSA_PKCS1_PADDING },
	{ "RS384", "SHA384", 48, RSA_PKCS1_PADDING },
	{ "RS512", "SHA512", 64, RSA_PKCS1_PADDING },
};

static void setup(void)
{
	FILE *file;

	place_open(&place);
	softhsm_start(&hsm, &place, "host");
	softhsm_run("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out %s/key",
		    place.top);
	softhsm_run("softhsm2-util --import %s/key --token host --label client --id 0a --pin " SOFTHSM_PIN,
		    place.top);
	file = fopen(place_path(&place, "key"), "r");
	CHECK(file);
	key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	CHECK(key);
	fclose(file);
}

static void teardown(void)
{
	EVP_PKEY_free(key);
	place_close(&place);
}

static int sign(const char *object, const char *algorithm, const uint8_t *digest,
		size_t len, struct envol_blob *signature)
{
	return envol_signer_sign(place.ev, softhsm_uri(&hsm, object), algorithm, digest,
				 len, envol_deadline_in(30000), signature);
}

static bool verifies(size_t row, const uint8_t *digest, const struct envol_blob *signature)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool is_good;

	CHECK(ctx && EVP_PKEY_verify_init(ctx) == 1 &&
	      EVP_PKEY_CTX_set_rsa_padding(ctx, rows[row].padding) == 1 &&
	      EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(rows[row].hash)) == 1);
	if (rows[row].padding == RSA_PKCS1_PSS_PADDING)
		CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1);
	is_good = EVP_PKEY_verify(ctx, signature->data, signature->len, digest,
				  rows[row].len) == 1;
	EVP_PKEY_CTX_free(ctx);
	return is_good;
}

TEST(a_token_signs_in_every_way)
{
	uint8_t digest[64];
	size_t i;

	setup();
	memset(digest, 0x5a, sizeof(digest));
	for (i = 0; i < ENVOL_ARRAY_SIZE(rows); i++) {
		_cleanup_blob_ struct envol_blob signature = ENVOL_BLOB_INIT;

		if (sign("object=client", rows[i].algorithm, digest, rows[i].len, &signature))
			FAIL("%s: %s", rows[i].algorithm, envol_error_message(place.ev));
		if (!verifies(i, digest, &signature))
			FAIL("%s: the signature does not verify", rows[i].algorithm);
		digest[0] ^= 1;
		CHECK(!verifies(i, digest, &signature));
	}
	teardown();
}

TEST(what_does_not_go_together_is_refused)
{
	_cleanup_blob_ struct envol_blob signature = ENVOL_BLOB_INIT;
	uint8_t digest[64] = { 1 };

	setup();
	CHECK_ERR(sign("object=client", "PS256", digest, 48, &signature), -EINVAL);
	CHECK_ERR(sign("object=client", "ES256", digest, 32, &signature), -EINVAL);
	/* Not -ENOENT, which is said of KEKs. */
	CHECK_ERR(sign("object=none", "PS256", digest, 32, &signature), -EINVAL);
	CHECK_OK(envol_key_create(place.ev, softhsm_uri(&hsm, "object=aes"), NULL));
	CHECK_ERR(sign("object=aes", "PS256", digest, 32, &signature), -EINVAL);
	CHECK_STR_HAS(envol_error_message(place.ev), "AES-256, which signs nothing");
	CHECK_EQ(signature.len, 0);
	teardown();
}
