// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * posix_spawn() and not fork(): nothing of the caller's memory is ever in the
 * child, and other threads of the caller can hold what locks they like.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/provider/channel.h"
#include "userspace/lib/provider/child.h"
#include "userspace/lib/provider/provider.h"

#define CHILD_FD 3
#define EXIT_GRACE_MS 1000	/* for a process that has closed its socket */
#define KILL_GRACE_MS 2000	/* for the kernel to end a process that was killed */

/* STATUS_UNKNOWN: reaped by somebody else (SIGCHLD ignored), or not ended. */
#define STATUS_UNKNOWN (-1)

struct child {
	const char *scheme;
	pid_t pid;
	int pidfd;
	int fd;		/* our end of the socket */
};

static int set_up(posix_spawnattr_t *attr, posix_spawn_file_actions_t *actions,
		  int fd)
{
	sigset_t none, all;
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	err = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
						     POSIX_SPAWN_SETSIGDEF);
	if (!err)
		err = posix_spawnattr_setsigmask(attr, &none);
	if (!err)
		err = posix_spawnattr_setsigdefault(attr, &all);
	/* First the socket: it may itself be one of 0 to 2, where the caller closed them. */
	if (!err)
		err = posix_spawn_file_actions_adddup2(actions, fd, CHILD_FD);
	if (!err)
		err = posix_spawn_file_actions_addopen(actions, 0, "/dev/null",
						       O_RDWR, 0);
	if (!err)
		err = posix_spawn_file_actions_adddup2(actions, 0, 1);
	if (!err)
		err = posix_spawn_file_actions_adddup2(actions, 0, 2);
	return -err;
}

