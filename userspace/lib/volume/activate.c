// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/kernel/dm.h"
#include "userspace/lib/kernel/keyring.h"
#include "userspace/lib/kernel/name.h"
#include "userspace/lib/volume/activate.h"
#include "userspace/lib/volume/holder.h"
#include "userspace/lib/volume/run.h"

/* Between creating a mapping and resuming it stock tools need milliseconds. */
#define HALF_MADE_TRIES 10
#define HALF_MADE_PAUSE_MS 50

/* ---- what was left behind ---- */

static bool is_half_made(const struct envol_dm_info *info)
{
	return !info->live_table &&
	       strncmp(info->uuid, ENVOL_NAME_UUID_PREFIX,
		       strlen(ENVOL_NAME_UUID_PREFIX)) == 0;
}

static int refuse_existing(struct envol *ev, const char *name,
			   const struct envol_dm_info *info)
{
	char uuid[ENVOL_NAME_LUKS_UUID_SIZE];

	if (envol_name_luks_uuid(info->uuid, uuid))
		return envol_error(ev, -EEXIST,
				   "mapping %s is open already, of the volume with UUID %s",
				   name, uuid);
	return envol_error(ev, -EEXIST,
			   "there is a mapping %s already, of something else",
			   name);
}

/* With the lock, so that none of ours is being made. */
static int clear_locked(struct envol *ev, const char *name)
{
	struct envol_dm_info info;
	int tries, err;

	for (tries = 0;; tries++) {
		err = envol_dm_info(ev, name, &info);
		if (err == -ENODEV)
			return 0;
		if (err)
			return err;
		if (!is_half_made(&info))
			return refuse_existing(ev, name, &info);
		if (tries == HALF_MADE_TRIES)
			break;
		poll(NULL, 0, HALF_MADE_PAUSE_MS);
	}
	err = envol_dm_remove(ev, name);
	if (err && err != -ENODEV)
		return envol_error_while(ev, err,
					 "clear away what was left of mapping %s",
					 name);
	envol_log_warning(ev,
			  "mapping %s had no table: an open was cut short; it was cleared away",
			  name);
	return 0;
}

/* The lock is for the rare case only. */
int envol_activate_clear(struct envol *ev, const char *name)
{
	_cleanup_close_ int lock = -1;
	struct envol_dm_info info;
	int err = envol_dm_info(ev, name, &info);

	if (err == -ENODEV)
		return 0;
	if (err)
		return err;
	if (!is_half_made(&info))
		return refuse_existing(ev, name, &info);
	lock = envol_run_lock(ev);
	return lock < 0 ? lock : clear_locked(ev, name);
}

int envol_activate_clear_device(struct envol *ev, const struct envol_block *block)
{
	_cleanup_dm_names_ char **names = NULL;
	char **name;
	int err;

	err = envol_block_mappings(ev, block->major, block->minor, &names);
	for (name = names; !err && *name; name++) {
		err = envol_activate_clear(ev, *name);
		if (err == -EEXIST)
			err = 0;
	}
	return err;
}

/* ---- making one ---- */

static void take_back(struct envol *ev, const char *name)
{
	char message[ENVOL_MESSAGE_SIZE];

	/* Why it is taken back matters more than how that goes. */
	strcpy(message, ev->message);
	if (envol_dm_remove(ev, name))
		envol_log_warning(ev, "%s", envol_error_message(ev));
	strcpy(ev->message, message);
}

static int create(struct envol *ev, const char *name, const char *uuid)
{
	int err = envol_dm_create(ev, name, uuid);

	if (err != -EEXIST)
		return err;
	err = clear_locked(ev, name);
	return err ? err : envol_dm_create(ev, name, uuid);
}

static void remember(struct envol *ev, const struct envol_activate_plan *plan,
		     const char *uuid)
{
	struct envol_run_record record = { .header = (char *)plan->header };

	strcpy(record.uuid, uuid);
	strcpy(record.fingerprint, plan->fingerprint);
	envol_run_remember(ev, plan->name, &record);
}

/*
 * The table holds the device: from here on nobody formats it. Who did while a KEK was
 * asked has made another volume, which this key would spoil.
 */
static int check_volume(struct envol *ev, const struct envol_activate_plan *plan,
			const struct envol_secret *dek)
{
	_cleanup_header_ struct envol_header *h = NULL;
	const struct envol_header_info *was, *now;
	int err;

	if (!plan->volume)
		return 0;
	was = envol_header_info(plan->volume);
	err = envol_header_open(ev, was->device, was->header, &h);
	if (!err)
		err = envol_header_verify(ev, h, dek);
	if (err)
		return envol_error_while(ev, err == -EPERM ? -EBADMSG : err,
					 "read the header once more");
	now = envol_header_info(h);
	if (now->data_offset != was->data_offset ||
	    now->sector_size != was->sector_size ||
	    now->iv_offset != was->iv_offset)
		return envol_error(ev, -EBADMSG,
				   "the header was written anew meanwhile: open it again");
	return 0;
}

static int make(struct envol *ev, const struct envol_activate_plan *plan,
		const char *uuid, const struct envol_dm_target *target,
		const struct envol_secret *dek, envol_keyring_serial key,
		struct envol_dm_udev *udev)
{
	int err = envol_dm_load(ev, plan->name, target, plan->read_only);

	if (err)
		return envol_error(ev, err,
				   "%s; the kernel's log says what the target minds",
				   envol_error_message(ev));
	err = check_volume(ev, plan, dek);
	if (!err)
		err = envol_dm_resume(ev, plan->name, udev);
	if (!err)
		err = envol_keyring_publish(ev, key);
	if (!err)
		remember(ev, plan, uuid);
	return err;
}

/* The lock is held until the mapping has a table; udev takes its time. */
static int create_and_make(struct envol *ev,
			   const struct envol_activate_plan *plan,
			   const char *uuid,
			   const struct envol_dm_target *target,
			   const struct envol_secret *dek,
			   envol_keyring_serial key)
{
	_cleanup_close_ int lock = envol_run_lock(ev);
	struct envol_dm_udev udev = { 0 };
	int err;

	if (lock < 0)
		return lock;
	/* With the lock: mappings share what they lie on, the kernel refuses no second one. */
	err = envol_holder_check(ev, plan->device);
	if (!err)
		err = create(ev, plan->name, uuid);
	if (err)
		return err;
	err = make(ev, plan, uuid, target, dek, key, &udev);
	if (!err)
		close(take_fd(&lock));
	envol_dm_settle(ev, &udev);
	if (err)
		take_back(ev, plan->name);
	return err;
}

int envol_activate_mapping(struct envol *ev, const struct envol_activate_plan *plan,
			   const struct envol_secret *dek)
{
	_cleanup_dm_target_ struct envol_dm_target target = ENVOL_DM_TARGET_INIT;
	char uuid[ENVOL_NAME_UUID_SIZE], description[ENVOL_NAME_KEY_SIZE];
	struct envol_table table = plan->table;
	envol_keyring_serial key;
	int err;

	err = envol_name_uuid(ev, plan->luks_uuid, plan->name, uuid);
	if (err)
		return err;
	envol_name_key(plan->luks_uuid, plan->name, description);
	table.key_description = description;
	err = envol_target_format(ev, plan->type, &table, plan->len_sectors,
				  &target);
	if (!err)
		err = envol_keyring_add(ev, description, dek, &key);
	if (err)
		return err;
	err = create_and_make(ev, plan, uuid, &target, dek, key);
	if (err)
		envol_keyring_revoke(key);
	return err;
}
