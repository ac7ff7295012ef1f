// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A restore that is cut short leaves the old header or the new one, see
 * metadata/luks_restore.c. Where neither copy was good before it may leave none; the
 * backup is still there, and what is left is known by its UUID, so that the restore
 * can be done again.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/metadata/copies.h"
#include "userspace/lib/volume/device.h"
#include "userspace/lib/volume/holder.h"
#include "userspace/lib/volume/signature.h"
#include "userspace/lib/volume/state.h"
#include "userspace/lib/volume/unwrap.h"

/* ---- backup ---- */

/* What can't be read back is no backup. */
static int prove_backup(struct envol *ev, const struct envol_header *h,
			const char *device, const char *file)
{
	const struct envol_token *was = envol_header_token(h), *is;
	_cleanup_header_ struct envol_header *backup = NULL;
	int err = envol_header_open(ev, device, file, &backup);

	if (err)
		return envol_error_while(ev, err, "read back the backup");
	is = envol_header_token(backup);
	if (was->generation != is->generation ||
	    !envol_digest_equal(was->mac, is->mac))
		return envol_error(ev, -EIO,
				   "%s holds something else than what was read; the header was changed meanwhile, or the disk fails",
				   file);
	return 0;
}

int envol_header_backup(struct envol *ev, const char *device, const char *header,
			const char *file)
{
	_cleanup_header_ struct envol_header *h = NULL;
	bool made = false;
	int err;

	err = envol_header_open(ev, device, header, &h);
	if (!err) {
		err = envol_header_save(ev, h, file);
		made = !err;
	}
	if (!err)
		err = prove_backup(ev, h, device, file);
	if (err && made)
		unlink(file);
	return err ? envol_error_while(ev, err, "back up the header of %s", device) :
		     0;
}

/* ---- restore ---- */

struct restore {
	const struct envol_volume_source *source;
	const char *file;
	bool force;
	struct envol_header *backup;
	struct envol_secret dek;	/* empty with @force */
	struct envol_device place;	/* of the header */
	bool made_place;		/* by this call: a file */
	bool is_same_volume;		/* as what is there */
	struct envol_copies was;	/* there, when it was compared */
};

static void restore_end(struct restore *restore)
{
	envol_header_close(restore->backup);
	envol_secret_wipe(&restore->dek);
	envol_device_close(&restore->place);
}

#define _cleanup_restore_ _cleanup_(restore_end)

/* Before the file is judged by how it fits to the device. */
static int check_device(struct envol *ev, const struct restore *restore)
{
	_cleanup_device_ struct envol_device device = ENVOL_DEVICE_INIT;
	_cleanup_device_ struct envol_device file = ENVOL_DEVICE_INIT;
	int err = envol_device_open(ev, restore->source->device, O_RDONLY,
				    &device);

	if (!err)
		err = envol_device_open(ev, restore->file, O_RDONLY, &file);
	if (!err && envol_device_differ(ev, &device, &file))
		err = envol_error(ev, -EINVAL,
				  "it is the device itself, and no backup");
	return err;
}

static int load_backup(struct envol *ev, struct restore *restore)
{
	const struct envol_volume_source *source = restore->source;
	int err = check_device(ev, restore);

	if (err)
		return err;
	err = envol_header_open(ev, source->device, restore->file,
				&restore->backup);
	if (err == -ENODATA)
		return envol_error_while(ev, err, "%s is no backup of a header",
					 restore->file);
	if (err)
		return envol_error_while(ev, err, "read backup %s", restore->file);
	if (restore->force)
		return 0;
	err = envol_unwrap_dek(ev, &restore->backup, source, &restore->dek, NULL);
	return err ? envol_error_while(ev, err, "prove backup %s", restore->file) :
		     0;
}

static int other_volume(struct envol *ev, const struct restore *restore,
			const char *what)
{
	return envol_error(ev, -EEXIST,
			   "%s is of another volume than the header on %s (%s); what lies there would be lost",
			   restore->file, restore->place.path, what);
}

static int compare_age(struct envol *ev, struct restore *restore,
		       struct envol_header *current)
{
	uint64_t is = envol_header_token(current)->generation;
	uint64_t was = envol_header_token(restore->backup)->generation;

	if (was >= is)
		return 0;
	/* A generation that the DEK does not vouch for is anybody's claim. */
	if (envol_header_verify(ev, current, &restore->dek))
		return 0;
	if (!restore->source->allow_older)
		return envol_error(ev, -ESTALE,
				   "%s has generation %" PRIu64
				   ", but the header on %s has %" PRIu64
				   " and is sound: an older one may bring back a KEK that was removed, and loses those that were added",
				   restore->file, was, restore->place.path, is);
	envol_log_warning(ev, "header of generation %" PRIu64 " goes for %" PRIu64,
			  is, was);
	return 0;
}

static int compare_header(struct envol *ev, struct restore *restore,
			  struct envol_header *current)
{
	const struct envol_token *is = envol_header_token(current);
	const struct envol_token *was = envol_header_token(restore->backup);

