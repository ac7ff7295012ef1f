// SPDX-License-Identifier: GPL-2.0-or-later
/* Assertions taken apart again, their signature checked by OpenSSL with the certificate's key. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/base64.h"
#include "userspace/lib/base/json.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/provider/keyvault/assertion.h"

#define AUDIENCE "https://login.microsoftonline.com/t.example/oauth2/v2.0/token"
#define CLIENT	 "11111111-2222-3333-4444-555555555555"
#define NOW	 1800000000	/* within the certificate's time */

static struct envol *ev;
static struct envol_secret pem = ENVOL_SECRET_INIT;
static struct envol_secret jwt = ENVOL_SECRET_INIT;

static X509 *make_certificate(EVP_PKEY *key)
{
	X509 *certificate = X509_new();

	CHECK(certificate);
	CHECK(X509_set_version(certificate, 2));
	CHECK(ASN1_TIME_set(X509_getm_notBefore(certificate), NOW - 1000));
	CHECK(ASN1_TIME_set(X509_getm_notAfter(certificate), NOW + 1000));
	CHECK(X509_set_pubkey(certificate, key));
	CHECK(X509_sign(certificate, key, EVP_sha256()));
	return certificate;
}

static void take(BIO *bio)
{
	char *text;
	long len = BIO_get_mem_data(bio, &text);

	envol_secret_wipe(&pem);
	CHECK_OK(envol_secret_copy(ev, &pem, (const uint8_t *)text, len));
	BIO_free(bio);
}

static int sign(int64_t now)
{
	envol_secret_wipe(&jwt);
	return envol_assertion_sign(ev, &pem, "/etc/envol/app.pem", AUDIENCE,
				    CLIENT, now, &jwt);
}

static void parse(const char *text, size_t len, struct envol_blob *blob,
		  struct envol_json *json)
{
	CHECK_OK(envol_base64_decode(ENVOL_BASE64URL, text, len, blob));
	CHECK_OK(envol_json_parse(ev, "jwt", (const char *)blob->data, blob->len,
				  4096, json));
}

static void check_text(const struct envol_json *json, const char *name,
		       const char *want)
{
	const char *text;

	CHECK_OK(envol_json_string(ev, json, name, 4096, &text));
	CHECK_STR_EQ(text, want);
}

static void check_number(const struct envol_json *json, const char *name,
			 uint64_t want)
{
	uint64_t value;

	CHECK_OK(envol_json_uint(ev, json, name, INT64_MAX, &value));
	CHECK_EQ(value, want);
}

static void check_signature(EVP_PKEY *key, const char *input, size_t input_len,
			    const struct envol_blob *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey;

	CHECK(EVP_DigestVerifyInit(ctx, &pkey, EVP_sha256(), NULL, key) == 1);
	CHECK(EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING) == 1);
	CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, 32) == 1);
	CHECK(EVP_DigestVerify(ctx, signature->data, signature->len,
			       (const uint8_t *)input, input_len) == 1);
	EVP_MD_CTX_free(ctx);
}

static void check_jwt(EVP_PKEY *key, X509 *certificate, char id[37])
{
	struct envol_blob head = ENVOL_BLOB_INIT, claims = ENVOL_BLOB_INIT;
	struct envol_blob signature = ENVOL_BLOB_INIT;
	struct envol_json head_json, claims_json;
	const char *text = (const char *)jwt.data, *dot, *dot2, *jti;
	unsigned char digest[32];
	char *x5t;

	dot = memchr(text, '.', jwt.len);
	CHECK(dot);
	dot2 = memchr(dot + 1, '.', text + jwt.len - dot - 1);
	CHECK(dot2);
	parse(text, dot - text, &head, &head_json);
	parse(dot + 1, dot2 - dot - 1, &claims, &claims_json);
	CHECK_OK(envol_base64_decode(ENVOL_BASE64URL, dot2 + 1,
				     text + jwt.len - dot2 - 1, &signature));
	check_signature(key, text, dot2 - text, &signature);

	CHECK(X509_digest(certificate, EVP_sha256(), digest, NULL));
	x5t = envol_base64_encode(ENVOL_BASE64URL, digest, sizeof(digest));
	check_text(&head_json, "alg", "PS256");
	check_text(&head_json, "typ", "JWT");
	check_text(&head_json, "x5t#S256", x5t);
	check_text(&claims_json, "aud", AUDIENCE);
	check_text(&claims_json, "iss", CLIENT);
	check_text(&claims_json, "sub", CLIENT);
	check_number(&claims_json, "nbf", NOW);
	check_number(&claims_json, "iat", NOW);
	check_number(&claims_json, "exp", NOW + 600);
	CHECK_OK(envol_json_string(ev, &claims_json, "jti", 36, &jti));
	CHECK_EQ(strlen(jti), 36);
	CHECK(jti[14] == '4' && strchr("89ab", jti[19]));
	strcpy(id, jti);
	free(x5t);
	envol_json_free(&head_json);
	envol_json_free(&claims_json);
	envol_blob_free(&head);
	envol_blob_free(&claims);
	envol_blob_free(&signature);
}

