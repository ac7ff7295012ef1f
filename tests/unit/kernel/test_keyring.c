// SPDX-License-Identifier: GPL-2.0-or-later
/* With the kernel's own keyrings; the descriptions are of this process alone. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/keyctl.h>

#include "tests/harness/test.h"
#include "userspace/lib/kernel/keyring.h"

static struct envol *ev;
static struct envol_secret dek = ENVOL_SECRET_INIT;
static char description[64];
static envol_keyring_serial serial;

static void setup(void)
{
	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_secret_alloc(ev, &dek, 64));
	memset(dek.data, 0x5a, dek.len);
	snprintf(description, sizeof(description), "envol:test:%d", getpid());
	CHECK_OK(envol_keyring_add(ev, description, &dek, &serial));
}

static void finish(void)
{
	envol_secret_wipe(&dek);
	envol_free(ev);
}

/* As the kernel looks for it when a table is loaded. */
static int request(void)
{
	return syscall(SYS_request_key, "logon", description, NULL, 0) < 0 ?
		       -errno : 0;
}

static int describe(envol_keyring_serial key, char *text, size_t size)
{
	return syscall(SYS_keyctl, KEYCTL_DESCRIBE, key, text, size, 0L) < 0 ?
		       -errno : 0;
}

TEST(a_new_key_is_this_threads_alone)
{
	int status;

	setup();
	CHECK_OK(request());
	CHECK(!envol_keyring_is_published(description));
	if (fork() == 0)
		_exit(-request());
	CHECK(wait(&status) > 0);
	CHECK_EQ(WEXITSTATUS(status), ENOKEY);
	envol_keyring_drop(serial);
	CHECK_ERR(request(), -ENOKEY);
	finish();
}

TEST(a_process_that_ends_leaves_no_key)
{
	int ends[2], status, tries;
	char text[128];

	CHECK_EQ(pipe(ends), 0);
	if (fork() == 0) {
		setup();
		CHECK_EQ(write(ends[1], &serial, sizeof(serial)),
			 sizeof(serial));
		_exit(0);
	}
	CHECK(wait(&status) > 0);
	CHECK_EQ(read(ends[0], &serial, sizeof(serial)), sizeof(serial));
	/* Keys that nothing refers to any more are collected in the background. */
	for (tries = 0; !describe(serial, text, sizeof(text)); tries++) {
		CHECK(tries < 500);
		usleep(10000);
	}
}

TEST(a_published_key_is_roots_and_comes_back)
{
	envol_keyring_serial taken;
	char text[128];

	setup();
	CHECK_OK(envol_keyring_publish(ev, serial));
	CHECK(envol_keyring_is_published(description));
	CHECK_OK(describe(serial, text, sizeof(text)));
	CHECK_STR_HAS(text, ";39390000;");
	CHECK_OK(envol_keyring_take(ev, description, &taken));
	CHECK_EQ(taken, serial);
	CHECK(!envol_keyring_is_published(description));
	CHECK_OK(request());
	envol_keyring_revoke(taken);
	CHECK_ERR(request(), -ENOKEY);
	CHECK_ERR(envol_keyring_take(ev, description, &taken), -ENOKEY);
	finish();
}

static bool is_linked(envol_keyring_serial key)
{
	static int32_t keys[4096];
	long len = syscall(SYS_keyctl, KEYCTL_READ, KEY_SPEC_USER_KEYRING, keys,
			   sizeof(keys), 0L);
	size_t i;

	CHECK(len >= 0 && len <= (long)sizeof(keys));
	for (i = 0; i < len / sizeof(keys[0]); i++)
		if (keys[i] == key)
			return true;
	return false;
}

TEST(a_session_without_roots_keyring_can_revoke_a_published_key)
{
	int status;

	setup();
	CHECK_OK(envol_keyring_publish(ev, serial));
	if (fork() == 0) {
		/* An anonymous session keyring, as systemd gives a service. */
		if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
			_exit(99);
		_exit(syscall(SYS_keyctl, KEYCTL_REVOKE, serial) < 0 ? errno : 0);
	}
	CHECK(wait(&status) > 0);
	CHECK_EQ(WEXITSTATUS(status), 0);
	CHECK(!envol_keyring_is_published(description));
	CHECK_ERR(envol_keyring_take(ev, description, &serial), -ENOKEY);
	finish();
}

TEST(the_link_of_a_revoked_key_goes)
{
	envol_keyring_serial taken;

	setup();
	CHECK_OK(envol_keyring_publish(ev, serial));
	CHECK_EQ(syscall(SYS_keyctl, KEYCTL_REVOKE, serial), 0);
	CHECK(is_linked(serial));
	CHECK_ERR(envol_keyring_take(ev, description, &taken), -ENOKEY);
	CHECK(!is_linked(serial));
	finish();
}

TEST(a_second_key_of_a_description_takes_the_firsts_place)
{
	envol_keyring_serial first, taken;

	setup();
	first = serial;
	CHECK_OK(envol_keyring_publish(ev, first));
	CHECK_OK(envol_keyring_add(ev, description, &dek, &serial));
	CHECK(serial != first);
	CHECK_OK(envol_keyring_publish(ev, serial));
	CHECK_OK(envol_keyring_take(ev, description, &taken));
	CHECK_EQ(taken, serial);
	envol_keyring_revoke(taken);
	finish();
}
