// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/pkcs11/algorithm.h"
#include "userspace/lib/provider/pkcs11/ckr.h"
#include "userspace/lib/provider/pkcs11/wrap.h"
#include "userspace/lib/provider/settings.h"

#define AAD_CONSTANT "envol pkcs11 1"
#define PROBE_SIZE 32u

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
	const struct envol_pkcs11_key *key = envol_pkcs11_kek_newest(kek);
	int err = envol_pkcs11_kek_check_versions(kek);

	if (err)
		return err;
	if (!key->id_len)
		return envol_error(kek->ev, -EKEYREJECTED,
				   "the key has no CKA_ID, by which a wrap would name it: give it one (pkcs11-tool --set-id)");
	err = envol_pkcs11_kek_check_type(kek);
	if (!err)
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
	const struct envol_pkcs11_key *with = envol_pkcs11_kek_newest(kek);
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
	err = envol_pkcs11_kek_renew(kek);
	if (!err && !kek->n_keys)
		err = envol_pkcs11_kek_gone(kek);
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
		bool again = !is_again && envol_pkcs11_kek_is_worth_another(kek, err);
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

int envol_pkcs11_kek_wrap(struct envol_kek *kek,
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
		if (how->class != envol_pkcs11_kek_newest(kek)->class ||
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
	const struct envol_pkcs11_key *with =
		envol_pkcs11_kek_find_version(kek, version);

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
	const struct envol_pkcs11_key *with =
		envol_pkcs11_kek_find_version(kek, wrapped->version);
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

int envol_pkcs11_kek_unwrap(struct envol_kek *kek,
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
	if (envol_pkcs11_kek_is_worth_another(kek, err)) {
		err = envol_pkcs11_kek_renew(kek);
		if (!err)
			err = unwrap_with(kek, how, volume_id, wrapped, key);
	}
	return err ? judge(kek, err, how, wrapped->version) : 0;
}
