// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each change of a keystore with each of its calls failing, and with the process
 * killed at each: what is there afterwards is the old state or the new one, whole,
 * and the next try succeeds. Then the same on file systems that are full or
 * read-only.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/harness/shell.h"
#include "tests/harness/test.h"
#include "tests/provider/nth.h"
#include "tests/provider/place.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/provider.h"
#include "userspace/lib/provider/service/transfer.h"

static struct place place;
static const struct envol_provider *service;
static struct envol_wrapped wrapped;	/* by version 1 of the key "old" */
static uint8_t dek[64];
static struct envol_backup backup;	/* of the key "new", two versions */

static struct envol_deadline soon(void)
{
	return envol_deadline_in(2000);
}

static struct envol_uri uri_of(const char *name)
{
	struct envol_uri uri;
	char text[80];
	const char *why;

	snprintf(text, sizeof(text), "service:%s", name);
	CHECK_OK(envol_uri_parse(&uri, text, &why));
	return uri;
}

static int create(const char *name)
{
	struct envol_uri uri = uri_of(name);

	return service->create(place.ev, &uri, soon());
}

static int open_key(const char *name, struct envol_kek **kek)
{
	struct envol_uri uri = uri_of(name);

	return service->open(place.ev, &uri, soon(), kek);
}

/* ---- the changes ------------------------------------------------------------------- */

static int create_new(void)
{
	return create("new");
}

static int rotate_old(void)
{
	struct envol_kek *kek;
	int err = open_key("old", &kek);

	if (err)
		return err;
	err = service->rotate(kek);
	service->close(kek);
	return err;
}

static int disable_old(void)
{
	struct envol_kek *kek;
	int err = open_key("old", &kek);

	if (err)
		return err;
	err = service->enable(kek, "1", false);
	service->close(kek);
	return err;
}

static int restore_new(void)
{
	_cleanup_keystore_ struct envol_keystore ks = ENVOL_KEYSTORE_INIT;
	int err = envol_keystore_open(place.ev, ENVOL_KEYSTORE_CREATE, soon(),
				      &ks);

	return err ? err : envol_transfer_import(&ks, &backup, true);
}

/* Versions and disabled ones of a key; -1: there is none. */
struct state {
	int versions, disabled;
};

static struct state state_of(const char *name)
{
	struct envol_key_info info = { 0 };
	struct state state = { -1, 0 };
	struct envol_kek *kek;
	size_t i;
	int err = open_key(name, &kek);

	/* Nor is there a keystore before the first key. */
	if (err == -ENOENT || err == -ENXIO)
		return state;
	CHECK_OK(err);
	CHECK_OK(service->describe(kek, &info));
	state.versions = (int)info.n_versions;
	for (i = 0; i < info.n_versions; i++)
		state.disabled += !info.versions[i].enabled;
	envol_key_info_free(&info);
	service->close(kek);
	return state;
}

static void check_old_unwraps(void)
{
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	const uint8_t id[ENVOL_KEK_ID_SIZE] = { 0 };
	struct envol_kek *kek;

	CHECK_OK(open_key("old", &kek));
	CHECK_OK(service->unwrap(kek, id, &wrapped, &back));
	CHECK_EQ(back.len, sizeof(dek));
	CHECK_MEM_EQ(back.data, dek, sizeof(dek));
	service->close(kek);
}

static const struct change {
	const char *what;
	bool on_nothing;		/* before there is a keystore */
	int (*change)(void);
	const char *key;
	struct state before, after;
	int again;			/* a second change's answer */
} changes[] = {
	{ "the first key", true, create_new, "new", { -1, 0 }, { 1, 0 }, -EEXIST },
	{ "another key", false, create_new, "new", { -1, 0 }, { 1, 0 }, -EEXIST },
	{ "a new version", false, rotate_old, "old", { 1, 0 }, { 2, 0 }, 0 },
	{ "a disabled version", false, disable_old, "old", { 1, 0 }, { 1, 1 }, 0 },
	{ "a restored key", false, restore_new, "new", { -1, 0 }, { 2, 1 }, 0 },
	{ "a restored key, the first", true, restore_new, "new", { -1, 0 }, { 2, 1 }, 0 },
};

static void setup(void)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	const uint8_t id[ENVOL_KEK_ID_SIZE] = { 0 };
	struct envol_kek *kek;

	place_open(&place);
	service = envol_registry_provider("service");
	CHECK(service);
	CHECK_OK(create("old"));
	CHECK_OK(envol_random_secret(place.ev, &key, sizeof(dek)));
	memcpy(dek, key.data, sizeof(dek));
	CHECK_OK(open_key("old", &kek));
	CHECK_OK(service->wrap(kek, id, &key, &wrapped));
	service->close(kek);
	test_run("cp -a %s/keys %s/base", place.top, place.top);
	strcpy(backup.name, "new");
	backup.versions = calloc(2, sizeof(*backup.versions));
	CHECK(backup.versions);
	backup.n_versions = 2;
	backup.versions[1].enabled = true;
}

static void teardown(void)
{
	envol_wrapped_free(&wrapped);
	envol_backup_free(&backup);
	place_close(&place);
}

