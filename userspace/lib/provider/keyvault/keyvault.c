// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Keys of Azure Key Vault and Managed HSM. The private half never leaves the
 * service: unwrapping is its work, always, by exactly the version that wrapped.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/provider/keyvault/import.h"
#include "userspace/lib/provider/keyvault/portrait.h"
#include "userspace/lib/provider/keyvault/vault.h"
#include "userspace/lib/provider/provider.h"

#define OAEP_256 "RSA-OAEP-256"
#define OAEP	 "RSA-OAEP"
/* Of an AES key: RFC 3394 by a key of 256 bits and no other, and RFC 5649 for lengths that it can't do. */
#define AES_KW	"A256KW"
#define AES_KWP "CKM_AES_KEY_WRAP_PAD"

#define RSA_BITS 3072
#define AES_BITS 256

struct envol_kek {
	struct envol *ev;
	struct envol_vault *vault;
	struct envol_keyvault_id id;	/* without a version */
};

static const char *setting(const struct envol_kek *kek, const char *key)
{
	return envol_setting(kek->ev, ENVOL_KEYVAULT_SCHEME, kek->id.host, key);
}

static bool is_set_to(const struct envol_kek *kek, const char *key,
		      const char *value)
{
	const char *set = setting(kek, key);

	return set && strcmp(set, value) == 0;
}

static void keyvault_close(struct envol_kek *kek)
{
	envol_vault_close(kek->vault);
	free(kek);
}

static int keyvault_open(struct envol *ev, const struct envol_uri *uri,
			 struct envol_deadline deadline, struct envol_kek **kek)
{
	struct envol_kek *new = calloc(1, sizeof(*new));
	const char *why;
	int err;

	if (!new)
		return envol_error(ev, -ENOMEM, "out of memory");
	new->ev = ev;
	err = envol_keyvault_split(&new->id, uri, &why);
	if (err)
		err = envol_error(ev, err, "the URI %s", why);
	new->id.version[0] = 0;
	if (!err)
		err = envol_vault_open(ev, new->id.host, deadline, &new->vault);
	if (err) {
		keyvault_close(new);
		return err;
	}
	*kek = new;
	return 0;
}

static int keyvault_describe(struct envol_kek *kek, struct envol_key_info *info)
{
	return envol_portrait_draw(kek->ev, kek->vault, &kek->id, info);
}

/* ---- wrap and unwrap --------------------------------------------------------------- */

/* The service wraps by a key that is disabled or over where the public key is at hand: we do not. */
static int check_usable(struct envol_kek *kek, const struct envol_bundle *newest)
{
	const struct envol_bundle_attributes *a = &newest->attributes;
	int64_t now = envol_time_now();

	if (!a->enabled)
		return envol_error(kek->ev, -EKEYREVOKED,
				   "version %s, the newest, is disabled; `envol key enable https://%s/keys/%s` if it is to be used again",
				   newest->id.version, kek->id.host,
				   kek->id.name);
	if (a->expires && a->expires <= now)
		return envol_error(kek->ev, -EKEYEXPIRED,
				   "version %s, the newest, has expired; rotate the key",
				   newest->id.version);
	if (a->not_before > now)
		return envol_error(kek->ev, -EKEYREJECTED,
				   "version %s, the newest, is not valid yet; is this host's clock right?",
				   newest->id.version);
	if (!newest->can_wrap || !newest->can_unwrap)
		return envol_error(kek->ev, -EKEYREJECTED,
				   "the operations of version %s do not include %s; add it (az keyvault key set-attributes --ops)",
				   newest->id.version,
				   newest->can_wrap ? "unwrapKey" : "wrapKey");
	if (newest->type == ENVOL_BUNDLE_OTHER)
		return envol_error(kek->ev, -EKEYREJECTED,
				   "a key of type %s wraps no keys; take RSA, RSA-HSM or, of a Managed HSM, oct-HSM",
				   newest->kty);
	return 0;
}

