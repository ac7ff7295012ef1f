// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Lock and unlock. Both lead to a state: a mapping that is in it already is no
 * error, and one that was killed on the way is led there by the next call.
 * A mapping whose kernel key was revoked can be unlocked too.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/kernel/keyring.h"
#include "userspace/lib/volume/mapping.h"
#include "userspace/lib/volume/unwrap.h"

static const char wipe_message[] = ENVOL_MESSAGE_KEY " " ENVOL_MESSAGE_KEY_WIPE;

static int find(struct envol *ev, const char *name,
		struct envol_mapping *mapping, char **key_state)
{
	int err = envol_name_check(ev, name);

	if (!err)
		err = envol_mapping_find(ev, name, mapping);
	if (!err && !mapping->info.live_table)
		err = envol_error(ev, -ENODATA, "mapping %s has no table", name);
	if (!err && envol_run_is_throwaway(&mapping->known))
		err = envol_error(ev, -EOPNOTSUPP,
				  "the key of mapping %s is nowhere else: without it the data are gone; envol close does that",
				  name);
	return err ? err : envol_mapping_key_state(ev, mapping, key_state);
}

static bool is_ready(const char *key_state)
{
	return strcmp(key_state, ENVOL_STATUS_KEY_READY) == 0;
}

static bool is_wiped(const char *key_state)
{
	return strcmp(key_state, ENVOL_STATUS_KEY_WIPED) == 0;
}

/* Without a key a file system can't be written back, and freezing it would fail. */
static int suspend(struct envol *ev, const struct envol_mapping *m,
		   const char *key_state)
{
	if (m->info.suspended)
		return 0;
	return is_ready(key_state) ? envol_dm_suspend(ev, m->name) :
				     envol_dm_suspend_unfrozen(ev, m->name);
}

static int resume(struct envol *ev, const char *name)
{
	struct envol_dm_udev udev;
	int err = envol_dm_resume(ev, name, &udev);

	envol_dm_settle(ev, &udev);
	return err;
}

/* Undo, without losing why. */
static void resume_again(struct envol *ev, const char *name)
{
	char message[ENVOL_MESSAGE_SIZE];

	strcpy(message, ev->message);
	if (resume(ev, name))
		envol_log_warning(ev, "%s", envol_error_message(ev));
	strcpy(ev->message, message);
}

/* Of a lock that was killed after its message the key is still there. */
static void revoke_key(struct envol *ev, const struct envol_mapping *m)
{
	envol_keyring_serial key;

	if (!envol_keyring_take(ev, m->key, &key))
		envol_keyring_revoke(key);
}

static int lock(struct envol *ev, const struct envol_mapping *m,
		const char *key_state)
{
	int err = suspend(ev, m, key_state);

	if (err)
		return err;
	err = envol_dm_message(ev, m->name, wipe_message);
	if (err) {
		if (!m->info.suspended)
			resume_again(ev, m->name);
		return err;
	}
	return 0;
}

int envol_volume_lock(struct envol *ev, const char *name)
{
	_cleanup_mapping_ struct envol_mapping mapping = ENVOL_MAPPING_INIT;
	_cleanup_free_ char *key_state = NULL;
	int err = find(ev, name, &mapping, &key_state);

	if (!err && mapping.info.suspended && is_wiped(key_state))
		envol_log_info(ev, "mapping %s is locked already", name);
	else if (!err)
		err = lock(ev, &mapping, key_state);
	if (err)
		return envol_error_while(ev, err, "lock %s", name);
	revoke_key(ev, &mapping);
	return 0;
}

/* ---- unlock ---- */

/* The header that is given has to be the one that the mapping was made from. */
static int compare(struct envol *ev, const struct envol_mapping *m,
		   const struct envol_header_info *header)
{
	const struct envol_target_info *table = &m->table;
	const char *what = NULL;

	if (strcmp(header->uuid, m->luks_uuid) != 0)
		what = "UUID";
	else if (strcmp(header->cipher, table->cipher) != 0)
		what = "cipher";
	else if (header->key_size != table->key_size)
		what = "key size";
	else if (header->sector_size != table->sector_size)
		what = "sector size";
	else if (header->iv_offset != table->iv_offset)
		what = "IV offset";
	else if (header->data_offset !=
		 table->start_sector * ENVOL_TABLE_SECTOR)
		what = "data offset";
	else if (header->data_size < m->line.len_sectors * ENVOL_TABLE_SECTOR)
		what = "size";
	if (what)
		return envol_error(ev, -EBADMSG,
				   "the header's %s is not the one of mapping %s",
				   what, m->name);
	return 0;
}

