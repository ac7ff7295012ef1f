// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/net/tls_files.h"
#include "userspace/lib/net/tls_key.h"

#define PROVIDER   "envol"
#define PROPERTIES "provider=" PROVIDER
/* All but what is asked of ours by name is OpenSSL's own: to verify a server, say. */
#define OTHERS	   "?provider=default"
/* Parameters by which a key of ours is made; the values are pointers. */
#define PUBLIC	   "envol-public"
#define SIGNER	   "envol-signer"

struct envol_tls_key {
	struct envol *ev;
	struct envol_tls_signer *signer;
	OSSL_LIB_CTX *library;
	OSSL_PROVIDER *others, *own;
};

/* ---- what OpenSSL takes for a key --------------------------------------------- */

struct shown_key {
	EVP_PKEY *public;
	struct envol_tls_signer *signer;	/* NULL: a public key, to compare with */
};

static void *key_new(void *unused)
{
	return calloc(1, sizeof(struct shown_key));
}

static void key_free(void *data)
{
	struct shown_key *key = data;

	if (key)
		EVP_PKEY_free(key->public);
	free(key);
}

static void *pointer_in(const OSSL_PARAM params[], const char *name)
{
	const OSSL_PARAM *param = OSSL_PARAM_locate_const(params, name);
	const void *value = NULL;
	size_t size;

	if (!param || !OSSL_PARAM_get_octet_ptr(param, &value, &size))
		return NULL;
	return (void *)value;
}

/* The certificate's, which OpenSSL compares with ours, as numbers. */
static EVP_PKEY *read_public(const OSSL_PARAM params[])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *public = NULL;

	if (ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &public, EVP_PKEY_PUBLIC_KEY,
			      (OSSL_PARAM *)params) != 1)
		public = NULL;
	EVP_PKEY_CTX_free(ctx);
	return public;
}

static int key_import(void *data, int selection, const OSSL_PARAM params[])
{
	struct shown_key *key = data;
	EVP_PKEY *public = pointer_in(params, PUBLIC);

	if (public && !EVP_PKEY_up_ref(public))
		return 0;
	key->signer = pointer_in(params, SIGNER);
	key->public = public ? public : read_public(params);
	return key->public != NULL;
}

static const OSSL_PARAM *key_import_types(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
		OSSL_PARAM_octet_ptr(PUBLIC, NULL, 0),
		OSSL_PARAM_octet_ptr(SIGNER, NULL, 0),
		OSSL_PARAM_END
	};

	return types;
}

static int key_has(const void *data, int selection)
{
	const struct shown_key *key = data;

	return key->public && (key->signer ||
			       !(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY));
}

static int key_match(const void *a, const void *b, int selection)
{
	const struct shown_key *one = a, *other = b;

	return EVP_PKEY_eq(one->public, other->public) == 1;
}

static int key_get_params(void *data, OSSL_PARAM params[])
{
	const struct shown_key *key = data;

	return EVP_PKEY_get_params(key->public, params);
}

static const OSSL_PARAM *key_gettable_params(void *unused)
{
	static const OSSL_PARAM gettable[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_END
	};

	return gettable;
}

#define FUNCTION(id, function) { id, (void (*)(void))(function) }

static const OSSL_DISPATCH key_functions[] = {
	FUNCTION(OSSL_FUNC_KEYMGMT_NEW, key_new),
	FUNCTION(OSSL_FUNC_KEYMGMT_FREE, key_free),
	FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT, key_import),
	FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_import_types),
	FUNCTION(OSSL_FUNC_KEYMGMT_HAS, key_has),
	FUNCTION(OSSL_FUNC_KEYMGMT_MATCH, key_match),
	FUNCTION(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get_params),
	FUNCTION(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable_params),
	{ 0, NULL }
};

/* ---- its signatures ------------------------------------------------------------- */

struct signing {
	const struct shown_key *key;
	EVP_MD *hash;
	bool is_pss;
};

static void *signing_new(void *unused, const char *properties)
{
	return calloc(1, sizeof(struct signing));
}

static void signing_free(void *data)
{
	struct signing *signing = data;

	if (signing)
		EVP_MD_free(signing->hash);
	free(signing);
}

