// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/watch/record.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_LEN 36
#define TEXT_MAX 200
#define KEY_MAX 200

/* ---- in the handle ---- */

struct envol_watch_memory {
	struct envol_watch_memory *next;
	char *key;
	struct envol_decide_record record;
	bool is_stored;		/* in the file too */
	bool is_blind;
};

/* By both: a copy of a volume has its UUID, and a name may be another volume's tomorrow. */
static const char *key_of(const struct envol_volume_info *volume, char key[KEY_MAX + 1])
{
	snprintf(key, KEY_MAX + 1, "%s.%s", volume->uuid, volume->name);
	return key;
}

static struct envol_watch_memory *find(struct envol *ev, const char *key)
{
	struct envol_watch_memory *m = ev->watch_memory;

	while (m && strcmp(m->key, key) != 0)
		m = m->next;
	return m;
}

/* NULL where memory is short: the file has to do. */
static struct envol_watch_memory *add(struct envol *ev, const char *key)
{
	struct envol_watch_memory *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->key = strdup(key);
	if (!m->key) {
		free(m);
		return NULL;
	}
	m->next = ev->watch_memory;
	ev->watch_memory = m;
	return m;
}

void envol_watch_record_free(struct envol *ev)
{
	struct envol_watch_memory *m;

	while ((m = ev->watch_memory)) {
		ev->watch_memory = m->next;
		free(m->key);
		free(m);
	}
}

/* ---- in the file ---- */

static int open_directory(struct envol *ev, bool create)
{
	char path[ENVOL_MESSAGE_SIZE / 2];

	snprintf(path, sizeof(path), "%s/watch", ev->state);
	return envol_file_open_dir(ev, path, 0700, create);
}

static int read_boot_id(struct envol *ev, char id[BOOT_ID_LEN + 1])
{
	_cleanup_blob_ struct envol_blob text = ENVOL_BLOB_INIT;
	int err = envol_file_load(ev, AT_FDCWD, BOOT_ID, TEXT_MAX, &text);

	if (!err && text.len < BOOT_ID_LEN)
		err = envol_error(ev, -EBADMSG, BOOT_ID ": too short");
	if (err)
		return err;
	memcpy(id, text.data, BOOT_ID_LEN);
	id[BOOT_ID_LEN] = 0;
	return 0;
}

static int format(struct envol *ev, const struct envol_decide_record *record,
		  char text[TEXT_MAX])
{
	char boot[BOOT_ID_LEN + 1];
	int err = read_boot_id(ev, boot);

	if (!err)
		snprintf(text, TEXT_MAX,
			 "envol watch 1\nboot %s\nbad %" PRId64 "\nrefused %" PRId64 "\n",
			 boot, record->bad_since_ms, record->refused_since_ms);
	return err;
}

/* What would not be written so was not written so, or in another boot. */
static bool parse(struct envol *ev, const struct envol_blob *file,
		  struct envol_decide_record *record)
{
	char text[TEXT_MAX + 1], again[TEXT_MAX];

	memcpy(text, file->data, file->len);
	text[file->len] = 0;
	if (sscanf(text, "envol watch 1\nboot %*s\nbad %" SCNd64 "\nrefused %" SCNd64,
		   &record->bad_since_ms, &record->refused_since_ms) != 2)
		return false;
	return !format(ev, record, again) && strcmp(text, again) == 0 &&
	       record->bad_since_ms >= 0;
}

static void load(struct envol *ev, const char *key, struct envol_decide_record *record)
{
	_cleanup_blob_ struct envol_blob file = ENVOL_BLOB_INIT;
	_cleanup_close_ int dir = open_directory(ev, false);

	if (dir >= 0 && !envol_file_load(ev, dir, key, TEXT_MAX, &file) &&
	    file.len && parse(ev, &file, record))
		return;
	*record = (struct envol_decide_record)ENVOL_DECIDE_RECORD_INIT;
}