	if (memcmp(is->volume_id, was->volume_id, sizeof(is->volume_id)) != 0)
		return other_volume(ev, restore, "volume id");
	if (envol_header_info(current)->data_offset !=
	    envol_header_info(restore->backup)->data_offset)
		return other_volume(ev, restore, "data offset");
	restore->is_same_volume = true;
	return compare_age(ev, restore, current);
}

/* No header opens there. Is what is left the remains of this one, or nothing? */
static int compare_remains(struct envol *ev, struct restore *restore)
{
	const char *uuid = envol_header_info(restore->backup)->uuid;
	char found[ENVOL_SIGNATURE_TEXT];
	int err;

	if (strcmp(restore->was.first.uuid, uuid) == 0 ||
	    strcmp(restore->was.second.uuid, uuid) == 0) {
		restore->is_same_volume = true;
		return 0;
	}
	err = envol_signature_find(ev, &restore->place, found);
	if (!err && found[0])
		err = envol_error(ev, -EEXIST,
				  "%s has no header of this volume, but holds: %s; that would be lost",
				  restore->place.path, found);
	return err;
}

static int compare(struct envol *ev, struct restore *restore)
{
	const struct envol_volume_source *source = restore->source;
	_cleanup_header_ struct envol_header *current = NULL;
	int err = envol_header_open(ev, source->device, source->header, &current);

	if (!err)
		return compare_header(ev, restore, current);
	if (err == -ENODATA || err == -EBADMSG || err == -EPROTONOSUPPORT)
		return compare_remains(ev, restore);
	return err;
}

/* The data have to lie where the backup says, whatever else is asked for. */
static int check_fits(struct envol *ev, const struct restore *restore)
{
	_cleanup_device_ struct envol_device data = ENVOL_DEVICE_INIT;
	uint64_t offset = envol_header_info(restore->backup)->data_offset;
	int err = envol_device_open(ev, restore->source->device, O_RDONLY, &data);

	if (!err && data.size <= offset)
		err = envol_error(ev, -ENOSPC,
				  "%s has %" PRIu64
				  " bytes, but the volume of %s begins its data at %" PRIu64,
				  data.path, data.size, restore->file, offset);
	return err;
}

/* A detached header that is gone comes back as a file. */
static int make_place(struct envol *ev, struct restore *restore)
{
	const char *path = restore->source->header;
	int fd, err;

	if (!path || access(path, F_OK) == 0)
		return 0;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return envol_error_errno(ev, -errno, "make header file %s", path);
	restore->made_place = true;
	err = posix_fallocate(fd, 0, ENVOL_HEADER_SIZE);
	close(fd);
	return err ? envol_error_errno(ev, -err, "make room for a header in %s",
				       path) :
		     0;
}

static int take_place(struct envol *ev, struct restore *restore)
{
	const struct envol_volume_source *source = restore->source;
	int err = make_place(ev, restore);

	if (!err)
		err = envol_device_open(ev, source->header ?: source->device,
					O_RDWR, &restore->place);
	if (!err)
		err = envol_device_lock(ev, &restore->place);
	if (!err)
		err = check_fits(ev, restore);
	if (!err)
		err = envol_copies_look(ev, restore->place.path, &restore->was);
	if (err)
		return err;
	err = compare(ev, restore);
	if (err && restore->force) {
		envol_log_warning(ev, "%s", envol_error_message(ev));
		err = 0;
	}
	/* Under a mapping only its own header may be replaced. */
	if (!err && !restore->is_same_volume)
		err = envol_holder_check(ev, &restore->place);
	return err;
}

static int prove_restored(struct envol *ev, const struct restore *restore)
{
	const struct envol_volume_source *source = restore->source;
	_cleanup_header_ struct envol_header *h = NULL;
	int err = envol_header_open(ev, source->device, source->header, &h);

	if (!err && !restore->force)
		err = envol_header_verify(ev, h, &restore->dek);
	return err ? envol_error_while(ev, err,
				       "the backup was written, but what is there now") :
		     0;
}

static int restore_header(struct envol *ev, struct restore *restore)
{
	const struct envol_volume_source *source = restore->source;
	int err = load_backup(ev, restore);

	if (!err)
		err = take_place(ev, restore);
	if (!err)
		err = envol_header_load(ev, source->device, source->header,
					restore->file, &restore->was);
	if (!err)
		err = prove_restored(ev, restore);
	if (err && restore->made_place)
		unlink(source->header);
	return err;
}

int envol_header_restore(struct envol *ev, const struct envol_volume_source *source,
			 const char *file, bool force)
{
	_cleanup_restore_ struct restore restore = {
		.source = source,
		.file = file,
		.force = force,
		.dek = ENVOL_SECRET_INIT,
		.place = ENVOL_DEVICE_INIT,
	};
	int err = restore_header(ev, &restore);

	return err ? envol_error_while(ev, err, "restore the header of %s",
				       source->device) :
		     0;
}
