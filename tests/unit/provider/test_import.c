// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys that are brought to a vault: what goes out, and what must not. */
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#include "tests/harness/test.h"
#include "userspace/lib/provider/keyvault/import.h"

static struct envol *ev;
static struct envol_secret body;
static struct envol_blob modulus;

static void setup(void)
{
	CHECK_OK(envol_new(&ev));
	body = (struct envol_secret)ENVOL_SECRET_INIT;
	modulus = (struct envol_blob)ENVOL_BLOB_INIT;
}

static void teardown(void)
{
	envol_secret_wipe(&body);
	envol_blob_free(&modulus);
	envol_free(ev);
}

static int import(const void *data, size_t len, const char *kty)
{
	_cleanup_secret_ struct envol_secret file = ENVOL_SECRET_INIT;

	CHECK_OK(envol_secret_copy(ev, &file, data, len));
	return envol_import_body(ev, &file, kty, &body, &modulus);
}

static int import_text(const char *text)
{
	return import(text, strlen(text), NULL);
}

static int import_key(EVP_PKEY *key, const char *kty)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;
	int err;

	CHECK(bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
	len = BIO_get_mem_data(bio, &text);
	err = import(text, len, kty);
	BIO_free(bio);
	return err;
}

static bool body_has(const char *text)
{
	return memmem(body.data, body.len, text, strlen(text));
}

TEST(a_key_in_pem_goes_with_all_its_numbers)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);

	setup();
	CHECK_OK(import_key(key, NULL));
	CHECK(body_has("{\"Hsm\":false,\"key\":{\"kty\":\"RSA\","));
	CHECK(body_has("\"key_ops\":[\"wrapKey\",\"unwrapKey\"]"));
	CHECK(body_has(",\"n\":\"") && body_has(",\"e\":\"AQAB\"") && body_has(",\"d\":\"") &&
	      body_has(",\"p\":\"") && body_has(",\"q\":\"") && body_has(",\"dp\":\"") &&
	      body_has(",\"dq\":\"") && body_has(",\"qi\":\""));
	CHECK_EQ(modulus.len, 256);
	envol_secret_wipe(&body);
	CHECK_OK(import_key(key, "RSA-HSM"));
	CHECK(body_has("{\"Hsm\":true,\"key\":{\"kty\":\"RSA-HSM\","));
	EVP_PKEY_free(key);
	teardown();
}

/* Its d is another's. */
static EVP_PKEY *mixed_up(EVP_PKEY *key, EVP_PKEY *other)
{
	static const char *const names[] = {
		OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_FACTOR1,
		OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_EXPONENT1,
		OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *numbers[ENVOL_ARRAY_SIZE(names)] = { NULL }, *d = NULL;
	EVP_PKEY *mixed = NULL;
	OSSL_PARAM *params;
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(names); i++) {
		CHECK_EQ(EVP_PKEY_get_bn_param(key, names[i], &numbers[i]), 1);
		CHECK_EQ(OSSL_PARAM_BLD_push_BN(build, names[i], numbers[i]), 1);
	}
	CHECK_EQ(EVP_PKEY_get_bn_param(other, OSSL_PKEY_PARAM_RSA_D, &d), 1);
	CHECK_EQ(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_D, d), 1);
	params = OSSL_PARAM_BLD_to_param(build);
	CHECK(params && EVP_PKEY_fromdata_init(ctx) == 1);
	CHECK_EQ(EVP_PKEY_fromdata(ctx, &mixed, EVP_PKEY_KEYPAIR, params), 1);
	for (i = 0; i < ENVOL_ARRAY_SIZE(names); i++)
		BN_free(numbers[i]);
	BN_free(d);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	return mixed;
}

TEST(a_key_whose_numbers_do_not_belong_together_stays_here)
{
	EVP_PKEY *key = EVP_RSA_gen(2048), *other = EVP_RSA_gen(2048);
	EVP_PKEY *mixed = mixed_up(key, other);

	setup();
	CHECK_ERR(import_key(mixed, NULL), -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(ev), "do not belong together");
	CHECK_EQ(body.len, 0);
	EVP_PKEY_free(mixed);
	EVP_PKEY_free(other);
	EVP_PKEY_free(key);
	teardown();
}

TEST(keys_of_other_kinds_and_sizes_are_none)
{
	EVP_PKEY *small = EVP_RSA_gen(1024), *curve = EVP_EC_gen("P-256");

	setup();
	CHECK_ERR(import_key(small, NULL), -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(ev), "1024 bits");
	CHECK_ERR(import_key(curve, NULL), -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(ev), "type EC");
	CHECK_ERR(import_text("no key"), -EBADMSG);
	EVP_PKEY_free(curve);
	EVP_PKEY_free(small);
	teardown();
}

TEST(a_transfer_blob_goes_as_it_is_and_other_json_does_not)
{
	setup();
	CHECK_OK(import_text(" {\"schema_version\":\"1.0.0\",\"ciphertext\":\"AAAA\"}"));
	CHECK(body_has("\"kty\":\"RSA-HSM\"") && body_has("\"key_hsm\":\"IHsi"));
	CHECK_EQ(modulus.len, 0);
	envol_secret_wipe(&body);
	CHECK_ERR(import_text("{\"kty\":\"RSA\",\"n\":\"AQAB\",\"d\":\"AQAB\"}"), -EBADMSG);
	CHECK_STR_HAS(envol_error_message(ev), "no transfer blob");
	CHECK_EQ(body.len, 0);
	teardown();
}