TEST(an_assertion_proves_the_key_of_its_certificate)
{
	EVP_PKEY *key, *other;
	X509 *certificate, *issuer;
	char id[37], again[37];
	BIO *bio;

	CHECK_OK(envol_new(&ev));
	key = EVP_RSA_gen(2048);
	other = EVP_RSA_gen(2048);
	CHECK(key && other);
	certificate = make_certificate(key);
	issuer = make_certificate(other);

	/* As openssl req -x509 and as openssl pkcs12 write them, with an issuer's before ours. */
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	PEM_write_bio_X509(bio, certificate);
	take(bio);
	CHECK_OK(sign(NOW));
	check_jwt(key, certificate, id);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(bio, issuer);
	PEM_write_bio_X509(bio, certificate);
	PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL);
	take(bio);
	CHECK_OK(sign(NOW));
	check_jwt(key, certificate, again);
	CHECK(strcmp(id, again) != 0);

	CHECK_ERR(sign(NOW + 2000), -EKEYEXPIRED);
	CHECK_STR_HAS(envol_error_message(ev), "/etc/envol/app.pem");
	CHECK_STR_HAS(envol_error_message(ev), "has expired");
	CHECK_ERR(sign(NOW - 2000), -EKEYEXPIRED);
	CHECK_STR_HAS(envol_error_message(ev), "clock");
	CHECK(!jwt.data);
	X509_free(certificate);
	X509_free(issuer);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

static void refuse(const char *why)
{
	CHECK_ERR(sign(NOW), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "/etc/envol/app.pem");
	CHECK_STR_HAS(envol_error_message(ev), why);
	CHECK(!jwt.data);
}

static void put_certificate(BIO *bio, EVP_PKEY *key)
{
	X509 *certificate = make_certificate(key);

	PEM_write_bio_X509(bio, certificate);
	X509_free(certificate);
}

TEST(files_that_are_no_certificate_with_its_key)
{
	EVP_PKEY *key = EVP_RSA_gen(2048), *small = EVP_RSA_gen(1024);
	EVP_PKEY *curve = EVP_EC_gen("P-256");
	unsigned char passphrase[] = "x";
	BIO *bio = BIO_new(BIO_s_mem());

	CHECK(key && small && curve);
	CHECK_OK(envol_new(&ev));
	BIO_puts(bio, "no PEM at all\n");
	take(bio);
	refuse("no private key");

	bio = BIO_new(BIO_s_mem());
	put_certificate(bio, key);
	take(bio);
	refuse("no private key");

	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	take(bio);
	refuse("no certificate in PEM");

	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	put_certificate(bio, curve);
	take(bio);
	refuse("no certificate of its private key");

	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, key, EVP_aes_128_cbc(), passphrase, 1, NULL,
				 NULL);
	put_certificate(bio, key);
	take(bio);
	refuse("under a passphrase");

	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, curve, NULL, NULL, 0, NULL, NULL);
	put_certificate(bio, curve);
	take(bio);
	refuse("not RSA");

	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, small, NULL, NULL, 0, NULL, NULL);
	put_certificate(bio, small);
	take(bio);
	refuse("less than 2048");
	EVP_PKEY_free(key);
	EVP_PKEY_free(small);
	EVP_PKEY_free(curve);
}
