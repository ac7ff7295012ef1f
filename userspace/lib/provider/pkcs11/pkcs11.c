// SPDX-License-Identifier: LGPL-2.1-or-later
/* KEKs in a customer's own hardware, reached through his vendor's PKCS#11 module. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/pkcs11/algorithm.h"
#include "userspace/lib/provider/pkcs11/ckr.h"
#include "userspace/lib/provider/pkcs11/describe.h"
#include "userspace/lib/provider/pkcs11/generate.h"
#include "userspace/lib/provider/pkcs11/sign.h"
#include "userspace/lib/provider/provider.h"
#include "userspace/lib/provider/settings.h"
#include "userspace/lib/util/error.h"
#include "userspace/lib/util/hex.h"
#include "userspace/lib/util/log.h"

#define AAD_CONSTANT "envol pkcs11 1"
#define PROBE_SIZE 32u

struct envol_kek {
	struct envol *ev;
	char uri[ENVOL_URI_MAX];
	struct envol_pkcs11_name name;
	struct envol_pkcs11_session session;
	struct envol_pkcs11_key *keys;	/* what fits the name, the newest last */
	size_t n_keys;
};

/* ---- sessions that are lost are opened once more ---------------------------------- */

static int find_keys(struct envol_kek *kek)
{
	envol_pkcs11_keys_free(kek->keys, kek->n_keys);
	kek->keys = NULL;
	kek->n_keys = 0;
	return envol_pkcs11_find_keys(&kek->session, &kek->name, &kek->keys,
				      &kek->n_keys);
}

/* Handles of one session may be those of other keys in the next. */
static int renew(struct envol_kek *kek)
{
	int err = envol_pkcs11_session_reopen(&kek->session);

	return err ? err : find_keys(kek);
}

static int gone(struct envol_kek *kek)
{
	return envol_error(kek->ev, -ENOENT, "the key is gone from %s",
			   kek->session.token.label);
}

static bool is_worth_another(const struct envol_kek *kek, int err)
{
	if (!err || !envol_ckr_is_session_lost(kek->session.rv))
		return false;
	envol_log_info(kek->ev, "%s; once more, with a new session",
		       kek->ev->message);
	return true;
}

static void pkcs11_close(struct envol_kek *kek)
{
	envol_pkcs11_keys_free(kek->keys, kek->n_keys);
	envol_pkcs11_session_close(&kek->session);
	free(kek);
}

static int open_kek(struct envol_kek *kek)
{
	int err = envol_pkcs11_find_token(kek->ev, &kek->name,
					  &kek->session.token);

	if (!err)
		err = envol_pkcs11_session_open(&kek->session);
	if (!err)
		err = find_keys(kek);
	if (is_worth_another(kek, err))
		err = renew(kek);
	return err;
}

static int start(struct envol *ev, const struct envol_uri *uri,
		 struct envol_deadline deadline, bool is_writable,
		 struct envol_kek **kek)
{
	struct envol_kek *new = calloc(1, sizeof(*new));
	int err;

	if (!new)
		return envol_error(ev, -ENOMEM, "out of memory");
	new->ev = ev;
	new->session.ev = ev;
	new->session.deadline = deadline;
	new->session.is_writable = is_writable;
	strcpy(new->uri, uri->text);
	err = envol_pkcs11_parse(ev, uri->path, &new->name);
	if (!err)
		err = open_kek(new);
	if (err) {
		pkcs11_close(new);
		return err;
	}
	*kek = new;
	return 0;
}

static int pkcs11_open(struct envol *ev, const struct envol_uri *uri,
		       struct envol_deadline deadline, struct envol_kek **kek)
{
	int err = start(ev, uri, deadline, false, kek);

	if (err || (*kek)->n_keys)
		return err;
	envol_error(ev, -ENOENT,
		    "%s has no such key: none that is private, of AES or RSA, with this label and id; one without CKA_PRIVATE (pkcs11-tool makes them without --private) is not looked at",
		    (*kek)->session.token.label);
	pkcs11_close(*kek);
	*kek = NULL;
	return -ENOENT;
}

/* ---- which of the keys --------------------------------------------------------------- */

