// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A provider that misbehaves, double:HOW, in a program of its own. It
 * has the whole process in its hands, as a vendor's library has.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/provider/channel.h"
#include "userspace/lib/provider/provider.h"

#define SOCKET_FD 3

extern char **environ;

struct envol_kek {
	struct envol *ev;
	char how[64];
};

static void write_raw(const void *data, size_t len)
{
	if (write(SOCKET_FD, data, len) != (ssize_t)len)
		_exit(1);
}

static void write_head(enum envol_message_kind kind, uint32_t body_len,
		       uint32_t key_len)
{
	const struct envol_message_head head = { kind, body_len, { key_len, 0 } };
	uint8_t bytes[ENVOL_MESSAGE_HEAD_SIZE];

	envol_message_encode_head(bytes, &head);
	write_raw(bytes, sizeof(bytes));
}

static void hang(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (;;)
		pause();
}

static void crash(void)
{
	raise(SIGSEGV);
}

static void end(void)
{
	_exit(7);
}

static void close_socket_and_hang(void)
{
	/* Both ends of it are one to the kernel; the watching thread's poll holds none. */
	shutdown(SOCKET_FD, SHUT_RDWR);
	hang();
}

static void interrupt(void)
{
	signal(SIGINT, SIG_DFL);
	raise(SIGINT);
}

static void garbage(void)
{
	uint8_t bytes[4096];

	memset(bytes, 0xee, sizeof(bytes));
	write_raw(bytes, sizeof(bytes));
	hang();
}

static void half_a_reply(void)
{
	write_head(ENVOL_MESSAGE_REPLY, 100, 0);
	write_raw("half", 4);
	_exit(0);
}

static void half_a_reply_and_hang(void)
{
	write_head(ENVOL_MESSAGE_REPLY, 100, 64);
	write_raw("half", 4);
	hang();
}

static void bad_body(void)
{
	write_head(ENVOL_MESSAGE_REPLY, 8, 0);
	write_raw("nonsense", 8);
	hang();
}

static void request_back(void)
{
	write_head(ENVOL_MESSAGE_REQUEST, 0, 0);
	hang();
}

static void flood(void)
{
	_cleanup_blob_ struct envol_blob body = ENVOL_BLOB_INIT;

	if (envol_message_encode_log(ENVOL_LOG_DEBUG, "again and again", &body))
		_exit(1);
	while (envol_channel_send(SOCKET_FD, ENVOL_MESSAGE_LOG, &body, NULL,
				  envol_deadline_in(60000)) == 0)
		;
}

static const struct {
	const char *how;
	void (*act)(void);
} acts[] = {
	{ "hang", hang },
	{ "crash", crash },
	{ "abort", abort },
	{ "end", end },
	{ "close-and-hang", close_socket_and_hang },
	{ "interrupt", interrupt },
	{ "garbage", garbage },
	{ "half-a-reply", half_a_reply },
	{ "half-a-reply-and-hang", half_a_reply_and_hang },
	{ "bad-body", bad_body },
	{ "request-back", request_back },
	{ "flood", flood },
};

/* One more line in STATE/tries; how many there are now. */
static int count_tries(struct envol *ev)
{
	char path[256], text[1024];
	int fd, n = 0;
	ssize_t len;

	snprintf(path, sizeof(path), "%s/tries", ev->state);
	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		return 0;
	len = pread(fd, text, sizeof(text), 0);
	close(fd);
	while (len > 0)
		n += text[--len] == '\n';
	return n;
}

static int double_open(struct envol *ev, const struct envol_uri *uri,
		       struct envol_deadline deadline, struct envol_kek **kek)
{
	struct envol_kek *new = calloc(1, sizeof(*new));
	size_t i;
	int tries = count_tries(ev);

	if (!new)
		return envol_error(ev, -ENOMEM, "out of memory");
	new->ev = ev;
	snprintf(new->how, sizeof(new->how), "%.60s", uri->path);
	*kek = new;
	for (i = 0; i < ENVOL_ARRAY_SIZE(acts); i++)
		if (strcmp(new->how, acts[i].how) == 0)
			acts[i].act();
	if (strcmp(new->how, "busy-twice") == 0 && tries <= 2)
		return envol_error(ev, -EAGAIN, "try number %d", tries);
	if (strcmp(new->how, "unreachable") == 0)
		return envol_error(ev, -EHOSTUNREACH, "no route");
	if (strcmp(new->how, "timeout-once") == 0 && tries <= 1)
		return envol_error(ev, -ETIMEDOUT, "slow");
	if (strcmp(new->how, "refused") == 0)
		return envol_error(ev, -EACCES, "red\x1b[31m\nand\x7f two lines");
	return 0;
}

