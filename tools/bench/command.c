// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/bench/command.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* All of @fd as a string. */
static int read_all(int fd, char **out)
{
	size_t len = 0, room = 0;
	char *text = NULL;
	ssize_t n;

	do {
		if (room - len < 4096) {
			char *more = realloc(text, room + 65536);

			if (!more) {
				free(text);
				return -ENOMEM;
			}
			text = more;
			room += 65536;
		}
		n = read(fd, text + len, room - len - 1);
		if (n > 0)
			len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	text[len] = '\0';
	*out = text;
	return 0;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static int spawn(const char *const argv[], int output, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (output >= 0)
		posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	else
		posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	err = posix_spawnp(pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

int envol_command_run(const char *const argv[], char **out)
{
	int ends[2] = { -1, -1 }, err, status;
	pid_t pid;

	if (out) {
		*out = NULL;
		if (pipe2(ends, O_CLOEXEC) < 0)
			return -errno;
	}
	err = spawn(argv, ends[1], &pid);
	if (ends[1] >= 0)
		close(ends[1]);
	if (!err) {
		if (out)
			err = read_all(ends[0], out);
		status = wait_for(pid);
		err = err ? err : status;
	}
	if (ends[0] >= 0)
		close(ends[0]);
	if (err && out) {
		free(*out);
		*out = NULL;
	}
	return err;
}