static const char *choose_algorithm(const struct envol_kek *kek,
				    const struct envol_bundle *newest,
				    size_t len)
{
	if (newest->type == ENVOL_BUNDLE_AES)
		return len >= 16 && len % 8 == 0 ? AES_KW : AES_KWP;
	return is_set_to(kek, "algorithm", OAEP) ? OAEP : OAEP_256;
}

static int wrap_by(struct envol_kek *kek, const struct envol_bundle *newest,
		   const char *algorithm, const struct envol_secret *key,
		   struct envol_blob *wrapped)
{
	if (newest->type == ENVOL_BUNDLE_RSA && !is_set_to(kek, "wrap", "remote"))
		return envol_oaep_wrap(kek->ev, &newest->public,
				       strcmp(algorithm, OAEP) == 0 ?
					       ENVOL_OAEP_SHA1 :
					       ENVOL_OAEP_SHA256,
				       key, wrapped);
	return envol_vault_wrap(kek->vault, &newest->id, algorithm, key,
				wrapped);
}

static int keyvault_wrap(struct envol_kek *kek,
			 const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
			 const struct envol_secret *key,
			 struct envol_wrapped *wrapped)
{
	_cleanup_bundle_ struct envol_bundle newest = ENVOL_BUNDLE_INIT;
	const char *algorithm;
	int err = envol_vault_get(kek->vault, &kek->id, &newest);

	if (!err)
		err = check_usable(kek, &newest);
	if (err)
		return err;
	algorithm = choose_algorithm(kek, &newest, key->len);
	err = wrap_by(kek, &newest, algorithm, key, &wrapped->bytes);
	if (err)
		return err;
	wrapped->version = strdup(newest.id.version);
	wrapped->algorithm = strdup(algorithm);
	if (!wrapped->version || !wrapped->algorithm)
		return envol_error(kek->ev, -ENOMEM, "out of memory");
	return 0;
}

/* The identifier of one version. */
static int name_version(struct envol_kek *kek, const char *version,
			struct envol_keyvault_id *id)
{
	*id = kek->id;
	if (!envol_keyvault_is_version(version))
		return envol_error(kek->ev, -ENOENT,
				   "it has no version \"%.80s\": 32 hex digits name one",
				   version);
	strcpy(id->version, version);
	return 0;
}