/* PSS with a salt as long as the hash, which TLS prescribes, or PKCS#1. */
static int signing_set_params(void *data, const OSSL_PARAM params[])
{
	struct signing *signing = data;
	const OSSL_PARAM *mode = OSSL_PARAM_locate_const(params,
							 OSSL_SIGNATURE_PARAM_PAD_MODE);
	int number = 0;

	if (!mode)
		return 1;
	if (mode->data_type == OSSL_PARAM_UTF8_STRING)
		number = strcmp(mode->data, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0 ?
				 RSA_PKCS1_PSS_PADDING :
			 strcmp(mode->data, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0 ?
				 RSA_PKCS1_PADDING :
				 0;
	else if (!OSSL_PARAM_get_int(mode, &number))
		return 0;
	signing->is_pss = number == RSA_PKCS1_PSS_PADDING;
	return signing->is_pss || number == RSA_PKCS1_PADDING;
}

static const OSSL_PARAM *signing_settable_params(void *unused, void *provider)
{
	static const OSSL_PARAM settable[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
		OSSL_PARAM_END
	};

	return settable;
}

static int signing_init(void *data, const char *hash, void *key,
			const OSSL_PARAM params[])
{
	struct signing *signing = data;

	signing->key = key;
	EVP_MD_free(signing->hash);
	signing->hash = hash ? EVP_MD_fetch(NULL, hash, NULL) : NULL;
	return signing->hash && signing->key->signer &&
	       (!params || signing_set_params(signing, params));
}

/* As RFC 7518 calls them; NULL: none of these. */
static const char *algorithm_of(const struct signing *signing)
{
	static const struct {
		const char *hash, *pss, *pkcs1;
	} names[] = {
		{ "SHA2-256", "PS256", "RS256" },
		{ "SHA2-384", "PS384", "RS384" },
		{ "SHA2-512", "PS512", "RS512" },
	};
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(names); i++)
		if (EVP_MD_is_a(signing->hash, names[i].hash))
			return signing->is_pss ? names[i].pss : names[i].pkcs1;
	return NULL;
}

/* A server would say no more than "decrypt error". */
static bool does_verify(const struct signing *signing, const struct envol_blob *signature,
			const uint8_t *text, size_t len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how;
	bool is_good = false;

	if (ctx && EVP_DigestVerifyInit(ctx, &how, signing->hash, NULL,
					signing->key->public) == 1 &&
	    (!signing->is_pss ||
	     (EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
	      EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1)))
		is_good = EVP_DigestVerify(ctx, signature->data, signature->len, text,
					   len) == 1;
	EVP_MD_CTX_free(ctx);
	return is_good;
}

static int make(const struct signing *signing, const uint8_t *text, size_t len,
		struct envol_blob *signature)
{
	struct envol_tls_signer *signer = signing->key->signer;
	const char *algorithm = algorithm_of(signing);
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int digest_len = 0;
	int err;

	if (!algorithm)
		return envol_error(signer->ev, -EOPNOTSUPP,
				   "the server wants signatures with %s, and the key makes them with SHA-256, SHA-384 and SHA-512",
				   EVP_MD_get0_name(signing->hash));
	if (EVP_Digest(text, len, digest, &digest_len, signing->hash, NULL) != 1)
		return envol_error(signer->ev, -EIO, "hash what is signed: %s",
				   envol_tls_files_reason());
	err = signer->sign(signer->data, algorithm, digest, digest_len, signature);
	if (!err && !does_verify(signing, signature, text, len))
		err = envol_error(signer->ev, -EINVAL,
				  "%s: the key is not that of the certificate (certificate_file): its signature does not verify",
				  signer->name);
	return err;
}

static int signing_sign(void *data, unsigned char *out, size_t *out_len, size_t room,
			const unsigned char *text, size_t len)
{
	const struct signing *signing = data;
	_cleanup_blob_ struct envol_blob signature = ENVOL_BLOB_INIT;
	size_t size = EVP_PKEY_get_size(signing->key->public);

	if (!out) {
		*out_len = size;
		return 1;
	}
	/* The sentence is in the handle; what OpenSSL makes of it says less. */
	signing->key->signer->err = make(signing, text, len, &signature);
	if (signing->key->signer->err || signature.len > room)
		return 0;
	memcpy(out, signature.data, signature.len);
	*out_len = signature.len;
	return 1;
}

static const OSSL_DISPATCH signing_functions[] = {
	FUNCTION(OSSL_FUNC_SIGNATURE_NEWCTX, signing_new),
	FUNCTION(OSSL_FUNC_SIGNATURE_FREECTX, signing_free),
	FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, signing_init),
	FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, signing_sign),
	FUNCTION(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, signing_set_params),
	FUNCTION(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, signing_settable_params),
	{ 0, NULL }
};