static int store(struct envol *ev, const char *key,
		 const struct envol_decide_record *record)
{
	bool remove = record->bad_since_ms < 0;
	_cleanup_close_ int dir = open_directory(ev, !remove);
	char text[TEXT_MAX];
	int err;

	if (dir < 0)
		return remove && dir == -ENOENT ? 0 : dir;
	if (remove)
		return unlinkat(dir, key, 0) && errno != ENOENT ?
			       envol_error_errno(ev, -errno, "remove %s", key) :
			       0;
	err = format(ev, record, text);
	return err ? err : envol_file_replace(ev, dir, key, text, strlen(text),
					      0600, false);
}

/* ---- both ---- */

void envol_watch_record_load(struct envol *ev, const struct envol_volume_info *volume,
			     struct envol_decide_record *record)
{
	char key[KEY_MAX + 1];
	struct envol_watch_memory *m = find(ev, key_of(volume, key));

	if (m) {
		*record = m->record;
		return;
	}
	load(ev, key, record);
	m = add(ev, key);
	if (m) {
		m->record = *record;
		m->is_stored = true;
	}
}

static bool is_same(const struct envol_decide_record *a, const struct envol_decide_record *b)
{
	return a->bad_since_ms == b->bad_since_ms &&
	       a->refused_since_ms == b->refused_since_ms;
}

/* What is the same is not written again: the disk may be one that is locked. */
void envol_watch_record_store(struct envol *ev, const struct envol_volume_info *volume,
			      const struct envol_decide_record *record)
{
	char key[KEY_MAX + 1];
	struct envol_watch_memory *m = find(ev, key_of(volume, key));
	int err;

	if (m && m->is_stored && is_same(&m->record, record))
		return;
	if (m)
		m->record = *record;
	err = store(ev, key, record);
	if (m)
		m->is_stored = !err;
	if (err)
		envol_log_warning(ev, "the watch cannot remember beyond its end since when volume %s is not well: %s",
				  key, envol_error_message(ev));
}

bool envol_watch_record_set_blind(struct envol *ev, const struct envol_volume_info *volume,
				  bool is_blind)
{
	char key[KEY_MAX + 1];
	struct envol_watch_memory *m = find(ev, key_of(volume, key));
	bool was_blind = m && m->is_blind;

	if (m)
		m->is_blind = is_blind;
	return was_blind != is_blind;
}

/* ---- of volumes that are gone ---- */

static const struct envol_decide_record none = ENVOL_DECIDE_RECORD_INIT;

void envol_watch_record_forget(struct envol *ev, const struct envol_volume_info *volume)
{
	struct envol_decide_record record;

	envol_watch_record_load(ev, volume, &record);
	envol_watch_record_store(ev, volume, &none);
	envol_watch_record_set_blind(ev, volume, false);
}

static bool is_one_of(const struct envol_volume_info *volumes, size_t n, const char *key)
{
	char this[KEY_MAX + 1];

	while (n-- > 0)
		if (volumes[n].name && volumes[n].uuid &&
		    strcmp(key_of(&volumes[n], this), key) == 0)
			return true;
	return false;
}

static void forget_in_handle(struct envol *ev, const struct envol_volume_info *volumes,
			     size_t n)
{
	struct envol_watch_memory **at = &ev->watch_memory, *m;

	while ((m = *at)) {
		if (is_one_of(volumes, n, m->key)) {
			at = &m->next;
		} else if (store(ev, m->key, &none)) {
			/* Of a file that can't be removed the handle knows better. */
			m->record = none;
			m->is_blind = m->is_stored = false;
			at = &m->next;
		} else {
			*at = m->next;
			free(m->key);
			free(m);
		}
	}
}

void envol_watch_record_forget_others(struct envol *ev,
				      const struct envol_volume_info *volumes, size_t n)
{
	int fd = open_directory(ev, false);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	forget_in_handle(ev, volumes, n);
	if (fd >= 0 && !dir)
		close(fd);
	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.' && !is_one_of(volumes, n, entry->d_name))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}
