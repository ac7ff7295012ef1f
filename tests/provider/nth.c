// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/provider/nth.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"

static unsigned int left;
static int strike_errno;
static bool struck, half_written;

void nth_arm(unsigned int n, int err)
{
	left = n;
	strike_errno = err;
	struck = half_written = false;
}

bool nth_struck(void)
{
	return struck;
}

/* Is it this call's turn? */
static bool is_due(void)
{
	if (left == 0 || --left > 0)
		return false;
	struck = true;
	return true;
}

static int strike(void)
{
	if (!strike_errno)
		raise(SIGKILL);
	errno = strike_errno;
	return -1;
}

ssize_t __real_pwrite(int fd, const void *data, size_t len, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	/* As a disk that is full does it: some, then nothing. */
	if (half_written)
		return strike();
	if (!is_due())
		return __real_pwrite(fd, data, len, offset);
	half_written = true;
	if (len < 2 || __real_pwrite(fd, data, len / 2, offset) < 0 ||
	    !strike_errno)
		return strike();
	return (ssize_t)len / 2;
}

#define WRAP(name, params, args)         \
	int __real_##name params;        \
	int __wrap_##name params;        \
	int __wrap_##name params         \
	{                                \
		return is_due() ? strike() : __real_##name args; \
	}

WRAP(fsync, (int fd), (fd))
WRAP(fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(renameat, (int from_dir, const char *from, int to_dir, const char *to),
     (from_dir, from, to_dir, to))
WRAP(linkat, (int from_dir, const char *from, int to_dir, const char *to, int flags),
     (from_dir, from, to_dir, to, flags))
WRAP(unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
WRAP(flock, (int fd, int operation), (fd, operation))

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	/* Looking changes nothing; it fails in other tests. */
	if ((flags & O_CREAT) && is_due())
		return strike();
	return __real_openat(dir, path, flags, mode);
}

/* ---- all of a change's calls ---- */

static int run(const struct nth_sweep *sweep, const void *change, unsigned int n, int err)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		int result;

		nth_arm(n, err);
		result = sweep->make(change);
		_exit(!nth_struck() ? NTH_NOT_STRUCK : result ? NTH_FAILED : NTH_DONE);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

void nth_sweep(const struct nth_sweep *sweep, const char *what, const void *change, int err)
{
	enum nth_end end = NTH_DONE;
	unsigned int n;
	int status;

	for (n = 0; end != NTH_NOT_STRUCK && n <= sweep->most_calls;) {
		sweep->reset(change);
		status = run(sweep, change, ++n, err);
		if (WIFEXITED(status))
			end = WEXITSTATUS(status);
		else if (!err && WTERMSIG(status) == SIGKILL)
			end = NTH_KILLED;
		else
			FAIL("%s, call %u, errno %d: status 0x%x", what, n, err, status);
		sweep->check(change, n, err, end);
	}
	if (n <= sweep->least_calls || n > sweep->most_calls)
		FAIL("%s: %u calls", what, n - 1);
}
