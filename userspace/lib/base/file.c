// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"

#define LOCK_RETRY_MS 20
#define OVERWRITE_MAX (64 * 1024)	/* what may hold a key is smaller */

int envol_file_pread(int fd, void *data, size_t len, off_t offset)
{
	uint8_t *at = data;

	while (len) {
		ssize_t n = pread(fd, at, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		at += n;
		len -= n;
		offset += n;
	}
	return 0;
}

int envol_file_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	const uint8_t *at = data;

	while (len) {
		ssize_t n = pwrite(fd, at, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENOSPC;
		at += n;
		len -= n;
		offset += n;
	}
	return 0;
}

static int read_all(int fd, size_t max, struct envol_blob *blob)
{
	uint8_t chunk[4096];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		int err;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		if ((size_t)n > max - blob->len)
			return -EFBIG;
		err = envol_blob_append(blob, chunk, n);
		if (err)
			return err;
	}
}

int envol_file_load(struct envol *ev, int dirfd, const char *path, size_t max,
		    struct envol_blob *blob)
{
	_cleanup_blob_ struct envol_blob out = ENVOL_BLOB_INIT;
	_cleanup_close_ int fd = -1;
	int err;

	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return envol_error_errno(ev, -errno, "open %s", path);
	err = read_all(fd, max, &out);
	if (err == -EFBIG)
		return envol_error(ev, err, "%s: larger than %zu bytes", path,
				   max);
	if (err)
		return envol_error_errno(ev, err, "read %s", path);
	envol_blob_move(blob, &out);
	return 0;
}

static int check_private(struct envol *ev, const char *path,
			 const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return envol_error(ev, -EPERM,
				   "%s: not a regular file; a secret is read from nothing else",
				   path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return envol_error(ev, -EPERM,
				   "%s: owned by user %ju; make root or the caller its owner",
				   path, (uintmax_t)st->st_uid);
	if (st->st_mode & 0066)
		return envol_error(ev, -EPERM,
				   "%s: others may read or write it; run chmod 600 on it",
				   path);
	if (st->st_size == 0)
		return envol_error(ev, -ENODATA, "%s: empty", path);
	if (st->st_size > (off_t)ENVOL_SECRET_MAX)
		return envol_error(ev, -EFBIG, "%s: larger than %u bytes", path,
				   ENVOL_SECRET_MAX);
	return 0;
}

int envol_file_load_secret(struct envol *ev, int dirfd, const char *path,
			   struct envol_secret *secret)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int err;

	/* Without O_NONBLOCK a FIFO would hang here before it is refused. */
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return envol_error_errno(ev, -errno, "open %s", path);
	if (fstat(fd, &st))
		return envol_error_errno(ev, -errno, "stat %s", path);
	err = check_private(ev, path, &st);
	if (err)
		return err;
	err = envol_secret_alloc(ev, secret, st.st_size);
	if (err)
		return envol_error_while(ev, err, "read %s", path);
	err = envol_file_pread(fd, secret->data, secret->len, 0);
	if (err) {
		envol_secret_wipe(secret);
		return envol_error_errno(ev, err, "read %s", path);
	}
	return 0;
}

/* A descriptor of the directory that @path lies in; @name is what is behind it. */
static int open_parent(int dirfd, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent = NULL;
	int fd;

	*name = slash ? slash + 1 : path;
	if (slash) {
		parent = strndup(path, slash - path + 1);
		if (!parent)
			return -ENOMEM;
	}
	fd = openat(dirfd, parent ? parent : ".",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int fill(int fd, const void *data, size_t len, mode_t mode)
{
	int err = envol_file_pwrite(fd, data, len, 0);

	if (err)
		return err;
	if (fchmod(fd, mode) || fsync(fd))
		return -errno;
	return 0;
}

static int publish(int dir, const char *temporary, const char *name,
		   bool exclusive)
{
	/* A link, unlike a rename, does not replace; the caller unlinks. */
	if (exclusive)
		return linkat(dir, temporary, dir, name, 0) ? -errno : 0;
	return renameat(dir, temporary, dir, name) ? -errno : 0;
}

/* One with another name is somebody's file, of which this name is left over. */
static void overwrite(int fd)
{
	static const uint8_t zeros[4096];
	struct stat st;
	off_t at;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_nlink != 1 ||
	    st.st_size > OVERWRITE_MAX)
		return;
	for (at = 0; at < st.st_size; at += sizeof(zeros)) {
		off_t left = st.st_size - at;

		if (envol_file_pwrite(fd, zeros,
				      left < (off_t)sizeof(zeros) ?
					      (size_t)left : sizeof(zeros), at))
			return;
	}
	fsync(fd);
}

void envol_file_discard(int dirfd, const char *name)
{
	_cleanup_close_ int fd = openat(dirfd, name,
					O_WRONLY | O_NOFOLLOW | O_NONBLOCK |
						O_NOCTTY | O_CLOEXEC);

	if (fd >= 0)
		overwrite(fd);
	unlinkat(dirfd, name, 0);
}

int envol_file_replace(struct envol *ev, int dirfd, const char *path,
		       const void *data, size_t len, mode_t mode,
		       bool exclusive)
{
	_cleanup_close_ int dir = -1, fd = -1;
	char temporary[32];
	const char *name;
	uint64_t random;
	int err;

	dir = open_parent(dirfd, path, &name);
	if (dir < 0)
		return envol_error_errno(ev, dir, "open the directory of %s",
					 path);
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return envol_error_errno(ev, -errno, "get random bytes");
	snprintf(temporary, sizeof(temporary), ".envol-%016" PRIx64, random);
	fd = openat(dir, temporary,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return envol_error_errno(ev, -errno, "create a file beside %s",
					 path);
	err = fill(fd, data, len, mode);
	if (!err)
		err = publish(dir, temporary, name, exclusive);
	if (err)
		envol_file_discard(dir, temporary);
	else if (exclusive)
		unlinkat(dir, temporary, 0);
	if (!err && fsync(dir))
		err = -errno;
	if (err)
		return envol_error_errno(ev, err, "write %s", path);
	return 0;
}

static int make_parents(const char *path)
{
	_cleanup_free_ char *part = strdup(path);
	char *slash;

	if (!part)
		return -ENOMEM;
	for (slash = strchr(part + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(part, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

int envol_file_open_dir(struct envol *ev, const char *path, mode_t mode,
			bool create)
{
	int fd, err;

	if (path[0] == 0)
		return envol_error(ev, -ENOENT, "directory without a name");
	if (create) {
		err = make_parents(path);
		if (!err && mkdir(path, mode) && errno != EEXIST)
			err = -errno;
		if (err)
			return envol_error_errno(ev, err, "make directory %s",
						 path);
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return envol_error_errno(ev, -errno, "open directory %s", path);
	return fd;
}

int envol_file_lock(struct envol *ev, int fd, bool exclusive,
		    unsigned int timeout_ms, const char *what)
{
	struct envol_deadline deadline = envol_deadline_in(timeout_ms);
	int left;

	while (flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return envol_error_errno(ev, -errno, "lock %s", what);
		left = envol_deadline_left_ms(deadline);
		if (left == 0)
			return envol_error(ev, -EBUSY,
					   "%s: locked by another process for more than %u ms",
					   what, timeout_ms);
		poll(NULL, 0, left < LOCK_RETRY_MS ? left : LOCK_RETRY_MS);
	}
	return 0;
}