/* The newest, if it can be told which one that is. */
static int check_versions(struct envol_kek *kek)
{
	_cleanup_free_ char *first = malloc(2 * ENVOL_PKCS11_ID_MAX + 1);
	_cleanup_free_ char *second = malloc(2 * ENVOL_PKCS11_ID_MAX + 1);

	if (!first || !second)
		return envol_error(kek->ev, -ENOMEM, "out of memory");
	if (envol_pkcs11_are_versions(kek->keys, kek->n_keys))
		return 0;
	envol_hex_encode(first, kek->keys[0].id, kek->keys[0].id_len);
	envol_hex_encode(second, kek->keys[1].id, kek->keys[1].id_len);
	return envol_error(kek->ev, -ENOTUNIQ,
			   "%zu keys in %s fit, with the ids %.64s, %.64s%s, and which is the newest can't be told: add id= or type= to the URI",
			   kek->n_keys, kek->session.token.label, first, second,
			   kek->n_keys > 2 ? " …" : "");
}

static const struct envol_pkcs11_key *newest(const struct envol_kek *kek)
{
	return &kek->keys[kek->n_keys - 1];
}

static const struct envol_pkcs11_key *
find_version(const struct envol_kek *kek, const char *version)
{
	const struct envol_pkcs11_key *found = NULL;
	uint8_t id[ENVOL_PKCS11_ID_MAX];
	size_t i, len = strlen(version) / 2;

	if (len == 0 || len > sizeof(id) || envol_hex_decode(id, len, version))
		return NULL;
	for (i = 0; i < kek->n_keys; i++) {
		const struct envol_pkcs11_key *key = &kek->keys[i];

		if (key->id_len != len || memcmp(key->id, id, len) != 0)
			continue;
		/* Two of one id are told apart by type=, or not at all. */
		if (found)
			return NULL;
		found = key;
	}
	return found;
}

static int no_version(struct envol_kek *kek, const char *version)
{
	return envol_error(kek->ev, -ENOENT,
			   "%s has no one key with this label and the id %.80s, which wrapped; if it was deleted, only a backup of the token brings it back",
			   kek->session.token.label, version);
}

/* ---- may it wrap? ---------------------------------------------------------------------- */

static int check_secrecy(struct envol_kek *kek,
			 const struct envol_pkcs11_key *key)
{
	if (key->sensitive && !key->extractable)
		return 0;
	if (envol_setting_is_yes(kek->ev, "pkcs11", kek->session.token.subject,
				 "accept_exportable"))
		return 0;
	return envol_error(kek->ev, -EKEYREJECTED,
			   "the key can be taken out of %s (%s): make one that can't (envol key create), or set accept_exportable = yes for this token",
			   kek->session.token.label,
			   key->extractable ? "CKA_EXTRACTABLE is set" :
					      "CKA_SENSITIVE is not set");
}

static int check_usage(struct envol_kek *kek,
		       const struct envol_pkcs11_key *key)
{
	bool is_secret = key->class == CKO_SECRET_KEY;

	if (is_secret ? (key->encrypt && key->decrypt) ||
				(key->wrap && key->unwrap) :
			key->decrypt || key->unwrap)
		return 0;
	return envol_error(kek->ev, -EKEYREJECTED,
			   "the key's attributes don't let it %s: %s must be set",
			   is_secret ? "wrap and unwrap" : "unwrap",
			   is_secret ? "CKA_ENCRYPT and CKA_DECRYPT, or CKA_WRAP and CKA_UNWRAP," :
				       "CKA_DECRYPT or CKA_UNWRAP");
}

static int check_newest(struct envol_kek *kek)
{
	const struct envol_pkcs11_key *key = newest(kek);
	char type[ENVOL_PKCS11_TYPE_SIZE];
	int err = check_versions(kek);

	if (err)
		return err;
	if (!key->id_len)
		return envol_error(kek->ev, -EKEYREJECTED,
				   "the key has no CKA_ID, by which a wrap would name it: give it one (pkcs11-tool --set-id)");
	envol_pkcs11_key_type(key, type);
	if (strcmp(type, "AES-256") != 0 && strcmp(type, "RSA-2048") != 0 &&
	    strcmp(type, "RSA-3072") != 0 && strcmp(type, "RSA-4096") != 0)
		return envol_error(kek->ev, -EKEYREJECTED,
				   "the key is %s, not AES-256, RSA-2048, RSA-3072 or RSA-4096",
				   type);
	err = check_secrecy(kek, key);
	return err ? err : check_usage(kek, key);
}

