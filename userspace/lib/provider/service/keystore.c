// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/provider/service/enrol.h"
#include "userspace/lib/provider/service/keystore.h"
#include "userspace/lib/provider/service/seal.h"

#define LOCK_FILE "lock"
#define SUFFIX ".key"
#define TEMPORARY ".envol-"	/* of envol_file_replace() */
#define FILE_NAME_SIZE (ENVOL_SERVICE_NAME_SIZE + sizeof(SUFFIX))

static void file_name(char file[FILE_NAME_SIZE], const char *name)
{
	snprintf(file, FILE_NAME_SIZE, "%s" SUFFIX, name);
}

/* Whoever could write it could put an older keystore in place of this one. */
static int check_owner(struct envol *ev, const char *what, const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return envol_error(ev, -EPERM,
				   "%s: owned by user %u; run chown root on it once you know why",
				   what, (unsigned int)st->st_uid);
	if (st->st_mode & 0022)
		return envol_error(ev, -EPERM,
				   "%s: others may write it; run chmod go-w on it once you know why",
				   what);
	return 0;
}

static int open_dir(struct envol_keystore *ks, enum envol_keystore_mode mode)
{
	struct envol *ev = ks->ev;
	struct stat st;

	ks->dir = envol_file_open_dir(ev, ev->keystore, 0700,
				      mode == ENVOL_KEYSTORE_CREATE);
	if (ks->dir == -ENOENT)
		return envol_error(ev, -ENOENT,
				   "there is no keystore %s; `envol key create NAME` makes one with its first key",
				   ev->keystore);
	if (ks->dir < 0)
		return ks->dir;
	if (fstat(ks->dir, &st))
		return envol_error_errno(ev, -errno, "stat %s", ev->keystore);
	return check_owner(ev, ev->keystore, &st);
}