/* ---- the provider ------------------------------------------------------------------ */

static const OSSL_ALGORITHM keys[] = {
	{ "RSA", PROPERTIES, key_functions, "RSA keys that sign elsewhere" },
	{ NULL, NULL, NULL, NULL }
};

static const OSSL_ALGORITHM signatures[] = {
	{ "RSA", PROPERTIES, signing_functions, "signatures of theirs" },
	{ NULL, NULL, NULL, NULL }
};

static const OSSL_ALGORITHM *find_algorithms(void *unused, int operation, int *is_volatile)
{
	*is_volatile = 0;
	return operation == OSSL_OP_KEYMGMT   ? keys :
	       operation == OSSL_OP_SIGNATURE ? signatures :
						NULL;
}

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
		const OSSL_DISPATCH **out, void **context)
{
	static const OSSL_DISPATCH functions[] = {
		FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, find_algorithms),
		{ 0, NULL }
	};

	*out = functions;
	*context = (void *)handle;
	return 1;
}

/* ---- for our side ------------------------------------------------------------------- */

int envol_tls_key_new(struct envol *ev, struct envol_tls_signer *signer,
		      struct envol_tls_key **key)
{
	struct envol_tls_key *new = calloc(1, sizeof(*new));

	if (!new)
		return envol_error(ev, -ENOMEM, "out of memory");
	new->ev = ev;
	new->signer = signer;
	new->library = OSSL_LIB_CTX_new();
	if (new->library) {
		OSSL_PROVIDER_add_builtin(new->library, PROVIDER, init);
		new->others = OSSL_PROVIDER_load(new->library, "default");
		new->own = OSSL_PROVIDER_load(new->library, PROVIDER);
	}
	if (!new->others || !new->own ||
	    EVP_set_default_properties(new->library, OTHERS) != 1) {
		envol_tls_key_free(new);
		return envol_error(ev, -EIO, "prepare OpenSSL for a key that signs elsewhere: %s",
				   envol_tls_files_reason());
	}
	*key = new;
	return 0;
}

void envol_tls_key_free(struct envol_tls_key *key)
{
	if (!key)
		return;
	if (key->own)
		OSSL_PROVIDER_unload(key->own);
	if (key->others)
		OSSL_PROVIDER_unload(key->others);
	OSSL_LIB_CTX_free(key->library);
	free(key);
}

OSSL_LIB_CTX *envol_tls_key_library(const struct envol_tls_key *key)
{
	return key->library;
}

static EVP_PKEY *show(struct envol_tls_key *key, EVP_PKEY *public)
{
	void *signer = key->signer, *half = public;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(key->library, "RSA", PROPERTIES);
	OSSL_PARAM params[] = {
		OSSL_PARAM_octet_ptr(PUBLIC, &half, 0),
		OSSL_PARAM_octet_ptr(SIGNER, &signer, 0),
		OSSL_PARAM_END
	};
	EVP_PKEY *shown = NULL;

	if (ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &shown, EVP_PKEY_KEYPAIR, params) != 1)
		shown = NULL;
	EVP_PKEY_CTX_free(ctx);
	return shown;
}

int envol_tls_key_use(struct envol_tls_key *key, SSL_CTX *context)
{
	EVP_PKEY *public = X509_get0_pubkey(SSL_CTX_get0_certificate(context));
	EVP_PKEY *shown;
	int err = 0;

	if (!public || EVP_PKEY_get_base_id(public) != EVP_PKEY_RSA)
		return envol_error(key->ev, -EINVAL,
				   "%s: the certificate is not of an RSA key, and only those sign from where they are",
				   key->signer->name);
	shown = show(key, public);
	if (!shown || SSL_CTX_use_PrivateKey(context, shown) != 1)
		err = envol_error(key->ev, -EIO, "show OpenSSL the key %s: %s",
				  key->signer->name, envol_tls_files_reason());
	EVP_PKEY_free(shown);
	return err;
}
