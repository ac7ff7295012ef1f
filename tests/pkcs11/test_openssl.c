// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AES in tokens against OpenSSL: the key's bytes are known, pkcs11-tool puts them there. What
 * a token wrapped OpenSSL unwraps, and the reverse. pkcs11-tool itself has none of these
 * mechanisms.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "tests/pkcs11/nss.h"
#include "tests/pkcs11/softhsm.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/kek.h"

static const struct row {
	bool is_nss;
	const char *algorithm;
	const EVP_CIPHER *(*cipher)(void);
} rows[] = {
	{ false, "A256KW", EVP_aes_256_wrap },
	{ false, "A256KW-PAD", EVP_aes_256_wrap_pad },
	{ false, "A256GCM", EVP_aes_256_gcm },
	{ true, "A256KW", EVP_aes_256_wrap },
	{ true, "A256KWP", EVP_aes_256_wrap_pad },
	{ true, "A256GCM", EVP_aes_256_gcm },
};

static const uint8_t volume_id[ENVOL_KEK_ID_SIZE] = { 9, 8, 7 };
static uint8_t kek[32];
static struct place place;
static struct softhsm hsm;
static char uri[300];

static void put_key(const char *tool)
{
	FILE *file = fopen(place_path(&place, "aes"), "w");

	CHECK(file && fwrite(kek, sizeof(kek), 1, file) == 1);
	fclose(file);
	softhsm_run("pkcs11-tool %s --login --pin " SOFTHSM_PIN
		    " --write-object %s --type secrkey --key-type AES:32 --label known --id 01 --private --sensitive",
		    tool, place_path(&place, "aes"));
}

static void start(const struct row *row)
{
	char tool[512];

	memset(kek, 0xa7, sizeof(kek));
	place_open(&place);
	if (row->is_nss) {
		nss_start(&place);
		CHECK_EQ(setenv("NSS_DIRECTORY", place_path(&place, "nss"), 1), 0);
		snprintf(tool, sizeof(tool), "--module %s --token-label 'NSS Certificate DB'",
			 nss_module());
		snprintf(uri, sizeof(uri), "pkcs11:%s;object=known", NSS_SUBJECT);
	} else {
		softhsm_start(&hsm, &place, "hsm");
		snprintf(tool, sizeof(tool), "--module " SOFTHSM_MODULE " --token-label hsm");
		snprintf(uri, sizeof(uri), "%s", softhsm_uri(&hsm, "object=known"));
	}
	put_key(tool);
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", NULL, "algorithm", row->algorithm));
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", NULL, "accept_exportable", "yes"));
}

static void put_aad(EVP_CIPHER_CTX *ctx, const struct row *row)
{
	_cleanup_blob_ struct envol_blob aad = ENVOL_BLOB_INIT;
	const char *const texts[] = { uri, "01", row->algorithm };
	size_t i;
	int n;

	CHECK_OK(envol_blob_append_prefixed(&aad, "envol pkcs11 1", 14));
	CHECK_OK(envol_blob_append_prefixed(&aad, volume_id, sizeof(volume_id)));
	for (i = 0; i < 3; i++)
		CHECK_OK(envol_blob_append_prefixed(&aad, texts[i], strlen(texts[i])));
	CHECK(EVP_CipherUpdate(ctx, NULL, &n, aad.data, (int)aad.len) == 1);
}

/* Of @in, as the token's: for GCM the nonce is before it and the tag behind. */
static void by_openssl(const struct row *row, bool wraps, const uint8_t *in, size_t len,
		       struct envol_blob *out)
{
	bool is_gcm = row->cipher == EVP_aes_256_gcm;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12] = { 5 }, tag[16], text[256];
	int n = 0, last = 0;

	CHECK(ctx);
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (is_gcm && !wraps) {
		memcpy(nonce, in, sizeof(nonce));
		memcpy(tag, in + len - sizeof(tag), sizeof(tag));
		in += sizeof(nonce);
		len -= sizeof(nonce) + sizeof(tag);
	}
	CHECK(EVP_CipherInit_ex(ctx, row->cipher(), NULL, kek, is_gcm ? nonce : NULL, wraps) == 1);
	if (is_gcm)
		put_aad(ctx, row);
	if (is_gcm && !wraps)
		CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) == 1);
	if (EVP_CipherUpdate(ctx, text, &n, in, (int)len) != 1 ||
	    EVP_CipherFinal_ex(ctx, text + n, &last) != 1)
		FAIL("%s: OpenSSL does not take it", row->algorithm);
	if (is_gcm && wraps)
		CHECK_OK(envol_blob_append(out, nonce, sizeof(nonce)));
	CHECK_OK(envol_blob_append(out, text, n + last));
	if (is_gcm && wraps) {
		CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, sizeof(tag), tag) == 1);
		CHECK_OK(envol_blob_append(out, tag, sizeof(tag)));
	}
	EVP_CIPHER_CTX_free(ctx);
}

static void check(const struct row *row)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT, back = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	_cleanup_blob_ struct envol_blob out = ENVOL_BLOB_INIT;

	start(row);
	CHECK_OK(envol_random_secret(place.ev, &key, 64));
	if (envol_kek_wrap(place.ev, uri, volume_id, &key, &wrapped))
		FAIL("%s: %s", row->algorithm, envol_error_message(place.ev));
	CHECK_STR_EQ(wrapped.algorithm, row->algorithm);
	by_openssl(row, false, wrapped.bytes.data, wrapped.bytes.len, &out);
	CHECK_EQ(out.len, 64);
	CHECK(memcmp(out.data, key.data, 64) == 0);

	envol_blob_free(&wrapped.bytes);
	by_openssl(row, true, key.data, key.len, &wrapped.bytes);
	if (envol_kek_unwrap(place.ev, uri, volume_id, &wrapped, &back))
		FAIL("%s: %s", row->algorithm, envol_error_message(place.ev));
	CHECK(envol_secret_equal(&key, &back));
	place_close(&place);
}

TEST(what_a_token_wraps_openssl_unwraps_and_the_reverse)
{
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++)
		check(&rows[i]);
}
