// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/boot/mkfs.h"
#include "userspace/lib/boot/throwaway.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/volume/activate.h"
#include "userspace/lib/volume/info.h"
#include "userspace/lib/volume/mapping.h"
#include "userspace/lib/volume/place.h"
#include "userspace/lib/volume/signature.h"

#define KEY_SIZE 64
#define LOCK	 "/run/envol/throwaway.lock"
#define LOCK_MS	 120000	/* a large file system takes its time */

/* ---- what may be lost ---- */

/*
 * A part of something larger, or somebody's encrypted data: what a mistyped partition
 * number hits. A label that contains such words is refused too, and that does no harm.
 */
static bool is_never_scratch(const char *signatures)
{
	static const char *const words[] = { "LUKS", "BitLocker", "LVM", "RAID",
					     "ZFS", "bcache", "hibernation" };
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(words); i++)
		if (strstr(signatures, words[i]))
			return true;
	return false;
}

static int check_loss(struct envol *ev, const struct envol_boot_volume *volume,
		      const struct envol_device *device)
{
	char found[ENVOL_SIGNATURE_TEXT];
	int err = envol_signature_find(ev, device, found);

	if (err || !*found)
		return err;
	if (is_never_scratch(found))
		return envol_error(ev, -EEXIST,
				   "%s holds %s, which no throwaway volume takes the place of; if it really may be lost, \"wipefs -a %s\" says so",
				   device->path, found, device->path);
	if (!volume->overwrite)
		return envol_error(ev, -EEXIST,
				   "%s holds %s; if that may be lost, add overwrite to the line of %s",
				   device->path, found, volume->name);
	envol_log_warning(ev, "volume %s: %s held %s%s", volume->name,
			  device->path, found,
			  volume->offset ? ", of which the beginning stays" :
					   ", which is lost now");
	return 0;
}

/* ---- the mapping ---- */

/* Made for each opening, as of a LUKS2 volume: the mapping is found and closed by it. */
static int make_uuid(struct envol *ev, char text[ENVOL_NAME_LUKS_UUID_SIZE])
{
	uint8_t b[16];
	int err = envol_random_bytes(ev, b, sizeof(b));

	if (err)
		return err;
	b[6] = (b[6] & 0x0f) | 0x40;	/* RFC 9562, version 4 */
	b[8] = (b[8] & 0x3f) | 0x80;
	snprintf(text, ENVOL_NAME_LUKS_UUID_SIZE,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9],
		 b[10], b[11], b[12], b[13], b[14], b[15]);
	return 0;
}

static int check_size(struct envol *ev, const struct envol_boot_volume *volume,
		      const struct envol_place *place)
{
	const struct envol_device *device = &place->device;

	if (place->block.read_only)
		return envol_error(ev, -EROFS, "%s is read-only", device->path);
	if (device->size <= volume->offset)
		return envol_error(ev, -ENOSPC,
				   "%s has %" PRIu64
				   " bytes, and offset= leaves %" PRIu64
				   " of them alone",
				   device->path, device->size, volume->offset);
	return 0;
}

static int activate(struct envol *ev, const struct envol_boot_volume *volume,
		    const struct envol_place *place, const char *uuid)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	unsigned int du = envol_device_sector_size(&place->device, volume->offset);
	char number[32];
	struct envol_activate_plan plan = {
		.name = volume->name,
		.luks_uuid = uuid,
		.device = &place->device,
		.fingerprint = ENVOL_RUN_UNFINISHED,
		.len_sectors = (place->device.size - volume->offset) / du * du /
			       ENVOL_TABLE_SECTOR,
		.table = {
			.key_size = KEY_SIZE,
			.device = number,
			.start_sector = volume->offset / ENVOL_TABLE_SECTOR,
			.du_size = du,
		},
	};
	int err;

	snprintf(number, sizeof(number), "%u:%u", place->block.major,
		 place->block.minor);
	if (volume->discards)
		plan.table.flags |= ENVOL_TABLE_ALLOW_DISCARDS;
	err = envol_target_choose(ev, volume->target, place->block.zoned,
				  &plan.type);
	if (!err && volume->engine && strcmp(plan.type, ENVOL_TARGET_CRYPT_NAME) != 0)
		plan.table.engine = volume->engine;
	if (!err)
		err = envol_random_secret(ev, &key, KEY_SIZE);
	return err ? err : envol_activate_mapping(ev, &plan, &key);
}

