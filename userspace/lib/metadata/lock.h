/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lock that LUKS2 tools take on a header: of a regular file its own, of a
 * block device that of /run/cryptsetup/L_MAJOR:MINOR. libcryptsetup waits for it
 * without end; so it is taken here first, with a deadline, and given back right
 * before libcryptsetup takes it. (To hold it meanwhile its own locking would have to
 * be off, for the whole process and for good.)
 *
 * What remains is the moment in between, and loses no write: under its lock
 * libcryptsetup compares the sequence number on the device with the one that it
 * read, and refuses. Only a header that was formatted anew in that moment and has
 * come to the same number is taken for the old one, which then replaces it whole;
 * what follows a format, an open or a check, finds the fingerprint to be another.
 */
#pragma once

#include "userspace/lib/internal.h"

struct envol_lock {
	int fd;
	char path[64];		/* of a block device's, which goes with its last user; else "" */
};

#define ENVOL_LOCK_INIT { .fd = -1 }
#define _cleanup_lock_ _cleanup_(envol_lock_release)

/*
 * Take it for reading or (@exclusive) for writing. -EBUSY where others hold it for
 * longer than 10 s, or than the handle's timeout if that is shorter. A lock that
 * can't be had for another reason (no /run) is not taken: libcryptsetup will say.
 */
int envol_lock_take(struct envol *ev, const char *device, bool exclusive,
		    struct envol_lock *lock) _must_check_;
void envol_lock_release(struct envol_lock *lock);
