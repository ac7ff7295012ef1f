// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * revoke MAPPING DESCRIPTION KEYFILE SERIAL ROUNDS [PID]
 *
 * Revoke the kernel key of an envol mapping under I/O, wait until a bio has met that, give it a
 * new key of the same bytes, ROUNDS times; at even rounds the key is revoked from a session of
 * its own, as a service's. SERIAL is the key that the mapping has, PID who does the I/O: once
 * that is gone no further round is begun. Prints "ROUNDS-DONE SERIAL". One process, since a shell
 * starts twenty for a round, each of them slow where a machine is emulated and busy.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libdevmapper.h>
#include <linux/keyctl.h>

#define PAUSE_MAX_US 100000
#define NOTICED_S 60
/* As the tools publish a key: root's other sessions may view, find, link and revoke it. */
#define PERMISSIONS 0x39390000u

struct test {
	const char *mapping, *description;
	unsigned char key[64];
	long serial;
};

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list ap;

	fputs("revoke: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* ---- device-mapper ------------------------------------------------------- */

static struct dm_task *task(const struct test *test, int type)
{
	struct dm_task *dmt = dm_task_create(type);

	if (!dmt || !dm_task_set_name(dmt, test->mapping))
		die("%s: no device-mapper", test->mapping);
	return dmt;
}

static void run(struct dm_task *dmt, const char *what)
{
	if (!dm_task_run(dmt))
		die("%s", what);
	dm_task_destroy(dmt);
}

/* How many bios a dead key has refused. */
static unsigned long key_errors(const struct test *test)
{
	struct dm_task *dmt = task(test, DM_DEVICE_STATUS);
	char *type, *params, *found;
	uint64_t start, len;
	unsigned long number;

	if (!dm_task_run(dmt))
		die("%s: status", test->mapping);
	dm_get_next_target(dmt, NULL, &start, &len, &type, &params);
	found = params ? strstr(params, "key_errors ") : NULL;
	if (!found)
		die("%s: no key_errors in its status: %s", test->mapping, params ? params : "");
	number = strtoul(found + strlen("key_errors "), NULL, 10);
	dm_task_destroy(dmt);
	return number;
}

static void set_key(const struct test *test)
{
	struct dm_task *dmt = task(test, DM_DEVICE_SUSPEND);
	char message[256];

	dm_task_no_flush(dmt);
	dm_task_skip_lockfs(dmt);
	run(dmt, "suspend");

	dmt = task(test, DM_DEVICE_TARGET_MSG);
	snprintf(message, sizeof(message), "key set :%zu:logon:%s", sizeof(test->key),
		 test->description);
	if (!dm_task_set_sector(dmt, 0) || !dm_task_set_message(dmt, message))
		die("message");
	run(dmt, message);

	run(task(test, DM_DEVICE_RESUME), "resume");
}

/* ---- the key ------------------------------------------------------------- */

static long keyctl(int operation, long a, long b)
{
	return syscall(SYS_keyctl, operation, a, b, 0L, 0L);
}

static void replace_key(struct test *test)
{
	keyctl(KEYCTL_UNLINK, test->serial, KEY_SPEC_SESSION_KEYRING);
	test->serial = syscall(SYS_add_key, "logon", test->description, test->key, sizeof(test->key),
			       KEY_SPEC_SESSION_KEYRING);
	if (test->serial < 0 || keyctl(KEYCTL_SETPERM, test->serial, PERMISSIONS) < 0)
		die("a new key: %s", strerror(errno));
}

static void revoke_from_another_session(const struct test *test)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0) < 0 ||
		    keyctl(KEYCTL_REVOKE, test->serial, 0) < 0)
			die("from another session: %s", strerror(errno));
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		die("not revoked from another session");
}

/* ---- rounds -------------------------------------------------------------- */

static void wait_for_refusal(const struct test *test, unsigned long before)
{
	time_t end = time(NULL) + NOTICED_S;

	while (key_errors(test) <= before) {
		if (time(NULL) > end)
			die("no bio met the revoked key in %d s", NOTICED_S);
		usleep(1000);
	}
}

static void do_round(struct test *test, unsigned long round)
{
	unsigned long before;

	usleep(random() % PAUSE_MAX_US);
	before = key_errors(test);
	if (round % 2 == 0)
		revoke_from_another_session(test);
	else if (keyctl(KEYCTL_REVOKE, test->serial, 0) < 0)
		die("not revoked: %s", strerror(errno));
	wait_for_refusal(test, before);
	replace_key(test);
	set_key(test);
}

int main(int argc, char **argv)
{
	struct test test = { 0 };
	unsigned long round, rounds;
	int fd, pid;

	if (argc < 6)
		die("usage: revoke MAPPING DESCRIPTION KEYFILE SERIAL ROUNDS [PID]");
	test.mapping = argv[1];
	test.description = argv[2];
	test.serial = atol(argv[4]);
	rounds = strtoul(argv[5], NULL, 10);
	pid = argc > 6 ? atoi(argv[6]) : 0;
	fd = open(argv[3], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, test.key, sizeof(test.key)) != sizeof(test.key))
		die("%s: not a key of %zu bytes", argv[3], sizeof(test.key));
	srandom(getpid());
	for (round = 0; round < rounds && (!pid || kill(pid, 0) == 0); round++)
		do_round(&test, round);
	printf("%lu %ld\n", round, test.serial);
	return 0;
}
