// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "userspace/lib/base/base64.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/keyvault/assertion.h"

#define LIFE_S	      600
#define RSA_BITS_MIN  2048
#define JWT_ID_SIZE   37	/* a GUID and a NUL */
#define PEM_CERTS_MAX 16

/* Whose, for how long, and what is in the file. */
struct signer {
	struct envol *ev;
	const char *file;
	EVP_PKEY *key;
	X509 *certificate;
};

/* What OpenSSL's queue holds may quote the file. */
static int refuse(struct signer *s, int err, const char *why)
{
	ERR_clear_error();
	return envol_error(s->ev, err, "certificate_file %.200s of [https] %s",
			   s->file, why);
}

/* OpenSSL asks the terminal otherwise. */
static int no_passphrase(char *buf, int size, int writing, void *asked)
{
	*(bool *)asked = true;
	return -1;
}

static int load_key(struct signer *s, const struct envol_secret *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
	bool encrypted = false;

	if (!bio)
		return refuse(s, -ENOMEM, "does not fit into memory");
	s->key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &encrypted);
	BIO_free(bio);
	if (encrypted)
		return refuse(s, -EINVAL,
			      "holds a private key under a passphrase: keep it without one, in a file that root alone may read");
	if (!s->key)
		return refuse(s, -EINVAL,
			      "holds no private key in PEM: it must have the key and the certificate (of a PFX file: openssl pkcs12 -nodes)");
	if (EVP_PKEY_get_base_id(s->key) != EVP_PKEY_RSA)
		return refuse(s, -EINVAL,
			      "holds a key that is not RSA: make a certificate with an RSA key");
	if (EVP_PKEY_get_bits(s->key) < RSA_BITS_MIN)
		return refuse(s, -EINVAL,
			      "holds an RSA key of less than 2048 bits");
	return 0;
}

/* The one of the key; others may be of those who issued it. */
static int load_certificate(struct signer *s, const struct envol_secret *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
	unsigned int seen;

	if (!bio)
		return refuse(s, -ENOMEM, "does not fit into memory");
	for (seen = 0; !s->certificate && seen < PEM_CERTS_MAX; seen++) {
		X509 *read = PEM_read_bio_X509(bio, NULL, NULL, NULL);

		if (!read)
			break;
		if (X509_check_private_key(read, s->key) == 1)
			s->certificate = read;
		else
			X509_free(read);
	}
	BIO_free(bio);
	ERR_clear_error();
	if (!s->certificate)
		return refuse(s, -EINVAL,
			      seen ? "holds no certificate of its private key" :
				     "holds no certificate in PEM: it must have the key and the certificate");
	return 0;
}

static int check_time(struct signer *s, int64_t now)
{
	time_t at = now;

	if (X509_cmp_time(X509_get0_notAfter(s->certificate), &at) < 0)
		return refuse(s, -EKEYEXPIRED,
			      "holds a certificate that has expired: make a new one, register it with the application, and put it there (or mend this machine's clock)");
	if (X509_cmp_time(X509_get0_notBefore(s->certificate), &at) > 0)
		return refuse(s, -EKEYEXPIRED,
			      "holds a certificate that is not valid yet: mend this machine's clock");
	return 0;
}

/* ---- the text ---- */

static int thumbprint(struct signer *s, char **text)
{
	uint8_t digest[ENVOL_DIGEST_SIZE];
	unsigned int len = sizeof(digest);

	if (X509_digest(s->certificate, EVP_sha256(), digest, &len) != 1)
		return refuse(s, -EIO, "has a certificate that OpenSSL refuses");
	*text = envol_base64_encode(ENVOL_BASE64URL, digest, len);
	return *text ? 0 : envol_error(s->ev, -ENOMEM, "out of memory");
}

/* RFC 9562 section 5.4 */
static int random_id(struct envol *ev, char id[JWT_ID_SIZE])
{
	uint8_t r[16];
	int err = envol_random_bytes(ev, r, sizeof(r));

	if (err)
		return err;
	snprintf(id, JWT_ID_SIZE,
		 "%02x%02x%02x%02x-%02x%02x-4%x%02x-%x%x%02x-%02x%02x%02x%02x%02x%02x",
		 r[0], r[1], r[2], r[3], r[4], r[5], r[6] & 15, r[7],
		 8 | (r[8] & 3), r[8] >> 4, r[9], r[10], r[11], r[12], r[13],
		 r[14], r[15]);
	return 0;
}