/* From here on whoever asks is told that it is open. */
static int finish(struct envol *ev, const struct envol_boot_volume *volume)
{
	_cleanup_mapping_ struct envol_mapping mapping = ENVOL_MAPPING_INIT;
	struct envol_run_record record = ENVOL_RUN_RECORD_INIT;
	int err = envol_mapping_find(ev, volume->name, &mapping);

	if (err)
		return err;
	strcpy(record.uuid, mapping.info.uuid);
	strcpy(record.fingerprint, ENVOL_RUN_THROWAWAY);
	envol_run_remember(ev, volume->name, &record);
	return 0;
}

static int fill(struct envol *ev, const struct envol_boot_volume *volume,
		const char *program)
{
	_cleanup_free_ char *node = NULL;

	if (!program)
		return 0;
	if (asprintf(&node, "/dev/mapper/%s", volume->name) < 0) {
		node = NULL;
		return envol_error(ev, -ENOMEM, "out of memory");
	}
	return envol_mkfs_run(ev, program, node);
}

static void take_back(struct envol *ev, const char *name)
{
	char message[ENVOL_MESSAGE_SIZE];

	strcpy(message, ev->message);
	if (envol_volume_close(ev, name, false))
		envol_log_warning(ev, "%s", envol_error_message(ev));
	strcpy(ev->message, message);
}

/* Of an open that was cut short before its file system was there. */
static int clear_unfinished(struct envol *ev, const char *name)
{
	_cleanup_mapping_ struct envol_mapping mapping = ENVOL_MAPPING_INIT;
	char message[ENVOL_MESSAGE_SIZE];
	bool is_unfinished;

	strcpy(message, ev->message);
	is_unfinished = !envol_mapping_find(ev, name, &mapping) &&
			strcmp(mapping.known.fingerprint,
			       ENVOL_RUN_UNFINISHED) == 0;
	strcpy(ev->message, message);
	return is_unfinished ? envol_volume_close(ev, name, false) : 0;
}

static int make(struct envol *ev, const struct envol_boot_volume *volume,
		const char *path)
{
	_cleanup_place_ struct envol_place place = ENVOL_PLACE_INIT;
	_cleanup_free_ char *program = NULL;
	char uuid[ENVOL_NAME_LUKS_UUID_SIZE];
	int err = 0;

	if (*volume->throwaway)
		err = envol_mkfs_find(ev, volume->throwaway, &program);
	if (!err)
		err = clear_unfinished(ev, volume->name);
	if (!err)
		err = envol_activate_clear(ev, volume->name);
	if (!err)
		err = envol_place_take(ev, path, false, &place);
	if (!err)
		err = check_size(ev, volume, &place);
	if (!err)
		err = check_loss(ev, volume, &place.device);
	if (!err)
		err = make_uuid(ev, uuid);
	if (!err)
		err = activate(ev, volume, &place, uuid);
	if (err)
		return err;
	err = fill(ev, volume, program);
	if (!err)
		err = finish(ev, volume);
	if (err)
		take_back(ev, volume->name);
	return err;
}

/* One at a time: the second must not find a mapping whose file system is still being made. */
static int lock(struct envol *ev)
{
	_cleanup_close_ int dir = envol_file_open_dir(ev, "/run/envol", 0700, true);
	_cleanup_close_ int fd = -1;
	int err;

	if (dir < 0)
		return dir;
	fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return envol_error_errno(ev, -errno, "open %s", LOCK);
	err = envol_file_lock(ev, fd, true, LOCK_MS, LOCK);
	return err ? err : take_fd(&fd);
}

int envol_throwaway_open(struct envol *ev, const struct envol_boot_volume *volume,
			 const char *device, struct envol_volume_info *info)
{
	_cleanup_close_ int held = lock(ev);
	int err = held < 0 ? held : 0;

	if (!err && envol_boot_state(ev, volume) != ENVOL_BOOT_OPEN)
		err = make(ev, volume, device);
	if (err)
		return envol_error_while(ev, err, "open %s", device);
	if (info && envol_volume_status(ev, volume->name, NULL, info))
		envol_info_init(info);
	return 0;
}