static bool is_algorithm(const char *name)
{
	static const char *const names[] = { OAEP_256, OAEP, AES_KW, AES_KWP };
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static int keyvault_unwrap(struct envol_kek *kek,
			   const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
			   const struct envol_wrapped *wrapped,
			   struct envol_secret *key)
{
	struct envol_keyvault_id id;
	int err;

	if (!is_algorithm(wrapped->algorithm))
		return envol_error(kek->ev, -EBADMSG,
				   "wrapped with \"%.80s\", which is never used with a vault",
				   wrapped->algorithm);
	err = name_version(kek, wrapped->version, &id);
	return err ? err : envol_vault_unwrap(kek->vault, &id,
					      wrapped->algorithm,
					      &wrapped->bytes, key);
}

static int keyvault_random(struct envol_kek *kek, struct envol_secret *bytes)
{
	return envol_vault_random(kek->vault, ENVOL_KEK_KEY_MAX, bytes);
}

/* ---- changes -------------------------------------------------------------------------- */

/* Nobody knows: -ETIMEDOUT is what the caller does not try again for such a request. */
static int stay_in_doubt(struct envol *ev, const char *sentence,
			 const char *how_to_see)
{
	return envol_error(ev, -ETIMEDOUT,
			   "%s; whether it was done is not known: see %s before it is asked for again",
			   sentence, how_to_see);
}

/*
 * A request that makes a version may have been done though its answer did not come, and
 * a second one would make another: so it is looked whether there is a version that is
 * not @before ("": there was none). What was not done is tried again by the caller.
 */
static int settle(struct envol_kek *kek, int err, const char *before)
{
	_cleanup_bundle_ struct envol_bundle now = ENVOL_BUNDLE_INIT;
	char sentence[ENVOL_MESSAGE_SIZE], show[ENVOL_URI_MAX + 32];
	int look;

	if (!err || !envol_vault_is_in_doubt(kek->vault))
		return err;
	strcpy(sentence, kek->ev->message);
	look = envol_vault_get(kek->vault, &kek->id, &now);
	if (!look && strcmp(now.id.version, before) != 0) {
		envol_log_info(kek->ev, "%s; but it was done: there is version %s",
			       sentence, now.id.version);
		return 0;
	}
	if (!look || (look == -ENOENT && !*before))
		return envol_error(kek->ev, err, "%s", sentence);
	snprintf(show, sizeof(show), "`envol key show https://%s/keys/%s`",
		 kek->id.host, kek->id.name);
	return stay_in_doubt(kek->ev, sentence, show);
}

static int keyvault_rotate(struct envol_kek *kek)
{
	_cleanup_bundle_ struct envol_bundle before = ENVOL_BUNDLE_INIT;
	int err = envol_vault_get(kek->vault, &kek->id, &before);

	if (err)
		return err;
	err = envol_vault_rotate(kek->vault, &kek->id);
	return settle(kek, err, before.id.version);
}

static int enable_all(struct envol_kek *kek, bool enabled)
{
	_cleanup_versions_ struct envol_portrait_versions versions =
		ENVOL_PORTRAIT_VERSIONS_INIT;
	size_t i;
	int err = envol_portrait_versions(kek->ev, kek->vault, &kek->id,
					  &versions);

	for (i = 0; !err && i < versions.n; i++)
		if (versions.items[i].attributes.enabled != enabled)
			err = envol_vault_set_enabled(
				kek->vault, &versions.items[i].id, enabled);
	return err;
}

static int keyvault_enable(struct envol_kek *kek, const char *version,
			   bool enabled)
{
	struct envol_keyvault_id id;
	int err;

	if (!version)
		return enable_all(kek, enabled);
	err = name_version(kek, version, &id);
	return err ? err : envol_vault_set_enabled(kek->vault, &id, enabled);
}

static int check_absent(struct envol_kek *kek)
{
	_cleanup_bundle_ struct envol_bundle bundle = ENVOL_BUNDLE_INIT;
	int err = envol_vault_get(kek->vault, &kek->id, &bundle);

	if (err == -ENOENT)
		return 0;
	return err ? err : envol_error(kek->ev, -EEXIST,
				       "there is such a key; `envol key rotate https://%s/keys/%s` gives it a new version",
				       kek->id.host, kek->id.name);
}

/* The service would take it for a new version of a key that is there. */
static int create(struct envol_kek *kek)
{
	const char *type = setting(kek, "key_type");
	const char *size = setting(kek, "key_size");
	unsigned int bits = size ? (unsigned int)atoi(size) : RSA_BITS;
	int err = check_absent(kek);

	if (err)
		return err;
	if (!type)
		type = envol_vault_is_hsm(kek->vault) ? "RSA-HSM" : "RSA";
	if (strcmp(type, "oct-HSM") == 0)
		bits = AES_BITS;
	return settle(kek, envol_vault_create(kek->vault, &kek->id, type, bits),
		      "");
}

static int keyvault_create(struct envol *ev, const struct envol_uri *uri,
			   struct envol_deadline deadline)
{
	struct envol_kek *kek;
	int err = keyvault_open(ev, uri, deadline, &kek);

	if (err)
		return err;
	err = create(kek);
	keyvault_close(kek);
	return err;
}

/* What the vault then has is what was brought. */
static int check_imported(struct envol *ev, const struct envol_bundle *bundle,
			  const struct envol_blob *modulus)
{
	if (!modulus->len ||
	    (bundle->type == ENVOL_BUNDLE_RSA &&
	     envol_blob_equal(&bundle->public.modulus, modulus)))
		return 0;
	return envol_error(ev, -EPROTO,
			   "the vault says that it has another key than the one that was brought");
}

static int import(struct envol_kek *kek, const struct envol_secret *file)
{
	_cleanup_bundle_ struct envol_bundle bundle = ENVOL_BUNDLE_INIT;
	_cleanup_secret_ struct envol_secret body = ENVOL_SECRET_INIT;
	_cleanup_blob_ struct envol_blob modulus = ENVOL_BLOB_INIT;
	int err = envol_import_body(kek->ev, file, setting(kek, "key_type"),
				    &body, &modulus);

	if (!err)
		err = check_absent(kek);
	if (!err)
		err = settle(kek, envol_vault_import(kek->vault, &kek->id,
						     &body, &bundle), "");
	/* Also where the answer did not come: is it this key? */
	if (!err && !*bundle.id.version)
		err = envol_vault_get(kek->vault, &kek->id, &bundle);
	return err ? err : check_imported(kek->ev, &bundle, &modulus);
}

static int keyvault_import(struct envol *ev, const struct envol_uri *uri,
			   const struct envol_secret *file,
			   struct envol_deadline deadline)
{
	struct envol_kek *kek;
	int err = keyvault_open(ev, uri, deadline, &kek);

	if (err)
		return err;
	err = import(kek, file);
	keyvault_close(kek);
	return err;
}

static int keyvault_list(struct envol *ev, struct envol_deadline deadline,
			 struct envol_key_info **infos, size_t *n_infos)
{
	return envol_portrait_list(ev, deadline, infos, n_infos);
}

/* ---- backups ------------------------------------------------------------------------------ */

static int keyvault_backup(struct envol_kek *kek,
			   const struct envol_secret *passphrase,
			   struct envol_blob *file)
{
	return envol_vault_backup(kek->vault, &kek->id, file);
}

/* A backup does not say which vault it is from, nor may it: the name is all it brings. */
static int choose_vault(struct envol *ev, const char **host)
{
	*host = envol_setting(ev, ENVOL_KEYVAULT_SCHEME, NULL, "restore_host");
	if (*host)
		return 0;
	*host = envol_setting_subject(ev, ENVOL_KEYVAULT_SCHEME, 0);
	if (*host && !envol_setting_subject(ev, ENVOL_KEYVAULT_SCHEME, 1))
		return 0;
	return envol_error(ev, -EINVAL,
			   "the backup of a vault's key, and into which vault is not said: --set https.restore_host=HOST");
}

static int keyvault_restore(struct envol *ev, const struct envol_blob *file,
			    const struct envol_secret *passphrase, bool replace,
			    struct envol_deadline deadline, char **uri)
{
	struct envol_vault *vault = NULL;
	char sentence[ENVOL_MESSAGE_SIZE];
	struct envol_keyvault_id id;
	const char *host;
	int err;

	if (file->len < strlen(ENVOL_KEYVAULT_BACKUP_START) ||
	    memcmp(file->data, ENVOL_KEYVAULT_BACKUP_START,
		   strlen(ENVOL_KEYVAULT_BACKUP_START)) != 0)
		return -EMEDIUMTYPE;
	err = choose_vault(ev, &host);
	if (!err)
		err = envol_vault_open(ev, host, deadline, &vault);
	if (!err)
		err = envol_vault_restore(vault, file, &id);
	if (err && vault && envol_vault_is_in_doubt(vault)) {
		strcpy(sentence, ev->message);
		err = stay_in_doubt(ev, sentence, "`envol key list https`");
	}
	envol_vault_close(vault);
	if (err == -EEXIST && replace)
		return envol_error_while(ev, err,
					 "a key of a vault is not replaced");
	if (err)
		return err;
	if (asprintf(uri, "https://%s/keys/%s", id.host, id.name) < 0) {
		*uri = NULL;
		return envol_error(ev, -ENOMEM, "out of memory");
	}
	return 0;
}

ENVOL_PROVIDER(keyvault) = {
	.scheme = ENVOL_KEYVAULT_SCHEME,
	.open = keyvault_open,
	.close = keyvault_close,
	.describe = keyvault_describe,
	.wrap = keyvault_wrap,
	.unwrap = keyvault_unwrap,
	.rotate = keyvault_rotate,
	.enable = keyvault_enable,
	.backup = keyvault_backup,
	.random = keyvault_random,
	.restore = keyvault_restore,
	.create = keyvault_create,
	.import = keyvault_import,
	.list = keyvault_list,
};
