// SPDX-License-Identifier: LGPL-2.1-or-later
/* AES-KWP over OpenSSL's EVP. */
#include <errno.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/crypto/keywrap.h"

#define SEMIBLOCK 8u

static const EVP_CIPHER *cipher_of(const struct envol_secret *kek)
{
	switch (kek->len) {
	case 16:
		return EVP_aes_128_wrap_pad();
	case 24:
		return EVP_aes_192_wrap_pad();
	case 32:
		return EVP_aes_256_wrap_pad();
	default:
		return NULL;
	}
}

/* A context keyed with @kek in @ctx, for EVP_CIPHER_CTX_free(), or an error. */
static int start(struct envol *ev, const struct envol_secret *kek, int encrypt,
		 EVP_CIPHER_CTX **ctx)
{
	const EVP_CIPHER *cipher = cipher_of(kek);
	EVP_CIPHER_CTX *fresh;

	if (!cipher)
		return envol_error(ev, -EINVAL,
				   "AES key wrap: a KEK of %zu bytes, not 16, 24 or 32",
				   kek->len);
	fresh = EVP_CIPHER_CTX_new();
	if (!fresh)
		return envol_error(ev, -ENOMEM, "AES key wrap: out of memory");
	EVP_CIPHER_CTX_set_flags(fresh, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_CipherInit_ex(fresh, cipher, NULL, kek->data, NULL, encrypt) !=
	    1) {
		EVP_CIPHER_CTX_free(fresh);
		ERR_clear_error();
		return envol_error(ev, -EIO,
				   "AES key wrap: refused by OpenSSL");
	}
	*ctx = fresh;
	return 0;
}

int envol_keywrap_wrap(struct envol *ev, const struct envol_secret *kek,
		       const struct envol_secret *key,
		       struct envol_blob *wrapped)
{
	_cleanup_secret_ struct envol_secret out = ENVOL_SECRET_INIT;
	_cleanup_blob_ struct envol_blob blob = ENVOL_BLOB_INIT;
	EVP_CIPHER_CTX *ctx;
	size_t out_len;
	int done, err, len;

	if (key->len == 0 || key->len > ENVOL_KEYWRAP_MAX)
		return envol_error(ev, -EINVAL,
				   "AES key wrap: a key of %zu bytes, not 1 to %d",
				   key->len, ENVOL_KEYWRAP_MAX);
	out_len = (key->len + SEMIBLOCK - 1) / SEMIBLOCK * SEMIBLOCK +
		  SEMIBLOCK;
	/* A secret, because OpenSSL copies the key there first and wraps in place. */
	err = envol_secret_alloc(ev, &out, out_len);
	if (err)
		return err;
	err = start(ev, kek, 1, &ctx);
	if (err)
		return err;
	done = EVP_CipherUpdate(ctx, out.data, &len, key->data,
				(int)key->len) == 1 &&
	       (size_t)len == out_len;
	EVP_CIPHER_CTX_free(ctx);
	if (!done) {
		ERR_clear_error();
		return envol_error(ev, -EIO,
				   "AES key wrap: refused by OpenSSL");
	}
	err = envol_blob_append(&blob, out.data, out_len);
	if (err)
		return envol_error(ev, err, "AES key wrap: out of memory");
	envol_blob_move(wrapped, &blob);
	return 0;
}

int envol_keywrap_unwrap(struct envol *ev, const struct envol_secret *kek,
			 const uint8_t *wrapped, size_t wrapped_len,
			 struct envol_secret *key)
{
	_cleanup_secret_ struct envol_secret out = ENVOL_SECRET_INIT;
	EVP_CIPHER_CTX *ctx;
	int done, err, len;

	if (wrapped_len < 2 * SEMIBLOCK || wrapped_len % SEMIBLOCK != 0 ||
	    wrapped_len > ENVOL_KEYWRAP_MAX + SEMIBLOCK)
		return envol_error(ev, -EBADMSG,
				   "AES key unwrap: %zu bytes are no wrapped key",
				   wrapped_len);
	/* OpenSSL's unwrap may use as many bytes as the wrapped key has. */
	err = envol_secret_alloc(ev, &out, wrapped_len);
	if (err)
		return err;
	err = start(ev, kek, 0, &ctx);
	if (err)
		return err;
	done = EVP_CipherUpdate(ctx, out.data, &len, wrapped,
				(int)wrapped_len) == 1 &&
	       len > 0;
	EVP_CIPHER_CTX_free(ctx);
	if (!done) {
		ERR_clear_error();
		return envol_error(ev, -EBADMSG,
				   "AES key unwrap: another KEK wrapped it, or its bytes were changed");
	}
	envol_secret_truncate(&out, (size_t)len);
	envol_secret_move(key, &out);
	return 0;
}
