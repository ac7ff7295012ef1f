// SPDX-License-Identifier: LGPL-2.1-or-later
/* SHA-256, HMAC and HKDF over OpenSSL, and the derivations from a DEK. */
#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/crypto/digest.h"

#define HKDF_MAX (255u * ENVOL_DIGEST_SIZE)

static const char fingerprint_info[] = "envol fingerprint 1";
static const char mac_key_info[] = "envol header mac 1";
static const char passphrase_message[] = "envol keyslot passphrase 1";

/* What the queue says is about OpenSSL's insides; it must not outlive us there. */
static int refused(struct envol *ev, const char *what)
{
	ERR_clear_error();
	return envol_error(ev, -EIO, "%s: refused by OpenSSL", what);
}

int envol_digest_sha256(struct envol *ev, const void *data, size_t len,
			uint8_t digest[ENVOL_DIGEST_SIZE])
{
	if (EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) != 1)
		return refused(ev, "SHA-256");
	return 0;
}

int envol_digest_hmac(struct envol *ev, const struct envol_secret *key,
		      const void *data, size_t len,
		      uint8_t mac[ENVOL_DIGEST_SIZE])
{
	size_t mac_len;

	if (key->len == 0)
		return envol_error(ev, -EINVAL, "HMAC-SHA-256: empty key");
	if (!EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key->data, key->len,
		       data, len, mac, ENVOL_DIGEST_SIZE, &mac_len) ||
	    mac_len != ENVOL_DIGEST_SIZE)
		return refused(ev, "HMAC-SHA-256");
	return 0;
}

static int hkdf(struct envol *ev, const struct envol_secret *ikm,
		const void *salt, size_t salt_len, const void *info,
		size_t info_len, uint8_t *okm, size_t okm_len)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[5], *p = params;
	EVP_KDF *kdf;
	EVP_KDF_CTX *ctx;
	int done;

	if (ikm->len == 0)
		return envol_error(ev, -EINVAL, "HKDF-SHA-256: empty key");

	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest,
						0);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, ikm->data,
						 ikm->len);
	if (salt_len > 0)
		*p++ = OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_SALT, (void *)salt, salt_len);
	if (info_len > 0)
		*p++ = OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_INFO, (void *)info, info_len);
	*p = OSSL_PARAM_construct_end();

	kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	done = ctx && EVP_KDF_derive(ctx, okm, okm_len, params) == 1;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return done ? 0 : refused(ev, "HKDF-SHA-256");
}

int envol_digest_hkdf(struct envol *ev, const struct envol_secret *ikm,
		      const void *salt, size_t salt_len, const void *info,
		      size_t info_len, struct envol_secret *okm, size_t okm_len)
{
	_cleanup_secret_ struct envol_secret out = ENVOL_SECRET_INIT;
	int err;

	if (okm_len == 0 || okm_len > HKDF_MAX)
		return envol_error(ev, -EINVAL,
				   "HKDF-SHA-256: %zu bytes, not 1 to %u",
				   okm_len, HKDF_MAX);
	err = envol_secret_alloc(ev, &out, okm_len);
	if (err)
		return err;
	err = hkdf(ev, ikm, salt, salt_len, info, info_len, out.data, okm_len);
	if (err)
		return err;
	envol_secret_move(okm, &out);
	return 0;
}

int envol_digest_fingerprint(struct envol *ev, const struct envol_secret *dek,
			     uint8_t fingerprint[ENVOL_DIGEST_FINGERPRINT_SIZE])
{
	return hkdf(ev, dek, NULL, 0, fingerprint_info,
		    strlen(fingerprint_info), fingerprint,
		    ENVOL_DIGEST_FINGERPRINT_SIZE);
}

int envol_digest_mac_key(struct envol *ev, const struct envol_secret *dek,
			 struct envol_secret *key)
{
	return envol_digest_hkdf(ev, dek, NULL, 0, mac_key_info,
				 strlen(mac_key_info), key, ENVOL_DIGEST_SIZE);
}

/* No branch and no table, so that time and cache tell nothing of the digit. */
static uint8_t hex_digit(unsigned int nibble)
{
	return (uint8_t)('0' + nibble +
			 (((9u - nibble) >> 8) & ('a' - '9' - 1)));
}

int envol_digest_passphrase(struct envol *ev, const struct envol_secret *dek,
			    struct envol_secret *passphrase)
{
	_cleanup_secret_ struct envol_secret text = ENVOL_SECRET_INIT;
	uint8_t *mac;
	size_t i;
	int err;

	err = envol_secret_alloc(ev, &text, ENVOL_DIGEST_PASSPHRASE_SIZE);
	if (err)
		return err;
	/* Spread from the upper half: digit pair i never reaches a byte still unread. */
	mac = text.data + ENVOL_DIGEST_SIZE;
	err = envol_digest_hmac(ev, dek, passphrase_message,
				strlen(passphrase_message), mac);
	if (err)
		return err;
	for (i = 0; i < ENVOL_DIGEST_SIZE; i++) {
		unsigned int byte = mac[i];

		text.data[2 * i] = hex_digit(byte >> 4);
		text.data[2 * i + 1] = hex_digit(byte & 15);
	}
	envol_secret_move(passphrase, &text);
	return 0;
}

bool envol_digest_equal(const uint8_t a[ENVOL_DIGEST_SIZE],
			const uint8_t b[ENVOL_DIGEST_SIZE])
{
	return CRYPTO_memcmp(a, b, ENVOL_DIGEST_SIZE) == 0;
}
