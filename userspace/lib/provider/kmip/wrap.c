// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/crypto/keywrap.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/kmip/cipher.h"
#include "userspace/lib/provider/kmip/result.h"
#include "userspace/lib/provider/kmip/wrap.h"

#define IN_SERVER "A256GCM"
#define HERE	  "A256KWP"

static bool has_aad(const struct envol_kek *kek)
{
	struct envol_kmip_version version = kek->client.version;

	return version.major > 1 || version.minor >= 4;
}

static int no_aad(struct envol_kek *kek)
{
	return envol_error(kek->ev, -EOPNOTSUPP,
			   "%s speaks KMIP %d.%d, and A256GCM needs 1.4 or newer", kek->client.server,
			   kek->client.version.major, kek->client.version.minor);
}

static int append(struct envol_kek *kek, struct envol_blob *blob, const void *data, size_t len)
{
	return envol_blob_append(blob, data, len) ?
		       envol_error(kek->ev, -ENOMEM, "out of memory") : 0;
}

static int bind(struct envol_kek *kek, const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		const char *uid, struct envol_blob *aad)
{
	static const char constant[] = "envol kmip 1";

	if (envol_blob_append_prefixed(aad, constant, strlen(constant)) ||
	    envol_blob_append_prefixed(aad, volume_id, ENVOL_KEK_ID_SIZE) ||
	    envol_blob_append_prefixed(aad, kek->uri, strlen(kek->uri)) ||
	    envol_blob_append_prefixed(aad, uid, strlen(uid)) ||
	    envol_blob_append_prefixed(aad, IN_SERVER, strlen(IN_SERVER)))
		return envol_error(kek->ev, -ENOMEM, "out of memory");
	return 0;
}

/* ---- in the server --------------------------------------------------------------- */

/*
 * The server's own nonce first: HSMs of some kinds take no other. One that does not make any
 * gets ours, which is 96 bits of the kernel's randomness.
 */
static int encrypt(struct envol_kek *kek, const char *uid, struct envol_kmip_sealing *sealing,
		   const struct envol_secret *key, struct envol_blob *out)
{
	int err = envol_kmip_cipher_encrypt(&kek->client, uid, sealing, key, out);

	if (!err || !(kek->client.reason == KMIP_REASON_MISSING_DATA ||
		      kek->client.reason == KMIP_REASON_FEATURE_NOT_SUPPORTED ||
		      kek->client.reason == KMIP_REASON_PARAMETERS_NOT_SUPPORTED ||
		      kek->client.reason == KMIP_REASON_MISSING_IV ||
		      envol_kmip_result_blames_data(kek->client.reason)))
		return err;
	envol_log_debug(kek->ev, "%s; with a nonce of our own", envol_error_message(kek->ev));
	sealing->nonce_len = ENVOL_KMIP_NONCE_MIN;
	err = envol_random_bytes(kek->ev, sealing->nonce, sealing->nonce_len);
	return err ? err : envol_kmip_cipher_encrypt(&kek->client, uid, sealing, key, out);
}

static int wrap_in_server(struct envol_kek *kek, const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
			  const struct envol_secret *key, struct envol_blob *bytes)
{
	_cleanup_blob_ struct envol_blob ciphertext = ENVOL_BLOB_INIT;
	struct envol_kmip_sealing sealing = { 0 };
	uint8_t nonce_len;
	int err;

	if (!has_aad(kek))
		return no_aad(kek);
	err = bind(kek, volume_id, kek->newest.uid, &sealing.aad);
	if (!err)
		err = encrypt(kek, kek->newest.uid, &sealing, key, &ciphertext);
	envol_blob_free(&sealing.aad);
	nonce_len = sealing.nonce_len;
	if (!err)
		err = append(kek, bytes, &nonce_len, 1);
	if (!err)
		err = append(kek, bytes, sealing.nonce, sealing.nonce_len);
	if (!err)
		err = append(kek, bytes, sealing.tag, sizeof(sealing.tag));
	return err ? err : append(kek, bytes, ciphertext.data, ciphertext.len);
}

static int not_its_own(struct envol_kek *kek, const char *uid)
{
	return envol_error(kek->ev, -EBADMSG,
			   "%s: key %s did not wrap these bytes, or not for this volume",
			   kek->client.server, uid);
}

/* Does the key decrypt what it encrypts? */
static bool is_healthy(struct envol_kek *kek, const char *uid,
		       struct envol_kmip_sealing *sealing)
{
	_cleanup_secret_ struct envol_secret probe = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	_cleanup_blob_ struct envol_blob out = ENVOL_BLOB_INIT;

	sealing->nonce_len = 0;
	return !envol_random_secret(kek->ev, &probe, 32) &&
	       !encrypt(kek, uid, sealing, &probe, &out) &&
	       !envol_kmip_cipher_decrypt(&kek->client, uid, sealing, out.data, out.len,
					  &back) &&
	       envol_secret_equal(&probe, &back);
}

/*
 * Servers tell a tag that does not fit from a fault of their own with more or less care: PyKMIP
 * calls either a general failure. A random block says which it is.
 */
static int diagnose(struct envol_kek *kek, const char *uid,
		    struct envol_kmip_sealing *sealing, int err)
{
	char said[ENVOL_MESSAGE_SIZE];

	if (!envol_kmip_result_blames_data(kek->client.reason))
		return err;
	strcpy(said, envol_error_message(kek->ev));
	if (kek->client.reason == KMIP_REASON_CRYPTOGRAPHIC_FAILURE ||
	    is_healthy(kek, uid, sealing))
		return not_its_own(kek, uid);
	return envol_error(kek->ev, err, "%s", said);
}

