// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/volume/state.h"

#define DIRECTORY "volumes"
#define RECORD_MAX 64
#define LOCK_TIMEOUT_MS 5000

/* The whole of a record: a line that names the format, and one with the number. */
static const char first_line[] = "envol volume 1\ngeneration ";

struct record {
	int dir;		/* locked */
	char path[ENVOL_MESSAGE_SIZE / 2];	/* for messages */
	char name[2 * ENVOL_SEALED_ID_SIZE + 1];
};

static void record_close(struct record *record)
{
	if (record->dir >= 0)
		close(record->dir);
}

#define _cleanup_record_ _cleanup_(record_close)

/* Of a read-only file system only reading can be had, and its locks work as well. */
static int record_open(struct envol *ev, struct record *record, bool create,
		       const uint8_t volume_id[ENVOL_SEALED_ID_SIZE])
{
	char path[ENVOL_MESSAGE_SIZE / 2];

	snprintf(path, sizeof(path), "%s/" DIRECTORY, ev->state);
	envol_hex_encode(record->name, volume_id, ENVOL_SEALED_ID_SIZE);
	snprintf(record->path, sizeof(record->path), "%s/" DIRECTORY "/%s",
		 ev->state, record->name);
	record->dir = envol_file_open_dir(ev, path, 0700, create);
	if (record->dir == -EROFS)
		record->dir = envol_file_open_dir(ev, path, 0700, false);
	if (record->dir < 0)
		return record->dir;
	return envol_file_lock(ev, record->dir, true, LOCK_TIMEOUT_MS, path);
}

static bool parse(const struct envol_blob *file, uint64_t *generation)
{
	char text[RECORD_MAX + 1], again[RECORD_MAX + 1];

	if (file->len == 0 || file->len > RECORD_MAX)
		return false;
	memcpy(text, file->data, file->len);
	text[file->len] = 0;
	if (strncmp(text, first_line, strlen(first_line)) != 0)
		return false;
	*generation = strtoull(text + strlen(first_line), NULL, 10);
	/* What would not be written so was not written so. */
	snprintf(again, sizeof(again), "%s%" PRIu64 "\n", first_line,
		 *generation);
	return strlen(text) == file->len && strcmp(text, again) == 0;
}

/* 0 in @generation where none was seen. */
static int load(struct envol *ev, const struct record *record,
		uint64_t *generation)
{
	_cleanup_blob_ struct envol_blob file = ENVOL_BLOB_INIT;
	int err = envol_file_load(ev, record->dir, record->name, RECORD_MAX,
				  &file);

	*generation = 0;
	if (err == -ENOENT)
		return 0;
	if (!err && parse(&file, generation))
		return 0;
	if (!err || err == -EFBIG)
		return envol_error(ev, -EBADMSG,
				   "%s, which says how new the header has to be, is damaged; if you know that the header is the newest, delete that file",
				   record->path);
	return err;
}

static int store(struct envol *ev, const struct record *record,
		 uint64_t generation)
{
	char text[RECORD_MAX + 1];

	snprintf(text, sizeof(text), "%s%" PRIu64 "\n", first_line, generation);
	return envol_file_replace(ev, record->dir, record->name, text,
				  strlen(text), 0600, false);
}

static int check(struct envol *ev, const struct record *record,
		 uint64_t generation, bool allow_older)
{
	uint64_t seen;
	int err = load(ev, record, &seen);

	if (err || generation == seen)
		return err;
	if (generation < seen && !allow_older)
		return envol_error(ev, -ESTALE,
				   "the header has generation %" PRIu64
				   ", but %" PRIu64
				   " was seen here: an older header may bring back a KEK that was removed; if it was put back on purpose, allow an older one once",
				   generation, seen);
	if (generation < seen)
		envol_log_warning(ev,
				  "header of generation %" PRIu64
				  " accepted although %" PRIu64 " was seen here",
				  generation, seen);
	return store(ev, record, generation);
}

int envol_state_check(struct envol *ev,
		      const uint8_t volume_id[ENVOL_SEALED_ID_SIZE],
		      uint64_t generation, bool allow_older)
{
	_cleanup_record_ struct record record = { .dir = -1 };
	int err = record_open(ev, &record, true, volume_id);

	if (!err)
		err = check(ev, &record, generation, allow_older);
	if (!err || err == -ESTALE || err == -EBADMSG || err == -ENOMEM)
		return err;
	envol_log_warning(ev,
			  "no memory of the header's generation (%" PRIu64
			  ") here, so an older header can't be told: %s",
			  generation, envol_error_message(ev));
	return 0;
}

int envol_state_seen(struct envol *ev,
		     const uint8_t volume_id[ENVOL_SEALED_ID_SIZE],
		     uint64_t *generation)
{
	_cleanup_record_ struct record record = { .dir = -1 };
	int err = record_open(ev, &record, false, volume_id);

	*generation = 0;
	if (err == -ENOENT)
		return 0;
	return err ? err : load(ev, &record, generation);
}