/* ---- wrapping ---------------------------------------------------------------------------- */

/* What never changes: the volume, and all that says how it was wrapped. */
static int make_aad(struct envol_kek *kek,
		    const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		    const char *version, const char *algorithm,
		    struct envol_blob *aad)
{
	if (envol_blob_append_prefixed(aad, AAD_CONSTANT,
				       strlen(AAD_CONSTANT)) ||
	    envol_blob_append_prefixed(aad, volume_id, ENVOL_KEK_ID_SIZE) ||
	    envol_blob_append_prefixed(aad, kek->uri, strlen(kek->uri)) ||
	    envol_blob_append_prefixed(aad, version, strlen(version)) ||
	    envol_blob_append_prefixed(aad, algorithm, strlen(algorithm)))
		return envol_error(kek->ev, -ENOMEM, "out of memory");
	return 0;
}

/* That a token lists a mechanism says little: it is used in both directions. */
static int try(struct envol_kek *kek, const struct envol_pkcs11_key *with,
	       const struct envol_pkcs11_algorithm *how,
	       const struct envol_blob *aad, const struct envol_secret *key,
	       struct envol_blob *bytes)
{
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	int err;

	err = envol_pkcs11_wrap(&kek->session, with, how, aad, key, bytes);
	if (!err)
		err = envol_pkcs11_unwrap(&kek->session, with, how, aad, bytes,
					  &back);
	if (!err && !envol_secret_equal(key, &back))
		err = envol_error(kek->ev, -EKEYREJECTED,
				  "what %s wraps with %s it unwraps to something else",
				  kek->session.token.label, how->name);
	return err;
}

static int try_newest(struct envol_kek *kek,
		      const struct envol_pkcs11_algorithm *how,
		      const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		      const struct envol_secret *key,
		      struct envol_wrapped *wrapped)
{
	_cleanup_blob_ struct envol_blob aad = ENVOL_BLOB_INIT;
	const struct envol_pkcs11_key *with = newest(kek);
	int err;

	wrapped->version = malloc(2 * with->id_len + 1);
	wrapped->algorithm = strdup(how->name);
	if (!wrapped->version || !wrapped->algorithm)
		return envol_error(kek->ev, -ENOMEM, "out of memory");
	envol_hex_encode(wrapped->version, with->id, with->id_len);
	err = make_aad(kek, volume_id, wrapped->version, how->name, &aad);
	return err ? err : try(kek, with, how, &aad, key, &wrapped->bytes);
}

/* What is not said of the algorithm: another would fare no better. */
static bool is_of_token(int err)
{
	return err == -EHOSTUNREACH || err == -EAGAIN || err == -ENOANO ||
	       err == -ENOMEM;
}

/* An operation that failed may lie about in its session. The recorded sentence stays. */
static int clear_session(struct envol_kek *kek)
{
	char sentence[ENVOL_MESSAGE_SIZE];
	int err;

	strcpy(sentence, kek->ev->message);
	err = renew(kek);
	if (!err && !kek->n_keys)
		err = gone(kek);
	if (!err)
		strcpy(kek->ev->message, sentence);
	return err;
}

static int wrap_with(struct envol_kek *kek,
		     const struct envol_pkcs11_algorithm *how,
		     const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		     const struct envol_secret *key,
		     struct envol_wrapped *wrapped)
{
	bool is_again = false;

	for (;;) {
		int err = try_newest(kek, how, volume_id, key, wrapped);
		bool again = !is_again && is_worth_another(kek, err);
		int cleared;

		if (!err)
			return 0;
		envol_wrapped_free(wrapped);
		if (is_of_token(err))
			return err;
		cleared = clear_session(kek);
		if (cleared || !again)
			return cleared ? cleared : err;
		is_again = true;
	}
}