static bool split(const struct envol_blob *bytes, struct envol_kmip_sealing *sealing,
		  const uint8_t **data, size_t *len)
{
	const uint8_t *at = bytes->data;
	size_t nonce_len = bytes->len ? *at++ : 0;

	if (nonce_len < ENVOL_KMIP_NONCE_MIN || nonce_len > ENVOL_KMIP_NONCE_MAX ||
	    bytes->len <= 1 + nonce_len + ENVOL_KMIP_TAG_SIZE ||
	    bytes->len > 1 + nonce_len + ENVOL_KMIP_TAG_SIZE + ENVOL_KEK_KEY_MAX)
		return false;
	memcpy(sealing->nonce, at, nonce_len);
	sealing->nonce_len = nonce_len;
	at += nonce_len;
	memcpy(sealing->tag, at, ENVOL_KMIP_TAG_SIZE);
	at += ENVOL_KMIP_TAG_SIZE;
	*data = at;
	*len = bytes->data + bytes->len - at;
	return true;
}

static int unwrap_in_server(struct envol_kek *kek, const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
			    const char *uid, const struct envol_blob *bytes,
			    struct envol_secret *key)
{
	struct envol_kmip_sealing sealing = { 0 };
	const uint8_t *data;
	size_t len;
	int err;

	if (!has_aad(kek))
		return no_aad(kek);
	if (!split(bytes, &sealing, &data, &len))
		return not_its_own(kek, uid);
	err = bind(kek, volume_id, uid, &sealing.aad);
	if (!err) {
		err = envol_kmip_cipher_decrypt(&kek->client, uid, &sealing, data, len, key);
		if (err)
			err = diagnose(kek, uid, &sealing, err);
	}
	envol_blob_free(&sealing.aad);
	return err;
}

/* ---- here ---------------------------------------------------------------------------- */

static int fetch(struct envol_kek *kek, const char *uid, struct envol_secret *value)
{
	if (!envol_kmip_key_allows(kek, "allow_key_export"))
		return envol_error(kek->ev, -EACCES,
				   HERE " takes the key out of its server, and allow_key_export does not say yes for %s",
				   kek->id.place.subject);
	return envol_kmip_client_get(&kek->client, uid, value);
}

static int wrap_here(struct envol_kek *kek, const struct envol_secret *key,
		     struct envol_blob *bytes)
{
	_cleanup_secret_ struct envol_secret value = ENVOL_SECRET_INIT;
	int err = fetch(kek, kek->newest.uid, &value);

	return err ? err : envol_keywrap_wrap(kek->ev, &value, key, bytes);
}

static int unwrap_here(struct envol_kek *kek, const char *uid, const struct envol_blob *bytes,
		       struct envol_secret *key)
{
	_cleanup_secret_ struct envol_secret value = ENVOL_SECRET_INIT;
	int err = fetch(kek, uid, &value);

	return err ? err : envol_keywrap_unwrap(kek->ev, &value, bytes->data, bytes->len, key);
}

/* ---- which ---------------------------------------------------------------------------- */

static int choose(struct envol_kek *kek, const struct envol_kmip_abilities *abilities,
		  const char **algorithm)
{
	const char *chosen = envol_kmip_key_setting(kek, "algorithm");

	if (chosen) {
		*algorithm = strcmp(chosen, HERE) == 0 ? HERE : IN_SERVER;
		return 0;
	}
	if (has_aad(kek) && abilities->encrypts) {
		*algorithm = IN_SERVER;
		return 0;
	}
	if (envol_kmip_key_allows(kek, "allow_key_export")) {
		*algorithm = HERE;
		return 0;
	}
	return envol_error(kek->ev, -EOPNOTSUPP,
			   "%s has no Encrypt with additional data (KMIP 1.4 or newer, Basic Cryptographic profile); allow_key_export = yes would fetch the key for each use instead",
			   kek->client.server);
}

int envol_kmip_wrap_make(struct envol_kek *kek, const struct envol_kmip_abilities *abilities,
			 const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
			 const struct envol_secret *key, struct envol_wrapped *wrapped)
{
	const char *algorithm = NULL;
	int err = choose(kek, abilities, &algorithm);

	if (err)
		return err;
	wrapped->version = strdup(kek->newest.uid);
	wrapped->algorithm = strdup(algorithm);
	if (!wrapped->version || !wrapped->algorithm)
		return envol_error(kek->ev, -ENOMEM, "out of memory");
	if (strcmp(algorithm, HERE) == 0)
		return wrap_here(kek, key, &wrapped->bytes);
	return wrap_in_server(kek, volume_id, key, &wrapped->bytes);
}

int envol_kmip_wrap_open(struct envol_kek *kek, const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
			 const struct envol_wrapped *wrapped, struct envol_secret *key)
{
	if (strcmp(wrapped->algorithm, IN_SERVER) == 0)
		return unwrap_in_server(kek, volume_id, wrapped->version, &wrapped->bytes, key);
	if (strcmp(wrapped->algorithm, HERE) == 0)
		return unwrap_here(kek, wrapped->version, &wrapped->bytes, key);
	return envol_error(kek->ev, -EBADMSG,
			   "wrapped with \"%.80s\", and a KMIP server's key wraps with " IN_SERVER " or " HERE,
			   wrapped->algorithm);
}