/* BASE64URL(header) "." BASE64URL(claims), with nothing in them that JSON would escape. */
static int signing_input(struct signer *s, const char *audience,
			 const char *client_id, int64_t now, char **input)
{
	_cleanup_free_ char *x5t = NULL, *header = NULL, *claims = NULL;
	_cleanup_free_ char *header64 = NULL, *claims64 = NULL;
	char id[JWT_ID_SIZE];
	int err;

	if (strpbrk(audience, "\"\\") || strpbrk(client_id, "\"\\"))
		return envol_error(s->ev, -EINVAL,
				   "client_id \"%.80s\" of [https] has characters that no id has",
				   client_id);
	err = thumbprint(s, &x5t);
	if (!err)
		err = random_id(s->ev, id);
	if (err)
		return err;
	if (asprintf(&header,
		     "{\"alg\":\"PS256\",\"typ\":\"JWT\",\"x5t#S256\":\"%s\"}",
		     x5t) < 0)
		header = NULL;
	if (asprintf(&claims,
		     "{\"aud\":\"%s\",\"iss\":\"%s\",\"sub\":\"%s\",\"jti\":\"%s\",\"nbf\":%" PRId64
		     ",\"iat\":%" PRId64 ",\"exp\":%" PRId64 "}",
		     audience, client_id, client_id, id, now, now,
		     now + LIFE_S) < 0)
		claims = NULL;
	if (header && claims) {
		header64 = envol_base64_encode(ENVOL_BASE64URL,
					       (const uint8_t *)header,
					       strlen(header));
		claims64 = envol_base64_encode(ENVOL_BASE64URL,
					       (const uint8_t *)claims,
					       strlen(claims));
	}
	if (!header64 || !claims64 ||
	    asprintf(input, "%s.%s", header64, claims64) < 0) {
		*input = NULL;
		return envol_error(s->ev, -ENOMEM, "out of memory");
	}
	return 0;
}

/* RFC 7518 section 3.5: SHA-256 in both places, a salt as long as the hash. */
static int sign(struct signer *s, const char *input, struct envol_blob *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey;	/* the context's own */
	size_t len = EVP_PKEY_get_size(s->key);
	uint8_t *bytes = malloc(len);
	int done;

	done = ctx && bytes &&
	       EVP_DigestSignInit(ctx, &pkey, EVP_sha256(), NULL, s->key) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(pkey, EVP_sha256()) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, RSA_PSS_SALTLEN_DIGEST) ==
		       1 &&
	       EVP_DigestSign(ctx, bytes, &len, (const uint8_t *)input,
			      strlen(input)) == 1 &&
	       envol_blob_append(signature, bytes, len) == 0;
	EVP_MD_CTX_free(ctx);
	free(bytes);
	return done ? 0 : refuse(s, -EIO, "has a key that does not sign");
}

static int assemble(struct signer *s, const char *input, struct envol_secret *jwt)
{
	_cleanup_blob_ struct envol_blob signature = ENVOL_BLOB_INIT;
	_cleanup_free_ char *signature64 = NULL;
	size_t input_len = strlen(input);
	int err = sign(s, input, &signature);

	if (err)
		return err;
	signature64 = envol_base64_encode(ENVOL_BASE64URL, signature.data,
					  signature.len);
	if (!signature64)
		return envol_error(s->ev, -ENOMEM, "out of memory");
	err = envol_secret_alloc(s->ev, jwt,
				 input_len + 1 + strlen(signature64));
	if (err)
		return err;
	memcpy(jwt->data, input, input_len);
	jwt->data[input_len] = '.';
	memcpy(jwt->data + input_len + 1, signature64, strlen(signature64));
	return 0;
}

int envol_assertion_sign(struct envol *ev, const struct envol_secret *pem,
			 const char *file, const char *audience,
			 const char *client_id, int64_t now,
			 struct envol_secret *jwt)
{
	struct signer s = { .ev = ev, .file = file };
	_cleanup_free_ char *input = NULL;
	int err = load_key(&s, pem);

	if (!err)
		err = load_certificate(&s, pem);
	if (!err)
		err = check_time(&s, now);
	if (!err)
		err = signing_input(&s, audience, client_id, now, &input);
	if (!err)
		err = assemble(&s, input, jwt);
	X509_free(s.certificate);
	EVP_PKEY_free(s.key);
	return err;
}
