// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userspace/kek/harden.h"
#include "userspace/lib/base/error.h"

/* All of a thread's stack is locked from its start: a library's need not have 8 MiB. */
#define THREAD_STACK_SIZE (256u * 1024)

static int forbid_dumps(struct envol *ev)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return envol_error_errno(ev, -errno, "forbid core dumps");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return envol_error_errno(ev, -errno, "forbid new privileges");
	return 0;
}

static int close_others(struct envol *ev, int keep_fd)
{
	if ((keep_fd > 3 && close_range(3, keep_fd - 1, 0)) ||
	    close_range(keep_fd + 1, ~0u, 0))
		return envol_error_errno(ev, -errno,
					 "close descriptors that are not ours");
	return 0;
}

/*
 * The caller gives none. What is set here is for libraries: libtss2 writes its
 * errors to stderr otherwise, where nobody reads them.
 */
static int set_environment(struct envol *ev)
{
	if (clearenv() || setenv("TSS2_LOG", "all+NONE", 1))
		return envol_error(ev, -ENOMEM, "out of memory");
	return 0;
}

static int lock_memory(struct envol *ev)
{
	pthread_attr_t attr;

	if (pthread_attr_init(&attr) ||
	    pthread_attr_setstacksize(&attr, THREAD_STACK_SIZE) ||
	    pthread_setattr_default_np(&attr))
		return envol_error(ev, -ENOMEM, "out of memory");
	pthread_attr_destroy(&attr);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		return envol_error(ev, -ENOMEM,
				   "lock the process in memory: RLIMIT_MEMLOCK is too low; run as root, or raise it (ulimit -l, LimitMEMLOCK=) to 32 MiB, or 300 MiB for a backup of a key");
	return 0;
}

int envol_harden_process(struct envol *ev, int keep_fd)
{
	int err;

	err = forbid_dumps(ev);
	if (!err)
		err = close_others(ev, keep_fd);
	if (!err)
		err = set_environment(ev);
	if (!err)
		err = lock_memory(ev);
	if (err)
		return err;
	umask(077);
	if (chdir("/"))
		return envol_error_errno(ev, -errno, "change to /");
	return 0;
}