static void double_close(struct envol_kek *kek)
{
	free(kek);
}

/* What this process is like, as log lines. */
static void tell_process(struct envol *ev)
{
	struct rlimit core;
	char line[256];
	FILE *status = fopen("/proc/self/status", "r");
	int fd, n = 0;
	char **variable;

	while (status && fgets(line, sizeof(line), status))
		if (strncmp(line, "VmLck:", 6) == 0 ||
		    strncmp(line, "VmSize:", 7) == 0 ||
		    strncmp(line, "NoNewPrivs:", 11) == 0 ||
		    strncmp(line, "SigBlk:", 7) == 0 ||
		    strncmp(line, "SigIgn:", 7) == 0)
			envol_log_info(ev, "status %.*s",
				       (int)strcspn(line, "\n"), line);
	if (status)
		fclose(status);
	for (fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	envol_log_info(ev, "descriptors %d", n);
	for (variable = environ; variable && *variable; variable++)
		envol_log_info(ev, "environment %s", *variable);
	envol_log_info(ev, "dumpable %d", prctl(PR_GET_DUMPABLE));
	if (getrlimit(RLIMIT_CORE, &core) == 0)
		envol_log_info(ev, "core %ju", (uintmax_t)core.rlim_max);
	envol_log_info(ev, "cwd %s", getcwd(line, sizeof(line)));
	envol_log_warning(ev, "a warning\x1b[0m");
	envol_log_debug(ev, "a detail");
}

static int double_describe(struct envol_kek *kek, struct envol_key_info *info)
{
	if (strcmp(kek->how, "tell") == 0)
		tell_process(kek->ev);
	info->type = strdup(strcmp(kek->how, "weak") == 0 ? "RSA-1024" :
							    "AES-256");
	info->recoverable = strcmp(kek->how, "purgeable") != 0;
	info->versions = calloc(2, sizeof(*info->versions));
	if (!info->type || !info->versions)
		return envol_error(kek->ev, -ENOMEM, "out of memory");
	if (strcmp(kek->how, "empty") == 0)
		return 0;
	info->n_versions = 1;
	info->versions[0].version = strdup("v1");
	info->versions[0].enabled = strcmp(kek->how, "disabled") != 0;
	if (strcmp(kek->how, "expired") == 0)
		info->versions[0].expires = 1000;
	if (strcmp(kek->how, "early") == 0)
		info->versions[0].not_before = ENVOL_MESSAGE_TIME_MAX;
	return info->versions[0].version ? 0 : envol_error(kek->ev, -ENOMEM,
							   "out of memory");
}

static int double_wrap(struct envol_kek *kek,
		       const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		       const struct envol_secret *key,
		       struct envol_wrapped *wrapped)
{
	if (strcmp(kek->how, "no-version") != 0)
		wrapped->version = strdup("v1");
	wrapped->algorithm = strdup("none");
	/* Not the key: a test that finds it outside of a secret must not find ours. */
	return envol_blob_append(&wrapped->bytes, volume_id, 16);
}

static int double_unwrap(struct envol_kek *kek,
			 const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
			 const struct envol_wrapped *wrapped,
			 struct envol_secret *key)
{
	if (strcmp(kek->how, "no-key") == 0)
		return 0;
	if (strcmp(kek->how, "no-unwrap") == 0)
		return envol_error(kek->ev, -EACCES, "not yours to unwrap");
	return envol_secret_alloc(kek->ev, key,
				  strcmp(kek->how, "long-key") == 0 ? 65 : 64);
}

/* The worst that there are: always the same, or not enough. */
static int double_random(struct envol_kek *kek, struct envol_secret *bytes)
{
	int err = envol_secret_alloc(kek->ev, bytes,
				     strcmp(kek->how, "short-random") == 0 ? 31 : 64);

	if (!err)
		memset(bytes->data, 0, bytes->len);
	return err;
}

static int double_rotate(struct envol_kek *kek)
{
	return 0;
}

ENVOL_PROVIDER(double) = {
	.scheme = "double",
	.open = double_open,
	.close = double_close,
	.describe = double_describe,
	.wrap = double_wrap,
	.unwrap = double_unwrap,
	.rotate = double_rotate,
	.random = double_random,
};