static void reset(const void *data)
{
	const struct change *change = data;

	test_run("rm -rf %s/keys", place.top);
	if (!change->on_nothing)
		test_run("cp -a %s/base %s/keys", place.top, place.top);
}

/* A secret does not survive a fork, so it is made here. */
static int make(const void *data)
{
	const struct change *change = data;

	CHECK_OK(envol_random_secret(place.ev, &backup.keks, 2 * ENVOL_RECORD_KEK_SIZE));
	return change->change();
}

static bool is_state(const struct state *a, const struct state *b)
{
	return a->versions == b->versions && a->disabled == b->disabled;
}

static void check_old_or_new(const struct change *change, unsigned int n,
			     int err, enum nth_end end)
{
	struct state now = state_of(change->key);

	if (!is_state(&now, &change->before) && !is_state(&now, &change->after))
		FAIL("%s, call %u, errno %d: %d versions, %d disabled",
		     change->what, n, err, now.versions, now.disabled);
	if ((end == NTH_DONE || end == NTH_NOT_STRUCK) && !is_state(&now, &change->after))
		FAIL("%s, call %u, errno %d: said to be done, and is not",
		     change->what, n, err);
	if (!change->on_nothing && !(now.disabled && change->key[0] == 'o'))
		check_old_unwraps();
}

/* Nothing has to be mended by hand. */
static void check_next_try(const struct change *change)
{
	struct state before = state_of(change->key), after;
	bool was_done = is_state(&before, &change->after);
	int err;

	if (!backup.keks.data)
		CHECK_OK(envol_random_secret(place.ev, &backup.keks,
					     2 * ENVOL_RECORD_KEK_SIZE));
	err = change->change();
	CHECK_ERR(err, was_done ? change->again : 0);
	after = state_of(change->key);
	CHECK(after.versions >= change->after.versions &&
	      after.disabled == change->after.disabled);
	/* A key that is made sweeps away what the killed one left. */
	CHECK_OK(create("next"));
	test_run("! ls -A %s/keys | grep -q ^.envol-", place.top);
	CHECK_EQ(state_of("next").versions, 1);
}

static void check(const void *change, unsigned int n, int err, enum nth_end end)
{
	check_old_or_new(change, n, err, end);
	if (end != NTH_NOT_STRUCK)
		check_next_try(change);
}

/* Three files of the first key's, two of another's, each with five calls or more. */
static const struct nth_sweep sweep = { reset, make, check, 9, 998 };

static void sweep_all(int err)
{
	size_t i;

	setup();
	for (i = 0; i < TEST_ARRAY_SIZE(changes); i++)
		nth_sweep(&sweep, changes[i].what, &changes[i], err);
	teardown();
}

TEST(a_process_killed_at_any_call_leaves_old_or_new)
{
	sweep_all(0);
}

TEST(an_io_error_at_any_call_leaves_old_or_new)
{
	sweep_all(EIO);
}

TEST(a_disk_full_at_any_call_leaves_old_or_new)
{
	sweep_all(ENOSPC);
}

/* ---- real file systems --------------------------------------------------------------- */

static void mount_tmpfs(const char *options)
{
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		test_skip("a mount namespace needs root: %s", strerror(errno));
	test_run("mv %s/keys %s/kept && mkdir -m 700 %s/keys", place.top, place.top,
	    place.top);
	CHECK_EQ(mount("none", place_path(&place, "keys"), "tmpfs", 0, options),
		 0);
	test_run("cp -a %s/kept/. %s/keys", place.top, place.top);
}

TEST(a_file_system_that_is_full_leaves_the_old_state)
{
	size_t i;

	setup();
	mount_tmpfs("size=64k,mode=700");
	test_run("dd if=/dev/zero of=%s/keys/filler bs=4096 status=none 2>/dev/null || :",
	    place.top);
	for (i = 0; i < TEST_ARRAY_SIZE(changes); i++) {
		struct state now;

		if (changes[i].on_nothing)
			continue;
		if (!backup.keks.data)
			CHECK_OK(envol_random_secret(place.ev, &backup.keks, 64));
		CHECK_ERR(changes[i].change(), -ENOSPC);
		CHECK_STR_HAS(envol_error_message(place.ev), "No space left");
		now = state_of(changes[i].key);
		CHECK(is_state(&now, &changes[i].before));
		check_old_unwraps();
	}
	CHECK_EQ(umount(place_path(&place, "keys")), 0);
	teardown();
}

TEST(a_read_only_file_system_unwraps_and_refuses_the_rest)
{
	size_t i;

	setup();
	mount_tmpfs("mode=700");
	CHECK_EQ(mount("none", place_path(&place, "keys"), NULL,
		       MS_REMOUNT | MS_RDONLY, "mode=700"), 0);
	check_old_unwraps();
	for (i = 0; i < TEST_ARRAY_SIZE(changes); i++)
		if (!changes[i].on_nothing) {
			CHECK_ERR(changes[i].change(), -EROFS);
			CHECK_STR_HAS(envol_error_message(place.ev),
				      "Read-only");
		}
	check_old_unwraps();
	CHECK_EQ(umount(place_path(&place, "keys")), 0);
	teardown();
}