static int get_dek(struct envol *ev, const struct envol_mapping *m,
		   const struct envol_volume_source *source,
		   struct envol_secret *dek)
{
	struct envol_volume_source from = *source;
	_cleanup_header_ struct envol_header *h = NULL;
	int err;

	if (!from.device) {
		from.device = m->device;
		if (!from.header)
			from.header = m->known.header;
	}
	if (!from.device)
		return envol_error(ev, -ENODEV,
				   "the device under mapping %s is gone",
				   m->name);
	/* The key has to be the one that was wiped: what it was is remembered. */
	if (!from.id && m->known.fingerprint[0])
		from.id = m->known.fingerprint;
	err = envol_header_open(ev, from.device, from.header, &h);
	if (!err)
		err = compare(ev, m, envol_header_info(h));
	return err ? err : envol_unwrap_dek(ev, &h, &from, dek, NULL);
}

static int set_key(struct envol *ev, const struct envol_mapping *m,
		   envol_keyring_serial key)
{
	char message[64 + ENVOL_NAME_KEY_SIZE];
	struct envol_dm_udev udev = { 0 };
	int err;

	snprintf(message, sizeof(message),
		 ENVOL_MESSAGE_KEY " " ENVOL_MESSAGE_KEY_SET
				   " :%u:" ENVOL_TABLE_KEY_TYPE ":%s",
		 m->table.key_size, m->key);
	err = envol_dm_message(ev, m->name, message);
	if (!err)
		err = envol_dm_resume(ev, m->name, &udev);
	if (!err)
		err = envol_keyring_publish(ev, key);
	envol_dm_settle(ev, &udev);
	return err;
}

/* What can't be unlocked is locked, whatever it was before. */
static void lock_again(struct envol *ev, const struct envol_mapping *m)
{
	char message[ENVOL_MESSAGE_SIZE];
	struct envol_dm_info info;

	strcpy(message, ev->message);
	if (!envol_dm_info(ev, m->name, &info) && !info.suspended &&
	    envol_dm_suspend_unfrozen(ev, m->name))
		envol_log_warning(ev, "%s", envol_error_message(ev));
	if (envol_dm_message(ev, m->name, wipe_message))
		envol_log_warning(ev, "%s", envol_error_message(ev));
	strcpy(ev->message, message);
}

/* A KEK may have taken long, and its key must never get below another volume of that name. */
static int check_same(struct envol *ev, const struct envol_mapping *m)
{
	struct envol_dm_info now;
	int err = envol_dm_info(ev, m->name, &now);

	if (!err && (strcmp(now.uuid, m->info.uuid) != 0 ||
		     now.major != m->info.major || now.minor != m->info.minor))
		err = envol_error(ev, -ENODEV,
				  "mapping %s was closed meanwhile, and another has its name",
				  m->name);
	return err;
}

static int unlock(struct envol *ev, const struct envol_mapping *m,
		  const char *key_state,
		  const struct envol_volume_source *source)
{
	_cleanup_secret_ struct envol_secret dek = ENVOL_SECRET_INIT;
	_cleanup_close_ int run = -1;
	envol_keyring_serial key;
	int err = get_dek(ev, m, source, &dek);

	/* With the lock no other mapping gets the name. */
	if (!err) {
		run = envol_run_lock(ev);
		err = run < 0 ? run : check_same(ev, m);
	}
	if (!err)
		err = suspend(ev, m, key_state);
	if (!err)
		err = envol_keyring_add(ev, m->key, &dek, &key);
	if (err)
		return err;
	err = set_key(ev, m, key);
	if (err) {
		lock_again(ev, m);
		envol_keyring_revoke(key);
	}
	return err;
}

int envol_volume_unlock(struct envol *ev, const char *name,
			const struct envol_volume_source *source)
{
	_cleanup_mapping_ struct envol_mapping mapping = ENVOL_MAPPING_INIT;
	_cleanup_free_ char *key_state = NULL;
	int err = find(ev, name, &mapping, &key_state);

	if (!err && !mapping.info.suspended && is_ready(key_state))
		envol_log_info(ev, "mapping %s is not locked", name);
	else if (!err)
		err = unlock(ev, &mapping, key_state, source);
	return err ? envol_error_while(ev, err, "unlock %s", name) : 0;
}
