// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/metadata/lock.h"

#define DIRECTORY "/run/cryptsetup"	/* as compiled into Debian's libcryptsetup */
#define TIMEOUT_MS 10000

/* What is locked for @device, or -errno. */
static int open_resource(const char *device, struct envol_lock *lock)
{
	struct stat st;

	if (stat(device, &st))
		return -errno;
	lock->path[0] = 0;
	if (S_ISREG(st.st_mode)) {
		lock->fd = open(device, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		return lock->fd < 0 ? -errno : 0;
	}
	snprintf(lock->path, sizeof(lock->path), DIRECTORY "/L_%u:%u",
		 major(st.st_rdev), minor(st.st_rdev));
	if (mkdir(DIRECTORY, 0700) && errno != EEXIST)
		return -errno;
	lock->fd = open(lock->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
			0600);
	return lock->fd < 0 ? -errno : 0;
}

/* The last user removes the file; a lock on one that is gone locks nobody out. */
static bool is_current(const struct envol_lock *lock)
{
	struct stat held, there;

	if (!lock->path[0])
		return true;
	return fstat(lock->fd, &held) == 0 && stat(lock->path, &there) == 0 &&
	       held.st_ino == there.st_ino && held.st_dev == there.st_dev;
}

int envol_lock_take(struct envol *ev, const char *device, bool exclusive,
		    struct envol_lock *lock)
{
	struct envol_deadline deadline = envol_deadline_in(
		ev->timeout_ms < TIMEOUT_MS ? ev->timeout_ms : TIMEOUT_MS);
	int err;

	for (;;) {
		if (open_resource(device, lock))
			break;
		err = envol_file_lock(ev, lock->fd, exclusive,
				      envol_deadline_left_ms(deadline),
				      "its header");
		if (err == -EBUSY) {
			envol_lock_release(lock);
			return envol_error(ev, err,
					   "%s: another process holds the lock of its header; wait for it, or see which by lslocks",
					   device);
		}
		if (err)
			break;
		if (is_current(lock))
			return 0;
		envol_lock_release(lock);
	}
	envol_lock_release(lock);
	return 0;
}

void envol_lock_release(struct envol_lock *lock)
{
	if (lock->fd < 0)
		return;
	if (lock->path[0] && flock(lock->fd, LOCK_EX | LOCK_NB) == 0 &&
	    is_current(lock))
		unlink(lock->path);
	close(lock->fd);
	lock->fd = -1;
}
