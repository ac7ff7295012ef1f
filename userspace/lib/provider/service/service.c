// SPDX-License-Identifier: LGPL-2.1-or-later
/* Service keys: AES-256 KEKs in a directory of this host. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/crypto/keywrap.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/provider.h"
#include "userspace/lib/provider/service/keystore.h"
#include "userspace/lib/provider/service/seal.h"
#include "userspace/lib/provider/service/sealfile.h"
#include "userspace/lib/provider/service/text.h"
#include "userspace/lib/provider/service/transfer.h"

#define ALGORITHM "A256KWP"

struct envol_kek {
	struct envol *ev;
	struct envol_deadline deadline;
	char name[ENVOL_SERVICE_NAME_SIZE];
	struct envol_keystore ks;
	struct envol_record record;
};

static int load(struct envol_kek *kek, enum envol_keystore_mode mode)
{
	int err;

	envol_record_free(&kek->record);
	envol_keystore_close(&kek->ks);
	err = envol_keystore_open(kek->ev, mode, kek->deadline, &kek->ks);
	/* A keystore that is not mounted says nothing of its keys, and the TPM nothing of rights. */
	if (err == -ENOENT)
		err = -ENXIO;
	if (!err)
		err = envol_keystore_load(&kek->ks, kek->name, &kek->record);
	return err == -EACCES ? -EPERM : err;
}

static void service_close(struct envol_kek *kek)
{
	envol_record_free(&kek->record);
	envol_keystore_close(&kek->ks);
	free(kek);
}

static int service_open(struct envol *ev, const struct envol_uri *uri,
			struct envol_deadline deadline, struct envol_kek **kek)
{
	struct envol_kek *new;
	int err;

	err = envol_service_check_name(ev, uri->path);
	if (err)
		return err;
	new = calloc(1, sizeof(*new));
	if (!new)
		return envol_error(ev, -ENOMEM, "out of memory");
	new->ev = ev;
	new->deadline = deadline;
	new->ks = (struct envol_keystore)ENVOL_KEYSTORE_INIT;
	strcpy(new->name, uri->path);
	err = load(new, ENVOL_KEYSTORE_READ);
	if (err) {
		service_close(new);
		return err;
	}
	*kek = new;
	return 0;
}

static int describe_versions(const struct envol_record *record,
			     struct envol_key_info *info)
{
	size_t i, n = record->n_versions;

	info->versions = calloc(n, sizeof(*info->versions));
	if (!info->versions)
		return -ENOMEM;
	info->n_versions = n;
	for (i = 0; i < n; i++) {
		struct envol_key_version *v = &info->versions[i];

		if (asprintf(&v->version, "%zu", i + 1) < 0) {
			v->version = NULL;
			return -ENOMEM;
		}
		v->created = record->versions[i].created;
		v->enabled = record->versions[i].enabled;
	}
	return 0;
}

static int describe(struct envol_keystore *ks, const struct envol_record *record,
		    struct envol_key_info *info)
{
	int err = envol_root_describe(ks->ev, ks->dir, &info->protection);

	if (err)
		return err;
	info->type = strdup("AES-256");
	info->recovery = strdup("kept until its file is removed by hand; back it up");
	info->recoverable = true;
	if (!info->type || !info->recovery ||
	    describe_versions(record, info))
		return envol_error(ks->ev, -ENOMEM, "out of memory");
	return 0;
}

static int service_describe(struct envol_kek *kek, struct envol_key_info *info)
{
	return describe(&kek->ks, &kek->record, info);
}

static int disabled(struct envol_kek *kek, size_t i, const char *which)
{
	return envol_error(kek->ev, -EKEYREVOKED,
			   "version %zu%s is disabled; `envol key enable %s` if it is to be used again",
			   i + 1, which, kek->name);
}

static int service_wrap(struct envol_kek *kek,
			const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
			const struct envol_secret *key,
			struct envol_wrapped *wrapped)
{
	_cleanup_secret_ struct envol_secret bytes = ENVOL_SECRET_INIT;
	size_t newest = kek->record.n_versions - 1;
	int err;