static int no_algorithm(struct envol_kek *kek, int err, const char *set)
{
	if (err)
		return envol_error_while(kek->ev, err,
					 set ? "the algorithm that was set" :
					       "none of the token's mechanisms works with this key; the last one");
	if (set)
		return envol_error(kek->ev, -EINVAL,
				   "the algorithm %s that was set is not for a key of this type",
				   set);
	return envol_error(kek->ev, -EOPNOTSUPP,
			   "%s has no mechanism to wrap with: none of CKM_AES_GCM, CKM_AES_KEY_WRAP_KWP, _PAD and CKM_AES_KEY_WRAP for AES, not CKM_RSA_PKCS_OAEP for RSA",
			   kek->session.token.label);
}

static int pkcs11_wrap(struct envol_kek *kek,
		       const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		       const struct envol_secret *key,
		       struct envol_wrapped *wrapped)
{
	const char *set = envol_setting(kek->ev, "pkcs11",
					kek->session.token.subject,
					"algorithm");
	const struct envol_pkcs11_algorithm *how;
	int err = check_newest(kek), last = 0;
	size_t i;

	for (i = 0; !err && (how = envol_pkcs11_algorithm_at(i)); i++) {
		if (how->class != newest(kek)->class ||
		    (set ? strcmp(set, how->name) != 0 :
			   !envol_pkcs11_algorithm_is_offered(&kek->session,
							      how)))
			continue;
		last = wrap_with(kek, how, volume_id, key, wrapped);
		if (!last) {
			if (strcmp(how->name, "RSA-OAEP") == 0 && !set)
				envol_log_warning(kek->ev,
						  "%s can't do RSA-OAEP with SHA-256: SHA-1 is used, which OAEP withstands",
						  kek->session.token.label);
			return 0;
		}
		envol_log_info(kek->ev, "%s", kek->ev->message);
		if (is_of_token(last))
			return last;
	}
	return err ? err : no_algorithm(kek, last, set);
}

/* ---- unwrapping -------------------------------------------------------------------------- */

/*
 * Some tokens have one error for bytes that were changed and for all else that can
 * go wrong. What was just wrapped tells the two apart.
 */
static bool does_work(struct envol_kek *kek,
		      const struct envol_pkcs11_algorithm *how,
		      const char *version)
{
	_cleanup_secret_ struct envol_secret probe = ENVOL_SECRET_INIT;
	_cleanup_blob_ struct envol_blob bytes = ENVOL_BLOB_INIT;
	_cleanup_blob_ struct envol_blob none = ENVOL_BLOB_INIT;
	const struct envol_pkcs11_key *with = find_version(kek, version);

	return with &&
	       envol_random_secret(kek->ev, &probe, PROBE_SIZE) == 0 &&
	       try(kek, with, how, &none, &probe, &bytes) == 0;
}

static int judge(struct envol_kek *kek, int err,
		 const struct envol_pkcs11_algorithm *how, const char *version)
{
	char sentence[ENVOL_MESSAGE_SIZE], name[ENVOL_CKR_NAME_SIZE];
	CK_RV rv = kek->session.rv;

	if (err == -EBADMSG && rv == CKR_OK)
		return err;
	strcpy(sentence, kek->ev->message);
	if (envol_ckr_is_bad_data(rv) ||
	    (err == -EIO && clear_session(kek) == 0 &&
	     does_work(kek, how, version)))
		return envol_error(kek->ev, -EBADMSG,
				   "%s works, and these bytes are nothing that this key wrapped for this volume (%s)",
				   kek->session.token.label,
				   envol_ckr_name(name, rv));
	return envol_error(kek->ev, err, "%s", sentence);
}

static int unwrap_with(struct envol_kek *kek,
		       const struct envol_pkcs11_algorithm *how,
		       const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		       const struct envol_wrapped *wrapped,
		       struct envol_secret *key)
{
	const struct envol_pkcs11_key *with = find_version(kek,
							   wrapped->version);
	_cleanup_blob_ struct envol_blob aad = ENVOL_BLOB_INIT;
	int err;

	if (!with)
		return no_version(kek, wrapped->version);
	if (with->class != how->class)
		return envol_error(kek->ev, -EBADMSG,
				   "it was wrapped with %s, which is not for a key of this type",
				   how->name);
	err = make_aad(kek, volume_id, wrapped->version, how->name, &aad);
	return err ? err : envol_pkcs11_unwrap(&kek->session, with, how, &aad,
					       &wrapped->bytes, key);
}

