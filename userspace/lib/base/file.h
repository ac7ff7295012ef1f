/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files and devices, whole: no short reads, no half-written replacements. */
#pragma once

#include <sys/types.h>

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

/* Exactly @len bytes; -ENODATA where the file ends before. */
int envol_file_pread(int fd, void *data, size_t len, off_t offset) _must_check_;
int envol_file_pwrite(int fd, const void *data, size_t len, off_t offset)
	_must_check_;

/* The whole file, at most @max bytes (-EFBIG). Relative to @dirfd or AT_FDCWD. */
int envol_file_load(struct envol *ev, int dirfd, const char *path, size_t max,
		    struct envol_blob *blob) _must_check_;

/*
 * The whole file into a secret. Refuses (-EPERM, with what to do) a file that is
 * not a regular one, that another user than root or the caller owns, or that
 * group or others may read or write.
 */
int envol_file_load_secret(struct envol *ev, int dirfd, const char *path,
			   struct envol_secret *secret) _must_check_;

/*
 * Replace @path in directory @dirfd by @len bytes with @mode, so that a crash or a full disk
 * leaves the old one or the new one: temporary file, fsync, rename, fsync of the
 * directory. With @exclusive an existing file is -EEXIST.
 */
int envol_file_replace(struct envol *ev, int dirfd, const char *path,
		       const void *data, size_t len, mode_t mode,
		       bool exclusive) _must_check_;

/* Remove @name, overwritten first as far as the file system writes in place. */
void envol_file_discard(int dirfd, const char *name);

/* The directory, made with @mode (and its parents with 0755) if it is not there; an fd or -errno. */
int envol_file_open_dir(struct envol *ev, const char *path, mode_t mode,
			bool create) _must_check_;

/*
 * flock() with a deadline, so that a lock that is held for too long is an error
 * (-EBUSY, naming @what) and not a hang. The lock goes with @fd.
 */
int envol_file_lock(struct envol *ev, int fd, bool exclusive,
		    unsigned int timeout_ms, const char *what) _must_check_;