	if (!kek->record.versions[newest].enabled)
		return disabled(kek, newest, ", the newest,");
	err = envol_record_kek(kek->ev, &kek->ks.root, &kek->record, newest,
			       &bytes);
	if (!err)
		err = envol_keywrap_wrap(kek->ev, &bytes, key, &wrapped->bytes);
	if (err)
		return err;
	wrapped->algorithm = strdup(ALGORITHM);
	if (!wrapped->algorithm ||
	    asprintf(&wrapped->version, "%zu", newest + 1) < 0) {
		wrapped->version = NULL;
		return envol_error(kek->ev, -ENOMEM, "out of memory");
	}
	return 0;
}

static int find_version(struct envol_kek *kek, const char *version, size_t *i)
{
	struct envol_text text = { version, version + strlen(version) };
	uint64_t n;

	if (!envol_text_number(&text, &n, 1, kek->record.n_versions) ||
	    *text.at)
		return envol_error(kek->ev, -ENOENT,
				   "it has no version \"%.80s\", only 1 to %zu; if it had once, restore the key from a backup",
				   version, kek->record.n_versions);
	*i = n - 1;
	return 0;
}

static int service_unwrap(struct envol_kek *kek,
			  const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
			  const struct envol_wrapped *wrapped,
			  struct envol_secret *key)
{
	_cleanup_secret_ struct envol_secret bytes = ENVOL_SECRET_INIT;
	size_t i;
	int err;

	if (strcmp(wrapped->algorithm, ALGORITHM) != 0)
		return envol_error(kek->ev, -EBADMSG,
				   "wrapped with \"%.80s\", and service keys wrap with " ALGORITHM,
				   wrapped->algorithm);
	err = find_version(kek, wrapped->version, &i);
	if (err)
		return err;
	if (!kek->record.versions[i].enabled)
		return disabled(kek, i, "");
	err = envol_record_kek(kek->ev, &kek->ks.root, &kek->record, i, &bytes);
	if (err)
		return err;
	return envol_keywrap_unwrap(kek->ev, &bytes, wrapped->bytes.data,
				    wrapped->bytes.len, key);
}

static int add_version(struct envol *ev, struct envol_keystore *ks,
		       struct envol_record *record)
{
	_cleanup_secret_ struct envol_secret bytes = ENVOL_SECRET_INIT;
	int err;

	err = envol_random_secret(ev, &bytes, ENVOL_RECORD_KEK_SIZE);
	if (!err)
		err = envol_record_add(ev, &ks->root, record, &bytes,
				       envol_time_now(), true);
	return err ? err : envol_keystore_store(ks, record);
}

static int service_rotate(struct envol_kek *kek)
{
	int err = load(kek, ENVOL_KEYSTORE_WRITE);

	return err ? err : add_version(kek->ev, &kek->ks, &kek->record);
}

static int service_enable(struct envol_kek *kek, const char *version,
			  bool enabled)
{
	size_t i, first = 0, last;
	int err;

	err = load(kek, ENVOL_KEYSTORE_WRITE);
	if (err)
		return err;
	last = kek->record.n_versions - 1;
	if (version) {
		err = find_version(kek, version, &first);
		if (err)
			return err;
		last = first;
	}
	for (i = first; i <= last; i++)
		kek->record.versions[i].enabled = enabled;
	return envol_keystore_store(&kek->ks, &kek->record);
}

static int service_backup(struct envol_kek *kek,
			  const struct envol_secret *passphrase,
			  struct envol_blob *file)
{
	_cleanup_backup_ struct envol_backup backup = ENVOL_BACKUP_INIT;
	int err;

	err = envol_transfer_export(&kek->ks, &kek->record, &backup);
	return err ? err : envol_backup_encode(kek->ev, &backup, passphrase,
					       NULL, file);
}

static int service_restore(struct envol *ev, const struct envol_blob *file,
			   const struct envol_secret *passphrase, bool replace,
			   struct envol_deadline deadline, char **uri)
{
	_cleanup_keystore_ struct envol_keystore ks = ENVOL_KEYSTORE_INIT;
	_cleanup_backup_ struct envol_backup backup = ENVOL_BACKUP_INIT;
	int err;

	err = envol_backup_decode(ev, file, passphrase, &backup);
	if (!err)
		err = envol_keystore_open(ev, ENVOL_KEYSTORE_CREATE, deadline,
					  &ks);
	if (!err)
		err = envol_transfer_import(&ks, &backup, replace);
	if (err)
		return err;
	if (asprintf(uri, "service:%s", backup.name) < 0) {
		*uri = NULL;
		return envol_error(ev, -ENOMEM, "out of memory");
	}
	return 0;
}