static int spawn(const char *program, int fd, pid_t *pid)
{
	char *argv[] = { (char *)program, NULL }, *environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int err;

	if (posix_spawnattr_init(&attr))
		return -ENOMEM;
	if (posix_spawn_file_actions_init(&actions)) {
		posix_spawnattr_destroy(&attr);
		return -ENOMEM;
	}
	err = set_up(&attr, &actions, fd);
	if (!err)
		err = -posix_spawn(pid, program, &actions, &attr, argv,
				   environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return err;
}

/* malloc'ed; NULL: out of memory. */
static char *program_of(const struct envol *ev, const char *scheme)
{
	char *program;

	return asprintf(&program, "%s/%s", ev->kek_directory, scheme) < 0 ?
		       NULL : program;
}

bool envol_child_is_installed(struct envol *ev, const char *scheme)
{
	_cleanup_free_ char *program = program_of(ev, scheme);

	return program && access(program, X_OK) == 0;
}

/* It may be that what was built together is installed in parts. */
static int can_not_run(struct envol *ev, const char *scheme,
		       const char *program, int err)
{
	const struct envol_scheme *known = envol_registry_scheme(scheme);
	const char *package = known ? known->package : NULL;

	if (err != -ENOENT)
		return envol_error(ev, -ENOEXEC,
				   "run %s: %s; it is a part of envol: install envol again, or set kek_directory in envol.conf",
				   program, strerror(-err));
	return envol_error(ev, -ENOPKG,
			   "there is no program for %s: keys, which is %s; %s%s, or set kek_directory in envol.conf",
			   scheme, program,
			   package ? "install the package " :
				     "install envol again",
			   package ? package : "");
}

static int start(struct envol *ev, struct child *child)
{
	_cleanup_free_ char *program = program_of(ev, child->scheme);
	int ends[2], err;

	/* Only what is known goes into a path. */
	if (!envol_registry_scheme(child->scheme) &&
	    strcmp(child->scheme, ENVOL_CHILD_SEALER) != 0 &&
	    strcmp(child->scheme, ENVOL_CHILD_SIGNER) != 0)
		return envol_error(ev, -EPROTONOSUPPORT,
				   "there is no provider for \"%s:\"",
				   child->scheme);
	if (!program)
		return envol_error(ev, -ENOMEM, "out of memory");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return envol_error_errno(ev, -errno, "make a socket");
	err = spawn(program, ends[1], &child->pid);
	close(ends[1]);
	if (err) {
		close(ends[0]);
		if (err == -ENOMEM || err == -EAGAIN)
			return envol_error_errno(ev, -ENOMEM,
						 "start a process");
		return can_not_run(ev, child->scheme, program, err);
	}
	child->pidfd = pidfd_open(child->pid, 0);
	if (child->pidfd < 0) {
		err = -errno;
		kill(child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
		close(ends[0]);
		return envol_error_errno(ev, err, "watch the process");
	}
	child->fd = ends[0];
	return 0;
}

/* The wait status of the process, if it ends within @ms. */
static bool await_end(struct child *child, int ms, int *status)
{
	struct envol_deadline deadline = envol_deadline_in(ms);
	struct pollfd pfd = { child->pidfd, POLLIN, 0 };
	int n;

	do {
		n = poll(&pfd, 1, envol_deadline_left_ms(deadline));
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	if (waitpid(child->pid, status, WNOHANG) != child->pid)
		*status = STATUS_UNKNOWN;
	return true;
}

/* By then it has ended, if the kernel can end it at all (a driver may hold it). */
static int finish(struct envol *ev, struct child *child, int grace_ms)
{
	int status = STATUS_UNKNOWN;

	close(child->fd);
	if (!await_end(child, grace_ms, &status)) {
		pidfd_send_signal(child->pidfd, SIGKILL, NULL, 0);
		if (!await_end(child, KILL_GRACE_MS, &status))
			envol_log_warning(ev,
					  "process %d (kek/%s) does not end though it was killed: the kernel holds it",
					  (int)child->pid, child->scheme);
		status = STATUS_UNKNOWN;
	}
	close(child->pidfd);
	return status;
}

/* What comes from a server or a file name must not steer a terminal or forge a line. */
static void clean(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static int pass_on_log(struct envol *ev, const struct envol_blob *body)
{
	struct envol_log_line line = { 0 };
	int err = envol_message_decode_log(&line, body->data, body->len);

	if (err)
		return err;
	clean(line.text);
	if (ev->log && line.level <= ev->log_level)
		ev->log(line.level, line.text, ev->log_data);
	free(line.text);
	return 0;
}

static int take_reply(struct envol_channel_message *message,
		      struct envol_reply *reply)
{
	size_t i;
	int err;

	err = envol_message_decode_reply(reply, message->body.data,
					 message->body.len);
	if (err)
		return err;
	if (reply->sentence)
		clean(reply->sentence);
	for (i = 0; i < ENVOL_MESSAGE_SECRETS; i++)
		envol_secret_move(&reply->secrets[i], &message->secrets[i]);
	return 0;
}

static int receive(struct envol *ev, int fd, struct envol_deadline deadline,
		   struct envol_reply *reply)
{
	for (;;) {
		_cleanup_message_ struct envol_channel_message message =
			ENVOL_CHANNEL_MESSAGE_INIT;
		int err = envol_channel_receive(ev, fd, &message, deadline);

		if (err)
			return err;
		if (message.kind == ENVOL_MESSAGE_REPLY)
			return take_reply(&message, reply);
		err = message.kind == ENVOL_MESSAGE_LOG ?
			      pass_on_log(ev, &message.body) : -EBADMSG;
		if (err)
			return err;
	}
}

static int ended_without_reply(struct envol *ev, const char *scheme,
			       int status)
{
	if (status == STATUS_UNKNOWN)
		return envol_error(ev, -EIO,
				   "the process kek/%s gave no answer", scheme);
	if (!WIFSIGNALED(status))
		return envol_error(ev, -EIO,
				   "the process kek/%s ended with status %d and no answer",
				   scheme, WEXITSTATUS(status));
	if (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM)
		return envol_error(ev, -EINTR, "interrupted");
	return envol_error(ev, -EIO,
			   "the process kek/%s was ended by signal %d (%s)",
			   scheme, WTERMSIG(status), strsignal(WTERMSIG(status)));
}

static int talk(struct envol *ev, struct child *child,
		const struct envol_request *request,
		const struct envol_blob *body, struct envol_deadline deadline,
		struct envol_reply *reply)
{
	int err, status;

	err = envol_channel_send(child->fd, ENVOL_MESSAGE_REQUEST, body,
				 request->secrets, deadline);
	/* One that does not listen may still have said why. */
	if (!err || err == -EPIPE)
		err = receive(ev, child->fd, deadline, reply);
	status = finish(ev, child, !err || err == -EPIPE ? EXIT_GRACE_MS : 0);
	if (err == -EPIPE && envol_deadline_left_ms(deadline) == 0)
		err = -ETIMEDOUT;
	switch (err) {
	case 0:
		if (status != 0)
			envol_log_warning(ev,
					  "the process kek/%s answered, but did not end as it should (status 0x%x)",
					  child->scheme, (unsigned int)status);
		return 0;
	case -EPIPE:
		return ended_without_reply(ev, child->scheme, status);
	case -ETIMEDOUT:
		return envol_error(ev, err,
				   "no answer within %u ms; the process kek/%s was ended",
				   ev->timeout_ms, child->scheme);
	case -EBADMSG:
		return envol_error(ev, -EPROTO,
				   "the process kek/%s gave an answer that is none: is what lies in %s of the same envol?",
				   child->scheme, ev->kek_directory);
	case -ENOMEM:
		return err;
	default:
		return envol_error_errno(ev, err,
					 "talk to the process kek/%s",
					 child->scheme);
	}
}

int envol_child_run(struct envol *ev, const char *scheme,
		    const struct envol_request *request,
		    struct envol_deadline deadline, struct envol_reply *reply)
{
	_cleanup_blob_ struct envol_blob body = ENVOL_BLOB_INIT;
	struct child child = { .scheme = scheme };
	int err;

	err = envol_message_encode_request(request, &body);
	if (err == -EMSGSIZE)
		return envol_error(ev, -EINVAL,
				   "a setting, a URI or a file is too long");
	if (err)
		return envol_error_errno(ev, err, "make a request");
	err = start(ev, &child);
	if (err)
		return err;
	return talk(ev, &child, request, &body, deadline, reply);
}
