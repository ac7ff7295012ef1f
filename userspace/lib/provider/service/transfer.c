// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/service/transfer.h"

int envol_transfer_export(struct envol_keystore *ks,
			  const struct envol_record *record,
			  struct envol_backup *backup)
{
	size_t i, n = record->n_versions;
	int err;

	err = envol_secret_alloc(ks->ev, &backup->keks,
				 n * ENVOL_RECORD_KEK_SIZE);
	if (err)
		return err;
	backup->versions = calloc(n, sizeof(*backup->versions));
	if (!backup->versions)
		return envol_error(ks->ev, -ENOMEM, "out of memory");
	backup->n_versions = n;
	strcpy(backup->name, record->name);
	for (i = 0; i < n && !err; i++) {
		_cleanup_secret_ struct envol_secret kek = ENVOL_SECRET_INIT;

		err = envol_record_kek(ks->ev, &ks->root, record, i, &kek);
		if (err)
			break;
		memcpy(backup->keks.data + i * ENVOL_RECORD_KEK_SIZE, kek.data,
		       ENVOL_RECORD_KEK_SIZE);
		backup->versions[i].created = record->versions[i].created;
		backup->versions[i].enabled = record->versions[i].enabled;
	}
	return err;
}

static bool is_beyond_repair(int err)
{
	return err == -EBADMSG || err == -ESTALE || err == -EKEYREJECTED;
}

/* One that can't be read is what a backup is for; one that can must not lose anything. */
static int check_existing(struct envol_keystore *ks,
			  const struct envol_backup *backup, bool replace)
{
	_cleanup_record_ struct envol_record record = ENVOL_RECORD_INIT;
	int err = envol_keystore_load(ks, backup->name, &record);

	if (err == -ENOENT)
		return 0;
	if (err && !is_beyond_repair(err))
		return err;
	if (!replace)
		return envol_error(ks->ev, -EEXIST,
				   "there is a key \"%s\"%s; --replace puts the backup in its place",
				   backup->name,
				   err ? ", which is damaged" : "");
	if (!err && record.n_versions > backup->n_versions)
		return envol_error(ks->ev, -ESTALE,
				   "the key \"%s\" has %zu versions, and the backup only %zu: what the newer ones wrapped would be lost; if it is, remove the key's file from %s first",
				   backup->name, record.n_versions,
				   backup->n_versions, ks->ev->keystore);
	return 0;
}

static int rewrap(struct envol_keystore *ks, const struct envol_backup *backup,
		  struct envol_record *record)
{
	size_t i;
	int err = 0;

	strcpy(record->name, backup->name);
	for (i = 0; i < backup->n_versions && !err; i++) {
		_cleanup_secret_ struct envol_secret kek = ENVOL_SECRET_INIT;

		err = envol_secret_copy(ks->ev, &kek,
					backup->keks.data +
						i * ENVOL_RECORD_KEK_SIZE,
					ENVOL_RECORD_KEK_SIZE);
		if (!err)
			err = envol_record_add(ks->ev, &ks->root, record, &kek,
					       backup->versions[i].created,
					       backup->versions[i].enabled);
	}
	return err;
}

int envol_transfer_import(struct envol_keystore *ks,
			  const struct envol_backup *backup, bool replace)
{
	_cleanup_record_ struct envol_record record = ENVOL_RECORD_INIT;
	int err;

	err = check_existing(ks, backup, replace);
	if (!err)
		err = rewrap(ks, backup, &record);
	return err ? err : envol_keystore_store(ks, &record);
}
