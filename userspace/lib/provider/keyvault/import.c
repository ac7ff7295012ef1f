// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "userspace/lib/base/base64.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/keyvault/import.h"

#define BODY_MAX (48u * 1024)
#define NUMBER_MAX 512		/* bytes: 4096 bits */
#define OPERATIONS "\"key_ops\":[\"wrapKey\",\"unwrapKey\"]"

/* ---- a body that grows in its secret ---- */

struct writer {
	struct envol *ev;
	struct envol_secret text;
	size_t len;
	int err;
};

static void put(struct writer *w, const void *data, size_t len)
{
	if (!w->err && len > w->text.len - w->len)
		w->err = envol_error(w->ev, -EFBIG, "the key is too long");
	if (w->err)
		return;
	memcpy(w->text.data + w->len, data, len);
	w->len += len;
}

static void put_text(struct writer *w, const char *text)
{
	put(w, text, strlen(text));
}

static void put_base64(struct writer *w, const struct envol_secret *bytes)
{
	_cleanup_secret_ struct envol_secret encoded = ENVOL_SECRET_INIT;

	if (!w->err)
		w->err = envol_base64_encode_secret(w->ev, ENVOL_BASE64URL,
						    bytes, &encoded);
	if (!w->err)
		put(w, encoded.data, encoded.len);
}

static int start(struct writer *w)
{
	return envol_secret_alloc(w->ev, &w->text, BODY_MAX);
}

/* A secret is as long as what is in it. */
static int finish(struct writer *w, struct envol_secret *body)
{
	if (!w->err)
		w->err = envol_secret_copy(w->ev, body, w->text.data, w->len);
	envol_secret_wipe(&w->text);
	return w->err;
}

/* ---- PEM ---- */

