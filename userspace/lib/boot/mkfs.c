// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/boot/mkfs.h"

#define SAID_MAX 400	/* bytes of what it says that are passed on */

int envol_mkfs_find(struct envol *ev, const char *type, char **program)
{
	static const char *const directories[] = { "/usr/sbin", "/sbin",
						   "/usr/bin", "/bin" };
	bool is_swap = strcmp(type, "swap") == 0;
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(directories); i++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s/mk%s%s", directories[i],
			     is_swap ? "" : "fs.", type) < 0) {
			path = NULL;
			return envol_error(ev, -ENOMEM, "out of memory");
		}
		if (access(path, X_OK) == 0) {
			*program = take_ptr(path);
			return 0;
		}
	}
	return envol_error(ev, -ENOENT,
			   "no program mk%s%s; install what makes such file systems",
			   is_swap ? "" : "fs.", type);
}

static int spawn(const char *program, const char *device, int said, pid_t *pid)
{
	char *argv[] = { (char *)program, (char *)device, NULL };
	char *environment[] = { (char *)"PATH=/usr/sbin:/sbin:/usr/bin:/bin",
				(char *)"LC_ALL=C", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int err;

	if (posix_spawnattr_init(&attr))
		return -ENOMEM;
	if (posix_spawn_file_actions_init(&actions)) {
		posix_spawnattr_destroy(&attr);
		return -ENOMEM;
	}
	sigemptyset(&none);
	sigfillset(&all);
	err = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	if (!err)
		err = posix_spawnattr_setsigmask(&attr, &none);
	if (!err)
		err = posix_spawnattr_setsigdefault(&attr, &all);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&actions, said, 2);
	if (!err)
		err = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null",
						       O_RDWR, 0);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&actions, 0, 1);
	if (!err)
		err = posix_spawn(pid, program, &actions, &attr, argv,
				  environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return -err;
}

/* All of it is read, so that it never waits for us; the beginning is kept, on one line. */
static void listen(int fd, char said[SAID_MAX + 1])
{
	size_t len = 0, i;
	char more[256];
	ssize_t n;

	while ((n = read(fd, more, sizeof(more))) > 0 ||
	       (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		if ((size_t)n > SAID_MAX - len)
			n = SAID_MAX - len;
		memcpy(said + len, more, n);
		len += n;
	}
	while (len && strchr(" \n", said[len - 1]))
		len--;
	said[len] = 0;
	for (i = 0; i < len; i++)
		if ((unsigned char)said[i] < ' ' || said[i] == 0x7f)
			said[i] = ' ';
}

int envol_mkfs_run(struct envol *ev, const char *program, const char *device)
{
	char said[SAID_MAX + 1];
	int ends[2], status, err;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return envol_error_errno(ev, -errno, "make a pipe");
	err = spawn(program, device, ends[1], &pid);
	close(ends[1]);
	if (err) {
		close(ends[0]);
		return envol_error_errno(ev, err, "run %s", program);
	}
	listen(ends[0], said);
	close(ends[0]);
	while ((err = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		;
	if (err < 0)
		return envol_error_errno(ev, -errno, "wait for %s", program);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return envol_error(ev, -EIO, "%s %s failed: %s", program, device,
			   *said ? said : "it did not say why");
}
