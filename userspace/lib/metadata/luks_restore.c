// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A backup in place of a header, written so that at every moment one copy is whole:
 * first over the copy that does not count, then the keyslots, then over the copy
 * that does, each on the disk before the next. What is cut short is the old header
 * or the backup's, with the wraps of either; only keyslots may lie there that are
 * the other's, and doing it again mends that. libcryptsetup writes all in one go.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/metadata/lock.h"
#include "userspace/lib/metadata/luks_state.h"

#define BACKUP_MAX (64u << 20)

struct restore {
	const char *path, *file;
	uint8_t *bytes, *there;	/* of the backup; as much of what lies there */
	size_t len, copy_size;
	int fd;			/* of @path */
};

static void restore_end(struct restore *restore)
{
	free(restore->bytes);
	free(restore->there);
	if (restore->fd >= 0)
		close(restore->fd);
}

#define _cleanup_restore_ _cleanup_(restore_end)

static int no_backup(struct envol *ev, const struct restore *restore,
		     const char *why)
{
	return envol_error(ev, -EBADMSG, "%s is no backup of a header: %s",
			   restore->file, why);
}

static int read_backup(struct envol *ev, struct restore *restore)
{
	_cleanup_close_ int fd = open(restore->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct envol_copies copies;
	struct stat st;
	int err;

	if (fd < 0 || fstat(fd, &st))
		return envol_error_errno(ev, -errno, "open %s", restore->file);
	if (!S_ISREG(st.st_mode))
		return no_backup(ev, restore, "not a regular file");
	err = envol_copies_look(ev, restore->file, &copies);
	if (err)
		return err;
	if (copies.first.state != ENVOL_COPY_GOOD ||
	    copies.second.state != ENVOL_COPY_GOOD ||
	    copies.first.sequence != copies.second.sequence)
		return no_backup(ev, restore,
				 "of its two copies one is damaged or missing");
	restore->copy_size = copies.first.size;
	if (st.st_size < 2 * (off_t)restore->copy_size || st.st_size > BACKUP_MAX)
		return no_backup(ev, restore, "of a size that no header has");
	restore->len = st.st_size;
	restore->bytes = malloc(restore->len);
	restore->there = calloc(1, restore->len);
	if (!restore->bytes || !restore->there)
		return envol_error(ev, -ENOMEM, "out of memory");
	err = envol_file_pread(fd, restore->bytes, restore->len, 0);
	return err ? envol_error_errno(ev, err, "read %s", restore->file) : 0;
}

/* A file grows where it is too small, by zeros. */
static int read_place(struct envol *ev, struct restore *restore)
{
	off_t size = lseek(restore->fd, 0, SEEK_END);
	struct stat st;
	size_t len;
	int err;

	if (size < 0 || fstat(restore->fd, &st))
		return envol_error_errno(ev, -errno, "size of %s", restore->path);
	if (S_ISBLK(st.st_mode) && (uint64_t)size < restore->len)
		return envol_error(ev, -ENOSPC,
				   "%s has %jd bytes, and the backup %zu",
				   restore->path, (intmax_t)size, restore->len);
	len = (uint64_t)size < restore->len ? (size_t)size : restore->len;
	err = envol_file_pread(restore->fd, restore->there, len, 0);
	if (err)
		return envol_error_errno(ev, err, "read %s", restore->path);
	if (len < restore->len && ftruncate(restore->fd, restore->len))
		return envol_error_errno(ev, -errno, "make room in %s",
					 restore->path);
	return 0;
}

/* Bytes that are right already are not put at risk. */
static int put(struct envol *ev, struct restore *restore, size_t from, size_t to)
{
	int err;

	if (memcmp(restore->there + from, restore->bytes + from, to - from) == 0)
		return 0;
	err = envol_file_pwrite(restore->fd, restore->bytes + from, to - from,
				from);
	if (!err && fsync(restore->fd))
		err = -errno;
	return err ? envol_error_errno(ev, err, "write the header of %s",
				       restore->path) :
		     0;
}

static int put_all(struct envol *ev, struct restore *restore,
		   const struct envol_copies *copies)
{
	size_t size = restore->copy_size;
	bool first_counts = envol_copies_newest(copies) != &copies->second;
	size_t stale = first_counts ? size : 0, counting = first_counts ? 0 : size;
	int err = put(ev, restore, stale, stale + size);

	if (!err)
		err = put(ev, restore, 2 * size, restore->len);
	return err ? err : put(ev, restore, counting, counting + size);
}

static bool is_unchanged(const struct envol_copies *was,
			 const struct envol_copies *is)
{
	if (!envol_copies_newest(was))
		return !envol_copies_newest(is);
	return envol_copies_equal(was, is);
}

int envol_luks_restore(struct envol *ev, const char *path, const char *file,
		       const struct envol_copies *was)
{
	_cleanup_restore_ struct restore restore = { .path = path, .file = file,
						     .fd = -1 };
	_cleanup_lock_ struct envol_lock lock = ENVOL_LOCK_INIT;
	struct envol_copies copies;
	int err = read_backup(ev, &restore);

	if (!err)
		err = envol_luks_check_writable(ev, path);
	if (err)
		return err;
	restore.fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (restore.fd < 0)
		return envol_error_errno(ev, -errno, "open %s for writing", path);
	err = envol_lock_take(ev, path, true, &lock);
	if (!err)
		err = envol_copies_look_locked(ev, path, restore.fd, &copies);
	if (!err && was && !is_unchanged(was, &copies))
		err = envol_error(ev, -EBUSY,
				  "%s: another process has just changed its header; look again",
				  path);
	if (!err)
		err = read_place(ev, &restore);
	return err ? err : put_all(ev, &restore, &copies);
}
