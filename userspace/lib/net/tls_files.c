// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/net/tls_files.h"

const char *envol_tls_files_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_GET_LIB(code) == ERR_LIB_SYS ?
				     strerror(ERR_GET_REASON(code)) :
				     ERR_reason_error_string(code);

	ERR_clear_error();
	return reason ? reason : "no reason is given";
}

static int load_ca(struct envol *ev, SSL_CTX *context, const char *path)
{
	if (SSL_CTX_load_verify_file(context, path) != 1)
		return envol_error(ev, -EINVAL, "ca_file %s: no certificates of a CA in PEM form: %s",
				   path, envol_tls_files_reason());
	return 0;
}

static int load_certificate(struct envol *ev, SSL_CTX *context, const char *path)
{
	if (SSL_CTX_use_certificate_chain_file(context, path) != 1)
		return envol_error(ev, -EINVAL, "certificate_file %s: no certificate in PEM form: %s",
				   path, envol_tls_files_reason());
	return 0;
}

/* Nobody is there to type it. */
static int no_passphrase(char *buffer, int size, int writing, void *asked)
{
	*(bool *)asked = true;
	return -1;
}

static int use_key(struct envol *ev, SSL_CTX *context, const char *path, EVP_PKEY *key)
{
	int fits = SSL_CTX_use_PrivateKey(context, key) == 1 &&
		   SSL_CTX_check_private_key(context) == 1;

	if (!fits)
		return envol_error(ev, -EINVAL,
				   "key_file %s: the key is not that of the certificate: %s",
				   path, envol_tls_files_reason());
	return 0;
}

static int load_key(struct envol *ev, SSL_CTX *context,
		    const struct envol_tls_options *options)
{
	const char *path = options->key_file;
	bool asked = false;
	EVP_PKEY *key;
	BIO *bio = BIO_new_mem_buf(options->key->data, options->key->len);
	int err;

	if (!bio)
		return envol_error(ev, -ENOMEM, "out of memory");
	key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
	BIO_free(bio);
	if (asked)
		err = envol_error(ev, -EINVAL,
				  "key_file %s: the key is encrypted under a passphrase, which nobody is there to type; store it without (openssl pkey), or as a credential of systemd",
				  path);
	else if (!key)
		err = envol_error(ev, -EINVAL, "key_file %s: no private key in PEM form: %s",
				  path, envol_tls_files_reason());
	else
		err = use_key(ev, context, path, key);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return err;
}

int envol_tls_files_load(struct envol *ev, SSL_CTX *context,
			 const struct envol_tls_options *options)
{
	int err = load_ca(ev, context, options->ca_file);

	if (!err && options->certificate_file)
		err = load_certificate(ev, context, options->certificate_file);
	if (!err && options->certificate_file && !options->signer)
		err = load_key(ev, context, options);
	return err;
}
