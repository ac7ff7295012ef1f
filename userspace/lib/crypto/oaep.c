// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/crypto/oaep.h"

#define MIN_BITS 2048
#define MAX_BITS 4096
#define MAX_EXPONENT_SIZE 8

static const uint8_t *skip_zeros(const struct envol_blob *number, size_t *len)
{
	const uint8_t *at = number->data;

	for (*len = number->len; *len && *at == 0; --*len)
		at++;
	return at;
}

unsigned int envol_oaep_bits(const struct envol_oaep_public *key)
{
	size_t len;
	const uint8_t *at = skip_zeros(&key->modulus, &len);

	return len && len <= UINT16_MAX ?
		       8 * len - (__builtin_clz(*at) - 24) : 0;
}

static int check(struct envol *ev, const struct envol_oaep_public *key)
{
	unsigned int bits = envol_oaep_bits(key);
	size_t len;
	const uint8_t *exponent = skip_zeros(&key->exponent, &len);

	if (bits < MIN_BITS || bits > MAX_BITS)
		return envol_error(ev, -EINVAL,
				   "an RSA key of %u bits, not %d to %d", bits,
				   MIN_BITS, MAX_BITS);
	if (len == 0 || len > MAX_EXPONENT_SIZE || exponent[len - 1] % 2 == 0 ||
	    (len == 1 && exponent[0] < 3))
		return envol_error(ev, -EINVAL,
				   "an RSA key whose public exponent is none");
	return 0;
}

static EVP_PKEY *make_key(BIGNUM *n, BIGNUM *e)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (ctx && build && n && e &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
		params = OSSL_PARAM_BLD_to_param(build);
	if (!params || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		key = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY *load(const struct envol_oaep_public *public)
{
	BIGNUM *n = BN_bin2bn(public->modulus.data, public->modulus.len, NULL);
	BIGNUM *e = BN_bin2bn(public->exponent.data, public->exponent.len, NULL);
	EVP_PKEY *key = make_key(n, e);

	BN_free(n);
	BN_free(e);
	return key;
}

static int encrypt(struct envol *ev, EVP_PKEY_CTX *ctx, const EVP_MD *md,
		   const struct envol_secret *key, struct envol_blob *wrapped)
{
	uint8_t bytes[MAX_BITS / 8];
	size_t len = sizeof(bytes);

	if (EVP_PKEY_encrypt_init(ctx) <= 0 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) <= 0 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) <= 0 ||
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) <= 0 ||
	    EVP_PKEY_encrypt(ctx, bytes, &len, key->data, key->len) <= 0)
		return envol_error(ev, -EIO,
				   "OpenSSL refuses to encrypt with an RSA key");
	if (envol_blob_append(wrapped, bytes, len))
		return envol_error(ev, -ENOMEM, "out of memory");
	return 0;
}

int envol_oaep_wrap(struct envol *ev, const struct envol_oaep_public *public,
		    enum envol_oaep_hash hash, const struct envol_secret *key,
		    struct envol_blob *wrapped)
{
	const EVP_MD *md = hash == ENVOL_OAEP_SHA1 ? EVP_sha1() : EVP_sha256();
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *pkey;
	size_t room;
	int err = check(ev, public);

	if (err)
		return err;
	room = (envol_oaep_bits(public) + 7) / 8 - 2 * EVP_MD_get_size(md) - 2;
	if (key->len == 0 || key->len > room)
		return envol_error(ev, -EINVAL,
				   "a key of %zu bytes, not 1 to %zu",
				   key->len, room);
	envol_blob_free(wrapped);
	pkey = load(public);
	if (pkey)
		ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	err = ctx ? encrypt(ev, ctx, md, key, wrapped) :
		    envol_error(ev, -EIO, "OpenSSL refuses an RSA key");
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return err;
}