static int service_create(struct envol *ev, const struct envol_uri *uri,
			  struct envol_deadline deadline)
{
	_cleanup_keystore_ struct envol_keystore ks = ENVOL_KEYSTORE_INIT;
	_cleanup_record_ struct envol_record record = ENVOL_RECORD_INIT;
	int err, there;

	err = envol_service_check_name(ev, uri->path);
	if (!err)
		err = envol_keystore_open(ev, ENVOL_KEYSTORE_CREATE, deadline,
					  &ks);
	if (err)
		return err;
	there = envol_keystore_has(&ks, uri->path);
	if (there < 0)
		return there;
	if (there)
		return envol_error(ev, -EEXIST,
				   "there is such a key; `envol key rotate %s` gives it a new version",
				   uri->path);
	strcpy(record.name, uri->path);
	return add_version(ev, &ks, &record);
}

static int list_one(struct envol_keystore *ks, const char *name,
		    struct envol_key_info *info)
{
	_cleanup_record_ struct envol_record record = ENVOL_RECORD_INIT;

	if (asprintf(&info->uri, "service:%s", name) < 0) {
		info->uri = NULL;
		return envol_error(ks->ev, -ENOMEM, "out of memory");
	}
	if (envol_keystore_load(ks, name, &record) == 0)
		return describe(ks, &record, info);
	info->protection = strdup(ks->ev->message);
	return info->protection ? 0 : envol_error(ks->ev, -ENOMEM,
						  "out of memory");
}

static int list_all(struct envol_keystore *ks, char **names, size_t n_names,
		    struct envol_key_info **infos, size_t *n_infos)
{
	int err = 0;

	*infos = calloc(n_names + 1, sizeof(**infos));
	if (!*infos)
		return envol_error(ks->ev, -ENOMEM, "out of memory");
	for (; *n_infos < n_names && !err; ++*n_infos)
		err = list_one(ks, names[*n_infos], &(*infos)[*n_infos]);
	return err;
}

static int service_list(struct envol *ev, struct envol_deadline deadline,
			struct envol_key_info **infos, size_t *n_infos)
{
	_cleanup_keystore_ struct envol_keystore ks = ENVOL_KEYSTORE_INIT;
	size_t i, n_names = 0;
	char **names = NULL;
	int err;

	err = envol_keystore_open(ev, ENVOL_KEYSTORE_READ, deadline, &ks);
	if (err)
		return err == -ENOENT ? 0 : err;	/* none yet */
	err = envol_keystore_list(&ks, &names, &n_names);
	if (!err)
		err = list_all(&ks, names, n_names, infos, n_infos);
	for (i = 0; i < n_names; i++)
		free(names[i]);
	free(names);
	return err;
}

static int service_reseal(struct envol *ev, const struct envol_key_reseal *how,
			  struct envol_deadline deadline,
			  struct envol_key_info *info)
{
	_cleanup_keystore_ struct envol_keystore ks = ENVOL_KEYSTORE_INIT;
	int err;

	err = envol_keystore_open(ev, ENVOL_KEYSTORE_RESEAL, deadline, &ks);
	if (!err)
		err = envol_keystore_reseal(&ks, how, &info->recovery);
	return err ? err : envol_root_describe(ev, ks.dir, &info->protection);
}

static int service_lock(struct envol *ev, struct envol_deadline deadline)
{
	_cleanup_free_ char *tcti = NULL;
	int err = envol_seal_find(ev, &tcti);

	return err || !tcti ? err : envol_seal_lock(ev, tcti);
}

ENVOL_PROVIDER(service) = {
	.scheme = "service",
	.open = service_open,
	.close = service_close,
	.describe = service_describe,
	.wrap = service_wrap,
	.unwrap = service_unwrap,
	.rotate = service_rotate,
	.enable = service_enable,
	.backup = service_backup,
	.create = service_create,
	.list = service_list,
	.restore = service_restore,
	.reseal = service_reseal,
	.lock = service_lock,
	.seal = envol_sealfile_make,
	.unseal = envol_sealfile_open,
};
