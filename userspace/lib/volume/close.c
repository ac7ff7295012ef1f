// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/kernel/block.h"
#include "userspace/lib/kernel/keyring.h"
#include "userspace/lib/volume/device.h"
#include "userspace/lib/volume/holder.h"
#include "userspace/lib/volume/mapping.h"
#include "userspace/lib/volume/run.h"

/*
 * The key is taken into this thread's keyring before the mapping goes, so that
 * a close that is killed at any point leaves no key without a mapping.
 */
static int remove_mapping(struct envol *ev, const struct envol_mapping *mapping,
			  bool deferred, bool *is_gone)
{
	struct envol_dm_info info;
	int err;

	if (!deferred) {
		err = envol_dm_remove(ev, mapping->name);
		*is_gone = !err;
		return err;
	}
	err = envol_dm_remove_deferred(ev, mapping->name);
	*is_gone = !err && envol_dm_info(ev, mapping->name, &info) == -ENODEV;
	return err;
}

/* Where another close was faster, the key has no mapping any more: it goes as well. */
static void put_back(struct envol *ev, envol_keyring_serial key, int err)
{
	char message[ENVOL_MESSAGE_SIZE];

	if (err == -ENODEV) {
		envol_keyring_revoke(key);
		return;
	}
	strcpy(message, ev->message);
	if (envol_keyring_publish(ev, key))
		envol_log_warning(ev, "%s", envol_error_message(ev));
	strcpy(ev->message, message);
}

/*
 * Not of one that has been opened by this name meanwhile, nor of one that still has users:
 * by what is remembered the watch finds its KEKs. Of a mapping that is gone it does no harm.
 */
static void forget(struct envol *ev, const char *name)
{
	_cleanup_close_ int lock = envol_run_lock(ev);
	struct envol_dm_info info;

	if (lock >= 0 && envol_dm_info(ev, name, &info) == -ENODEV)
		envol_run_forget(name);
}

static int close_mapping(struct envol *ev, const struct envol_mapping *mapping,
			 bool deferred)
{
	envol_keyring_serial key;
	bool has_key, is_gone;
	int err;

	has_key = !envol_keyring_take(ev, mapping->key, &key);
	err = remove_mapping(ev, mapping, deferred, &is_gone);
	if (err && has_key)
		put_back(ev, key, err);
	if (err)
		return err;
	/* Of a deferred one the key goes with the mapping, which still uses it. */
	if (has_key && is_gone)
		envol_keyring_revoke(key);
	else if (has_key)
		envol_keyring_drop(key);
	forget(ev, mapping->name);
	return 0;
}

/*
 * Who uses it, said at once. A program that only has it open is nobody that could be
 * named; the removal waits for it a while, for it may be udev's.
 */
static int check_unused(struct envol *ev, const struct envol_mapping *mapping)
{
	_cleanup_device_ struct envol_device device = ENVOL_DEVICE_INIT;
	_cleanup_free_ char *path = NULL;

	if (!mapping->info.open_count ||
	    envol_block_path(ev, mapping->info.major, mapping->info.minor, &path) ||
	    envol_device_open(ev, path, O_RDONLY, &device))
		return 0;
	return envol_holder_check(ev, &device);
}

int envol_volume_close(struct envol *ev, const char *name, bool deferred)
{
	_cleanup_mapping_ struct envol_mapping mapping = ENVOL_MAPPING_INIT;
	int err = envol_name_check(ev, name);

	if (!err)
		err = envol_mapping_find(ev, name, &mapping);
	if (!err && !deferred)
		err = check_unused(ev, &mapping);
	if (!err)
		err = close_mapping(ev, &mapping, deferred);
	return err ? envol_error_while(ev, err, "close %s", name) : 0;
}