static int pkcs11_unwrap(struct envol_kek *kek,
			 const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
			 const struct envol_wrapped *wrapped,
			 struct envol_secret *key)
{
	const struct envol_pkcs11_algorithm *how =
		envol_pkcs11_algorithm_find(wrapped->algorithm);
	int err;

	if (!how)
		return envol_error(kek->ev, -EBADMSG,
				   "wrapped with \"%.80s\", which no key in a token wraps with",
				   wrapped->algorithm);
	kek->session.rv = CKR_OK;
	err = unwrap_with(kek, how, volume_id, wrapped, key);
	if (is_worth_another(kek, err)) {
		err = renew(kek);
		if (!err)
			err = unwrap_with(kek, how, volume_id, wrapped, key);
	}
	return err ? judge(kek, err, how, wrapped->version) : 0;
}

/* ---- the rest ------------------------------------------------------------------------------ */

static int pkcs11_describe(struct envol_kek *kek, struct envol_key_info *info)
{
	int err = check_versions(kek);

	return err ? err : envol_pkcs11_describe(kek->ev, &kek->session.token,
						 kek->keys, kek->n_keys, info);
}

static int pkcs11_rotate(struct envol_kek *kek)
{
	int err = check_versions(kek);

	if (err)
		return err;
	if (kek->name.values[ENVOL_PKCS11_ID].len ||
	    !kek->name.values[ENVOL_PKCS11_OBJECT].len)
		return envol_error(kek->ev, -EOPNOTSUPP,
				   "id= in the URI names one key, which has no other version: name it by its label, object=, or create another and add that to the volume (envol rekey)");
	kek->session.is_writable = true;
	err = renew(kek);
	if (!err && !kek->n_keys)
		err = gone(kek);
	if (!err)
		err = envol_pkcs11_generate(&kek->session, &kek->name,
					    newest(kek));
	return err ? err : find_keys(kek);
}

static int pkcs11_random(struct envol_kek *kek, struct envol_secret *bytes)
{
	_cleanup_secret_ struct envol_secret fresh = ENVOL_SECRET_INIT;
	int err = envol_secret_alloc(kek->ev, &fresh, ENVOL_KEK_KEY_MAX);

	if (!err)
		err = envol_pkcs11_session_random(&kek->session, &fresh);
	if (is_worth_another(kek, err)) {
		err = renew(kek);
		if (!err)
			err = envol_pkcs11_session_random(&kek->session, &fresh);
	}
	if (!err)
		envol_secret_move(bytes, &fresh);
	return err;
}

static int pkcs11_sign(struct envol_kek *kek, const char *algorithm,
		       const struct envol_blob *digest,
		       struct envol_blob *signature)
{
	int err = check_versions(kek);

	if (!err)
		err = envol_pkcs11_sign(&kek->session, newest(kek), algorithm,
					digest, signature);
	if (is_worth_another(kek, err)) {
		err = renew(kek);
		if (!err && !kek->n_keys)
			err = gone(kek);
		if (!err)
			err = envol_pkcs11_sign(&kek->session, newest(kek),
						algorithm, digest, signature);
	}
	return err;
}

static int pkcs11_create(struct envol *ev, const struct envol_uri *uri,
			 struct envol_deadline deadline)
{
	struct envol_kek *kek = NULL;
	int err = start(ev, uri, deadline, true, &kek);

	if (err)
		return err;
	if (kek->n_keys)
		err = envol_error(ev, -EEXIST,
				  "%s has such a key; `envol key rotate` gives it a new version",
				  kek->session.token.label);
	else if (!kek->name.values[ENVOL_PKCS11_OBJECT].len)
		err = envol_error(ev, -EINVAL,
				  "a new key needs a label: object= in the URI");
	else
		err = envol_pkcs11_generate(&kek->session, &kek->name, NULL);
	pkcs11_close(kek);
	return err;
}

ENVOL_PROVIDER(pkcs11) = {
	.scheme = "pkcs11",
	.open = pkcs11_open,
	.close = pkcs11_close,
	.describe = pkcs11_describe,
	.wrap = pkcs11_wrap,
	.unwrap = pkcs11_unwrap,
	.random = pkcs11_random,
	.sign = pkcs11_sign,
	.rotate = pkcs11_rotate,
	.create = pkcs11_create,
	.list = envol_pkcs11_list,
};