static int lock(struct envol_keystore *ks)
{
	struct envol *ev = ks->ev;

	ks->lock = openat(ks->dir, LOCK_FILE,
			  O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (ks->lock < 0)
		return envol_error_errno(ev, -errno, "open %s/" LOCK_FILE,
					 ev->keystore);
	return envol_file_lock(ev, ks->lock, true,
			       envol_deadline_left_ms(ks->deadline),
			       ev->keystore);
}

/* The name of the key whose file @file is. */
static bool key_name(char name[ENVOL_SERVICE_NAME_SIZE], const char *file)
{
	size_t len = strlen(file), suffix_len = strlen(SUFFIX);

	if (len <= suffix_len || len - suffix_len >= ENVOL_SERVICE_NAME_SIZE ||
	    strcmp(file + len - suffix_len, SUFFIX) != 0)
		return false;
	memcpy(name, file, len - suffix_len);
	name[len - suffix_len] = 0;
	return name[0] != '.';
}

static int read_dir(struct envol_keystore *ks, DIR **dir)
{
	int fd = openat(ks->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	*dir = fd < 0 ? NULL : fdopendir(fd);
	if (*dir)
		return 0;
	err = -errno;
	if (fd >= 0)
		close(fd);
	return envol_error_errno(ks->ev, err, "read %s", ks->ev->keystore);
}

static int for_each_file(struct envol_keystore *ks,
			 void (*fn)(struct envol_keystore *ks, const char *file,
				    void *data),
			 void *data)
{
	struct dirent *entry;
	DIR *dir;
	int err = read_dir(ks, &dir);

	if (err)
		return err;
	while ((entry = readdir(dir)))
		fn(ks, entry->d_name, data);
	closedir(dir);
	return 0;
}

/* With the lock: what a writer that was killed has left goes, a root key perhaps. */
static void sweep(struct envol_keystore *ks, const char *file, void *unused)
{
	if (strncmp(file, TEMPORARY, strlen(TEMPORARY)) == 0)
		envol_file_discard(ks->dir, file);
}

static void look_for_key(struct envol_keystore *ks, const char *file, void *data)
{
	char name[ENVOL_SERVICE_NAME_SIZE];
	bool *has_keys = data;

	*has_keys |= key_name(name, file);
}

static int load_file(struct envol_keystore *ks, const char *file, size_t max,
		     struct envol_blob *text)
{
	struct stat st;
	int err;

	if (fstatat(ks->dir, file, &st, AT_SYMLINK_NOFOLLOW))
		return envol_error_errno(ks->ev, -errno, "%s", file);
	if (!S_ISREG(st.st_mode))
		return envol_error(ks->ev, -EPERM, "%s: not a regular file",
				   file);
	err = check_owner(ks->ev, file, &st);
	return err ? err : envol_file_load(ks->ev, ks->dir, file, max, text);
}

static int load_index(struct envol_keystore *ks)
{
	_cleanup_blob_ struct envol_blob text = ENVOL_BLOB_INIT;
	int err;

	err = load_file(ks, ENVOL_INDEX_FILE, ENVOL_INDEX_FILE_MAX, &text);
	if (err == -ENOENT)
		return envol_error(ks->ev, -EBADMSG,
				   "the file " ENVOL_INDEX_FILE " is gone, and older keys can't be told from newer; bring it back from a copy of the directory, or restore each key from its backup into a new keystore");
	if (!err)
		err = envol_index_parse(ks->ev, &ks->root, &text, &ks->index);
	return err ? envol_error_while(ks->ev, err, "file " ENVOL_INDEX_FILE) :
		     0;
}

static int store_index(struct envol_keystore *ks)
{
	_cleanup_blob_ struct envol_blob text = ENVOL_BLOB_INIT;
	int err;

	err = envol_index_format(ks->ev, &ks->root, &ks->index, &text);
	return err ? err : envol_file_replace(ks->ev, ks->dir, ENVOL_INDEX_FILE,
					      text.data, text.len, 0600, false);
}

/* An index without its root key is no keystore yet, so a second try begins anew. */
static int make_root(struct envol_keystore *ks)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	int err;

	err = envol_root_new(ks->ev, &key, &ks->root);
	if (!err)
		err = store_index(ks);
	if (!err)
		err = envol_root_store(ks->ev, ks->dir, &key, &ks->root);
	return err;
}

/*
 * Who names a TPM does not want a new key under less. One that is there stays of
 * use: volumes must open, and a key must be disabled.
 */
static int check_protection(struct envol_keystore *ks,
			    enum envol_keystore_mode mode)
{
	static const char differ[] =
		"the root key lies in a file, although a TPM was asked for (%s); `envol key reseal` has that TPM seal it";

	if (ks->root.sealed || mode == ENVOL_KEYSTORE_RESEAL ||
	    !envol_seal_is_asked_for(ks->ev))
		return 0;
	if (mode == ENVOL_KEYSTORE_CREATE)
		return envol_error(ks->ev, -EINVAL, differ, ks->ev->tpm);
	envol_log_warning(ks->ev, differ, ks->ev->tpm);
	return 0;
}

/* A first key is stored after the root key, so keys without one have lost it. */
static int load_root(struct envol_keystore *ks, enum envol_keystore_mode mode)
{
	bool has_keys = false;
	int err = envol_root_load(ks->ev, ks->dir, ks->deadline, &ks->root);

	if (err != -ENOENT)
		return err ? err : load_index(ks);
	err = for_each_file(ks, look_for_key, &has_keys);
	if (err)
		return err;
	if (has_keys)
		return envol_error(ks->ev, -EBADMSG,
				   "there are keys, but their root key (file " ENVOL_ROOT_FILE ") is gone; bring the file back from a copy, or move the directory away and restore each key from its backup into a new keystore");
	if (mode == ENVOL_KEYSTORE_CREATE)
		return make_root(ks);
	return envol_error(ks->ev, -ENOENT,
			   "there are no keys yet; `envol key create NAME` makes the first");
}

static int open_all(struct envol_keystore *ks, enum envol_keystore_mode mode)
{
	int err;

	err = open_dir(ks, mode);
	if (!err && mode != ENVOL_KEYSTORE_READ)
		err = lock(ks);
	if (!err && mode != ENVOL_KEYSTORE_READ)
		err = for_each_file(ks, sweep, NULL);
	if (err)
		return err;
	err = load_root(ks, mode);
	if (!err)
		err = check_protection(ks, mode);
	return err ? envol_error_while(ks->ev, err, "keystore %s",
				       ks->ev->keystore) : 0;
}

int envol_keystore_open(struct envol *ev, enum envol_keystore_mode mode,
			struct envol_deadline deadline, struct envol_keystore *ks)
{
	int err;

	ks->ev = ev;
	ks->deadline = deadline;
	err = open_all(ks, mode);
	if (err)
		envol_keystore_close(ks);
	return err;
}

void envol_keystore_close(struct envol_keystore *ks)
{
	if (ks->dir >= 0)
		close(ks->dir);
	if (ks->lock >= 0)
		close(ks->lock);
	envol_root_wipe(&ks->root);
	envol_index_free(&ks->index);
	*ks = (struct envol_keystore)ENVOL_KEYSTORE_INIT;
}

int envol_keystore_reseal(struct envol_keystore *ks,
			  const struct envol_key_reseal *how, char **advice)
{
	int err = envol_enrol_change(ks->ev, ks->dir, ks->deadline, how, advice);

	return err ? envol_error_while(ks->ev, err, "keystore %s",
				       ks->ev->keystore) : 0;
}

static int check_record(struct envol_keystore *ks, const char *name,
			const struct envol_record *record)
{
	uint64_t known = envol_index_generation(&ks->index, name);

	if (strcmp(record->name, name) != 0)
		return envol_error(ks->ev, -EBADMSG,
				   "holds the key \"%s\": two files were swapped, or one was renamed",
				   record->name);
	if (record->generation < known)
		return envol_error(ks->ev, -ESTALE,
				   "an older copy (generation %ju, and the newest is %ju); bring the newest file back, or restore the key from its backup with --replace",
				   (uintmax_t)record->generation,
				   (uintmax_t)known);
	return 0;
}

static int not_there(struct envol_keystore *ks, const char *name)
{
	if (envol_index_generation(&ks->index, name))
		return envol_error(ks->ev, -ENOENT,
				   "its file %s/%s" SUFFIX " is gone; bring it back, or restore the key from its backup",
				   ks->ev->keystore, name);
	return envol_error(ks->ev, -ENOENT,
			   "the keystore %s has no key \"%s\"; see `envol key list`, or `envol key create %s`",
			   ks->ev->keystore, name, name);
}

int envol_keystore_load(struct envol_keystore *ks, const char *name,
			struct envol_record *record)
{
	_cleanup_blob_ struct envol_blob text = ENVOL_BLOB_INIT;
	char file[FILE_NAME_SIZE];
	int err;

	file_name(file, name);
	err = load_file(ks, file, ENVOL_RECORD_FILE_MAX, &text);
	if (err == -ENOENT)
		return not_there(ks, name);
	if (!err)
		err = envol_record_parse(ks->ev, &ks->root, &text, record);
	if (!err)
		err = check_record(ks, name, record);
	if (!err)
		return 0;
	envol_record_free(record);
	return envol_error_while(ks->ev, err, "file %s/%s", ks->ev->keystore,
				 file);
}

int envol_keystore_store(struct envol_keystore *ks, struct envol_record *record)
{
	_cleanup_blob_ struct envol_blob text = ENVOL_BLOB_INIT;
	uint64_t known = envol_index_generation(&ks->index, record->name);
	char file[FILE_NAME_SIZE];
	int err;

	if (record->generation < known)
		record->generation = known;
	record->generation++;
	/* Before anything is written: it may be full. */
	err = envol_index_set(ks->ev, &ks->index, record->name,
			      record->generation);
	if (!err)
		err = envol_record_format(ks->ev, &ks->root, record, &text);
	if (err)
		return err;
	file_name(file, record->name);
	err = envol_file_replace(ks->ev, ks->dir, file, text.data, text.len,
				 0600, false);
	if (!err)
		err = store_index(ks);
	return err ? envol_error_while(ks->ev, err, "keystore %s",
				       ks->ev->keystore) : 0;
}

int envol_keystore_has(struct envol_keystore *ks, const char *name)
{
	char file[FILE_NAME_SIZE];

	if (envol_index_generation(&ks->index, name))
		return 1;
	file_name(file, name);
	if (faccessat(ks->dir, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : envol_error_errno(ks->ev, -errno, "%s",
						       file);
}

static int add_name(struct envol_keystore *ks, struct envol_index *names,
		    const char *name)
{
	return envol_index_set(ks->ev, names, name, 1);
}

/* Those that have a file are not all in the index: a writer may have been killed between. */
static int collect_names(struct envol_keystore *ks, struct envol_index *names)
{
	char name[ENVOL_SERVICE_NAME_SIZE];
	struct dirent *entry;
	DIR *dir;
	size_t i;
	int err = 0;

	for (i = 0; i < ks->index.n_entries && !err; i++)
		err = add_name(ks, names, ks->index.entries[i].name);
	if (!err)
		err = read_dir(ks, &dir);
	if (err)
		return err;
	while (!err && (entry = readdir(dir)))
		if (key_name(name, entry->d_name))
			err = add_name(ks, names, name);
	closedir(dir);
	return err;
}

int envol_keystore_list(struct envol_keystore *ks, char ***names,
			size_t *n_names)
{
	struct envol_index all = ENVOL_INDEX_INIT;
	int err = collect_names(ks, &all);
	char **list = NULL;
	size_t n = 0;

	if (!err)
		list = calloc(all.n_entries + 1, sizeof(*list));
	for (; list && n < all.n_entries; n++) {
		list[n] = strdup(all.entries[n].name);
		if (!list[n])
			break;
	}
	if (!err && (!list || n < all.n_entries))
		err = envol_error(ks->ev, -ENOMEM, "out of memory");
	envol_index_free(&all);
	if (list) {
		*names = list;
		*n_names = n;
	}
	return err;
}