static const struct {
	const char *member, *parameter;
} numbers[] = {
	{ "n", OSSL_PKEY_PARAM_RSA_N },
	{ "e", OSSL_PKEY_PARAM_RSA_E },
	{ "d", OSSL_PKEY_PARAM_RSA_D },
	{ "p", OSSL_PKEY_PARAM_RSA_FACTOR1 },
	{ "q", OSSL_PKEY_PARAM_RSA_FACTOR2 },
	{ "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1 },
	{ "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2 },
	{ "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
};

/* Big-endian, without zeros in front. */
static int get_number(struct envol *ev, const EVP_PKEY *key,
		      const char *parameter, struct envol_secret *bytes)
{
	BIGNUM *number = NULL;
	int len, err;

	if (EVP_PKEY_get_bn_param(key, parameter, &number) != 1)
		return envol_error(ev, -EBADMSG,
				   "the key lacks one of its numbers (%s)",
				   parameter);
	len = BN_num_bytes(number);
	if (len <= 0 || len > NUMBER_MAX)
		err = envol_error(ev, -EBADMSG, "the key's %s has %d bytes",
				  parameter, len);
	else
		err = envol_secret_alloc(ev, bytes, len);
	if (!err)
		BN_bn2bin(number, bytes->data);
	BN_clear_free(number);
	return err;
}

static void put_number(struct writer *w, const EVP_PKEY *key, size_t i,
		       struct envol_blob *modulus)
{
	_cleanup_secret_ struct envol_secret bytes = ENVOL_SECRET_INIT;

	if (!w->err)
		w->err = get_number(w->ev, key, numbers[i].parameter, &bytes);
	if (w->err)
		return;
	if (i == 0 && envol_blob_append(modulus, bytes.data, bytes.len))
		w->err = envol_error(w->ev, -ENOMEM, "out of memory");
	put_text(w, ",\"");
	put_text(w, numbers[i].member);
	put_text(w, "\":\"");
	put_base64(w, &bytes);
	put_text(w, "\"");
}

/*
 * The vault stores what it is sent, and under purge protection the name is taken for as long
 * as the key: one whose numbers do not belong together is found here.
 */
static bool belongs_together(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool does = ctx && EVP_PKEY_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return does;
}

static int check_key(struct envol *ev, EVP_PKEY *key)
{
	int bits;

	if (!EVP_PKEY_is_a(key, "RSA"))
		return envol_error(ev, -EKEYREJECTED,
				   "it is a key of type %s, and a KEK that is brought is RSA",
				   EVP_PKEY_get0_type_name(key) ?: "unknown");
	bits = EVP_PKEY_get_bits(key);
	if (bits != 2048 && bits != 3072 && bits != 4096)
		return envol_error(ev, -EKEYREJECTED,
				   "the key has %d bits, not 2048, 3072 or 4096", bits);
	if (!belongs_together(key))
		return envol_error(ev, -EKEYREJECTED,
				   "the numbers of the key do not belong together: the file is damaged, or is no key that was made as one");
	return 0;
}

static int body_of_key(struct envol *ev, EVP_PKEY *key, const char *kty,
		       struct envol_secret *body, struct envol_blob *modulus)
{
	bool in_hsm = kty && strcmp(kty, "RSA-HSM") == 0;
	struct writer w = { .ev = ev };
	size_t i;
	int err = check_key(ev, key);

	if (!err)
		err = start(&w);
	if (err)
		return err;
	put_text(&w, in_hsm ? "{\"Hsm\":true,\"key\":{\"kty\":\"RSA-HSM\"," :
			      "{\"Hsm\":false,\"key\":{\"kty\":\"RSA\",");
	put_text(&w, OPERATIONS);
	for (i = 0; i < ENVOL_ARRAY_SIZE(numbers); i++)
		put_number(&w, key, i, modulus);
	put_text(&w, "}}");
	return finish(&w, body);
}

/* Nobody is there to be asked. */
static int no_passphrase(char *buffer, int size, int writing, void *unused)
{
	return -1;
}

static int body_of_pem(struct envol *ev, const struct envol_secret *file,
		       const char *kty, struct envol_secret *body,
		       struct envol_blob *modulus)
{
	BIO *bio = BIO_new_mem_buf(file->data, (int)file->len);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase,
						      NULL) :
			      NULL;
	int err;

	if (!bio)
		err = envol_error(ev, -ENOMEM, "out of memory");
	else if (!key)
		err = envol_error(ev, -EBADMSG,
				  "the file is neither a private key in PEM without a passphrase (openssl pkey takes it off) nor a transfer blob of a vendor's tool");
	else
		err = body_of_key(ev, key, kty, body, modulus);
	ERR_clear_error();
	EVP_PKEY_free(key);
	BIO_free(bio);
	return err;
}

/* ---- transfer blob ---- */

/* What is in it was encrypted for the vault's HSM: the vault checks it. */
static int body_of_blob(struct envol *ev, const struct envol_secret *file,
			const char *kty, struct envol_secret *body)
{
	bool is_aes = kty && strcmp(kty, "oct-HSM") == 0;
	struct writer w = { .ev = ev };
	int err;

	/* A private key as JSON (JWK) must not go out as if it were encrypted. */
	if (!memmem(file->data, file->len, "\"ciphertext\"", strlen("\"ciphertext\"")))
		return envol_error(ev, -EBADMSG,
				   "the file is JSON, but no transfer blob: it has no \"ciphertext\"");
	err = start(&w);
	if (err)
		return err;
	put_text(&w, is_aes ? "{\"key\":{\"kty\":\"oct-HSM\"," :
			      "{\"key\":{\"kty\":\"RSA-HSM\",");
	put_text(&w, OPERATIONS ",\"key_hsm\":\"");
	put_base64(&w, file);
	put_text(&w, "\"}}");
	return finish(&w, body);
}

static bool is_json(const struct envol_secret *file)
{
	size_t i = 0;

	while (i < file->len && memchr(" \t\r\n", file->data[i], 4))
		i++;
	return i < file->len && file->data[i] == '{';
}

int envol_import_body(struct envol *ev, const struct envol_secret *file,
		      const char *kty, struct envol_secret *body,
		      struct envol_blob *modulus)
{
	modulus->len = 0;
	return is_json(file) ? body_of_blob(ev, file, kty, body) :
			       body_of_pem(ev, file, kty, body, modulus);
}
