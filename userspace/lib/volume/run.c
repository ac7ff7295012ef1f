// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/volume/run.h"

#define DIRECTORY "/run/envol"
#define LOCK DIRECTORY "/mapping.lock"
#define MAPPINGS DIRECTORY "/mappings"
#define RECORD_MAX (PATH_MAX + 256)

int envol_run_lock(struct envol *ev)
{
	_cleanup_close_ int dir = envol_file_open_dir(ev, DIRECTORY, 0700, true);
	_cleanup_close_ int fd = -1;
	int err;

	if (dir < 0)
		return dir;
	fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return envol_error_errno(ev, -errno, "open %s", LOCK);
	err = envol_file_lock(ev, fd, true, ev->timeout_ms, LOCK);
	return err ? err : take_fd(&fd);
}

void envol_run_free(struct envol_run_record *record)
{
	free(record->header);
	*record = (struct envol_run_record)ENVOL_RUN_RECORD_INIT;
}

bool envol_run_is_throwaway(const struct envol_run_record *record)
{
	return strncmp(record->fingerprint, ENVOL_RUN_THROWAWAY,
		       strlen(ENVOL_RUN_THROWAWAY)) == 0;
}

/*
 * @path for whoever asks from another directory. A link as its last part stays one: what
 * stands in /dev/mapper or /dev/disk is still that device when the kernel has given its
 * name to another.
 */
static char *from_root(const char *path)
{
	const char *last = strrchr(path, '/');
	_cleanup_free_ char *dir = NULL, *whole = NULL;
	char *full;

	dir = last ? strndup(path, last - path + 1) : strdup(".");
	if (!dir)
		return NULL;
	whole = realpath(dir, NULL);
	if (!whole || asprintf(&full, "%s/%s", strcmp(whole, "/") ? whole : "",
			       last ? last + 1 : path) < 0)
		return NULL;
	return full;
}

/* Three lines: UUID, fingerprint, path. A path with a newline is one to be given again. */
void envol_run_remember(struct envol *ev, const char *name,
			const struct envol_run_record *record)
{
	_cleanup_close_ int dir = envol_file_open_dir(ev, MAPPINGS, 0700, true);
	_cleanup_free_ char *text = NULL, *path = NULL;
	int err = dir < 0 ? dir : 0;

	if (!err && record->header) {
		path = from_root(record->header);
		if (!path)
			err = envol_error_errno(ev, -errno, "%s",
						record->header);
	}
	if (!err && asprintf(&text, "%s\n%s\n%s\n", record->uuid,
			     record->fingerprint, path ? path : "") < 0) {
		text = NULL;
		err = envol_error(ev, -ENOMEM, "out of memory");
	}
	if (!err)
		err = envol_file_replace(ev, dir, name, text, strlen(text),
					 0600, false);
	if (err)
		envol_log_warning(ev, "mapping %s is not remembered: %s", name,
				  envol_error_message(ev));
}

/* The next line of @file, to be freed; NULL where there is none. */
static char *next_line(const struct envol_blob *file, size_t *at)
{
	const char *from, *end;

	/* An empty file has no bytes to point at. */
	if (*at == file->len)
		return NULL;
	from = (const char *)file->data + *at;
	end = memchr(from, '\n', file->len - *at);
	if (!end)
		return NULL;
	*at += end - from + 1;
	return strndup(from, end - from);
}

static bool parse(const struct envol_blob *file, struct envol_run_record *record)
{
	size_t at = 0;
	_cleanup_free_ char *uuid = next_line(file, &at);
	_cleanup_free_ char *fingerprint = uuid ? next_line(file, &at) : NULL;
	_cleanup_free_ char *header = fingerprint ? next_line(file, &at) : NULL;

	if (!header || at != file->len ||
	    strlen(uuid) >= sizeof(record->uuid) ||
	    strlen(fingerprint) >= sizeof(record->fingerprint))
		return false;
	strcpy(record->uuid, uuid);
	strcpy(record->fingerprint, fingerprint);
	if (*header)
		record->header = take_ptr(header);
	return true;
}

bool envol_run_recall(struct envol *ev, const char *name, const char *uuid,
		      struct envol_run_record *record)
{
	_cleanup_run_record_ struct envol_run_record got = ENVOL_RUN_RECORD_INIT;
	_cleanup_blob_ struct envol_blob file = ENVOL_BLOB_INIT;
	char path[sizeof(MAPPINGS) + NAME_MAX + 1];

	snprintf(path, sizeof(path), MAPPINGS "/%s", name);
	if (envol_file_load(ev, AT_FDCWD, path, RECORD_MAX, &file) ||
	    !parse(&file, &got) || strcmp(got.uuid, uuid) != 0)
		return false;
	*record = got;
	got = (struct envol_run_record)ENVOL_RUN_RECORD_INIT;
	return true;
}

void envol_run_forget(const char *name)
{
	char path[sizeof(MAPPINGS) + NAME_MAX + 1];

	snprintf(path, sizeof(path), MAPPINGS "/%s", name);
	unlink(path);
}
