// SPDX-License-Identifier: GPL-2.0-or-later
/* The directory of service keys: who may own it, and what is said of damage. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/shell.h"
#include "tests/harness/test.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/service/keystore.h"

static struct envol *ev;
static char top[] = "/tmp/envol-keystore-XXXXXX";

static void setup(void)
{
	char path[64];

	if (geteuid() != 0)
		test_skip("giving files to other users needs root");
	CHECK_OK(envol_new(&ev));
	CHECK(mkdtemp(top));
	snprintf(path, sizeof(path), "%s/deep/keys", top);
	CHECK_OK(envol_set_keystore(ev, path));
	CHECK_OK(envol_set_tpm(ev, "none"));
	CHECK_EQ(chdir(top), 0);
}

static void teardown(void)
{
	test_run("rm -r %s", top);
	envol_free(ev);
}

static int open_keystore(struct envol_keystore *ks, enum envol_keystore_mode mode)
{
	*ks = (struct envol_keystore)ENVOL_KEYSTORE_INIT;
	return envol_keystore_open(ev, mode, envol_deadline_in(300), ks);
}

/* A key of one version, or one version more for the key that is there. */
static int put(const char *name)
{
	_cleanup_keystore_ struct envol_keystore ks = ENVOL_KEYSTORE_INIT;
	_cleanup_record_ struct envol_record record = ENVOL_RECORD_INIT;
	_cleanup_secret_ struct envol_secret kek = ENVOL_SECRET_INIT;
	int err = open_keystore(&ks, ENVOL_KEYSTORE_CREATE);

	if (err)
		return err;
	CHECK_OK(envol_random_secret(ev, &kek, ENVOL_RECORD_KEK_SIZE));
	if (envol_keystore_has(&ks, name) == 1)
		CHECK_OK(envol_keystore_load(&ks, name, &record));
	strcpy(record.name, name);
	CHECK_OK(envol_record_add(ev, &ks.root, &record, &kek,
				  envol_time_now(), true));
	return envol_keystore_store(&ks, &record);
}

static int get(const char *name, size_t *n_versions)
{
	_cleanup_keystore_ struct envol_keystore ks = ENVOL_KEYSTORE_INIT;
	_cleanup_record_ struct envol_record record = ENVOL_RECORD_INIT;
	int err = open_keystore(&ks, ENVOL_KEYSTORE_READ);

	if (!err)
		err = envol_keystore_load(&ks, name, &record);
	*n_versions = record.n_versions;
	return err;
}

static void check_get(const char *name, int want, const char *sentence)
{
	size_t n;

	CHECK_ERR(get(name, &n), want);
	if (want)
		CHECK_STR_HAS(envol_error_message(ev), sentence);
}

TEST(the_first_key_makes_the_keystore)
{
	struct stat st;
	size_t n;

	setup();
	check_get("a", -ENOENT, "envol key create");
	CHECK(access("deep", F_OK) != 0);
	CHECK_OK(put("a"));
	CHECK_EQ(stat("deep/keys", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0700);
	CHECK_EQ(stat("deep/keys/root", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0400);
	CHECK_EQ(stat("deep/keys/a.key", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	CHECK_OK(put("a"));
	CHECK_OK(put("b"));
	CHECK_OK(get("a", &n));
	CHECK_EQ(n, 2);
	CHECK_OK(get("b", &n));
	CHECK_EQ(n, 1);
	check_get("c", -ENOENT, "no key \"c\"");
	teardown();
}

TEST(a_directory_or_file_that_others_could_have_written_is_refused)
{
	setup();
	CHECK_OK(put("a"));
	test_run("chmod g+w deep/keys");
	check_get("a", -EPERM, "chmod go-w");
	CHECK_ERR(put("a"), -EPERM);
	test_run("chmod 700 deep/keys; chown 12345 deep/keys");
	check_get("a", -EPERM, "user 12345");
	test_run("chown 0 deep/keys; chmod o+w deep/keys/a.key");
	check_get("a", -EPERM, "a.key: others may write it");
	test_run("chmod 600 deep/keys/a.key; chown 12345 deep/keys/index");
	check_get("a", -EPERM, "index: owned by user 12345");
	test_run("chown 0 deep/keys/index; chmod 440 deep/keys/root");
	check_get("a", -EPERM, "chmod 600");
	test_run("chmod 400 deep/keys/root; chown 12345 deep/keys/root");
	check_get("a", -EPERM, "owned by user 12345");
	test_run("chown 0 deep/keys/root");
	check_get("a", 0, "");
	teardown();
}

TEST(what_is_no_regular_file_is_refused_at_once)
{
	setup();
	CHECK_OK(put("a"));
	alarm(10);
	test_run("mv deep/keys/a.key x; mkfifo deep/keys/a.key");
	check_get("a", -EPERM, "not a regular file");
	test_run("rm deep/keys/a.key; ln -s ../../x deep/keys/a.key");
	check_get("a", -EPERM, "not a regular file");
	test_run("rm deep/keys/a.key; mv x deep/keys/a.key");
	test_run("mv deep/keys/index x; mkdir deep/keys/index");
	check_get("a", -EPERM, "not a regular file");
	test_run("rmdir deep/keys/index; mv x deep/keys/index");
	test_run("mv deep/keys/root x; mkfifo -m 600 deep/keys/root");
	check_get("a", -EPERM, "not a regular file");
	test_run("rm deep/keys/root; mv x deep/keys/root");
	test_run("mv deep/keys x; touch deep/keys");
	check_get("a", -ENOTDIR, "deep/keys");
	teardown();
}

TEST(each_kind_of_damage_has_a_name)
{
	setup();
	CHECK_OK(put("a"));
	CHECK_OK(put("b"));
	test_run("cp -a deep/keys good");

	test_run("cp deep/keys/a.key deep/keys/b.key");
	check_get("b", -EBADMSG, "swapped");
	test_run("cp -a good/. deep/keys; rm deep/keys/a.key");
	check_get("a", -ENOENT, "a.key is gone");
	check_get("b", 0, "");
	test_run("cp -a good/. deep/keys; rm deep/keys/index");
	check_get("a", -EBADMSG, "index is gone");
	test_run("cp -a good/. deep/keys; rm deep/keys/root");
	check_get("a", -EBADMSG, "root key (file root) is gone");
	CHECK_ERR(put("a"), -EBADMSG);
	CHECK_STR_HAS(envol_error_message(ev), "root key (file root) is gone");
	test_run("cp -a good/. deep/keys; : >deep/keys/a.key");
	check_get("a", -EBADMSG, "a.key: damaged");
	test_run("cp -a good/. deep/keys; truncate -s 0 deep/keys/root");
	check_get("a", -ENODATA, "empty");
	test_run("cp -a good/. deep/keys; truncate -s 300K deep/keys/a.key");
	check_get("a", -EFBIG, "larger");
	test_run("cp -a good/. deep/keys; sed -i 's/1$/3/;1q' deep/keys/root");
	check_get("a", -EPROTONOSUPPORT, "newer format");
	test_run("cp -a good/. deep/keys");
	check_get("a", 0, "");
	teardown();
}

/* A version that was disabled or added since must not come undone by an old file. */
TEST(an_older_copy_of_a_key_is_refused)
{
	size_t n;

	setup();
	CHECK_OK(put("a"));
	test_run("cp -a deep/keys/a.key old.key; cp -a deep/keys/index old.index");
	CHECK_OK(put("a"));
	test_run("cp -a deep/keys/a.key new.key; cp -a old.key deep/keys/a.key");
	check_get("a", -ESTALE, "older copy (generation 1, and the newest is 2)");
	/* A record ahead of the index is a write that was cut short between the two. */
	test_run("cp -a new.key deep/keys/a.key; cp -a old.index deep/keys/index");
	check_get("a", 0, "");
	CHECK_OK(put("a"));
	CHECK_OK(get("a", &n));
	CHECK_EQ(n, 3);
	test_run("cp -a new.key deep/keys/a.key");
	check_get("a", -ESTALE, "generation 2, and the newest is 3");
	teardown();
}

TEST(a_file_of_another_keystore_is_refused)
{
	setup();
	CHECK_OK(put("a"));
	test_run("mv deep/keys other");
	CHECK_OK(put("a"));
	test_run("cp other/a.key deep/keys/a.key");
	check_get("a", -EKEYREJECTED, "made under the root key");
	test_run("cp other/index deep/keys/index");
	check_get("a", -EKEYREJECTED, "made under the root key");
	test_run("cp other/root deep/keys/root; chmod 400 deep/keys/root");
	check_get("a", 0, "");
	teardown();
}

static void flip(const char *path, off_t at)
{
	uint8_t byte;
	int fd = open(path, O_RDWR);

	CHECK(fd >= 0);
	CHECK_EQ(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	CHECK_EQ(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

TEST(every_flipped_byte_of_every_file_is_refused)
{
	static const char *const files[] = { "root", "index", "a.key" };
	char path[64];
	struct stat st;
	size_t i, n;
	off_t at;

	setup();
	CHECK_OK(put("a"));
	test_run("chmod 600 deep/keys/root");
	for (i = 0; i < TEST_ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "deep/keys/%s", files[i]);
		CHECK_EQ(stat(path, &st), 0);
		for (at = 0; at < st.st_size; at++) {
			int err;

			flip(path, at);
			err = get("a", &n);
			if (err != -EBADMSG && err != -EPROTONOSUPPORT &&
			    err != -EKEYREJECTED)
				FAIL("%s, byte %d: %d", path, (int)at, err);
			flip(path, at);
		}
	}
	CHECK_OK(get("a", &n));
	teardown();
}

TEST(a_writer_waits_for_the_lock_but_not_for_ever_and_a_reader_never)
{
	size_t n;
	int fd;

	setup();
	CHECK_OK(put("a"));
	fd = open("deep/keys/lock", O_RDWR);
	CHECK(fd >= 0);
	CHECK_EQ(flock(fd, LOCK_EX), 0);
	CHECK_ERR(put("a"), -EBUSY);
	CHECK_STR_HAS(envol_error_message(ev), "deep/keys");
	CHECK_OK(get("a", &n));
	close(fd);
	CHECK_OK(put("a"));
	teardown();
}

TEST(what_a_killed_writer_left_is_swept_away)
{
	setup();
	CHECK_OK(put("a"));
	test_run("touch deep/keys/.envol-0123456789abcdef");
	check_get("a", 0, "");
	CHECK_EQ(access("deep/keys/.envol-0123456789abcdef", F_OK), 0);
	CHECK_OK(put("a"));
	CHECK(access("deep/keys/.envol-0123456789abcdef", F_OK) != 0);
	teardown();
}

static size_t list(char ***names)
{
	_cleanup_keystore_ struct envol_keystore ks = ENVOL_KEYSTORE_INIT;
	size_t n = 0;

	CHECK_OK(open_keystore(&ks, ENVOL_KEYSTORE_READ));
	CHECK_OK(envol_keystore_list(&ks, names, &n));
	return n;
}

TEST(the_list_has_what_is_a_file_or_in_the_index)
{
	char **names = NULL;

	setup();
	CHECK_OK(put("b"));
	CHECK_OK(put("a"));
	test_run("cp -a deep/keys/index old");
	CHECK_OK(put("c"));
	test_run("cp -a old deep/keys/index; rm deep/keys/b.key; touch deep/keys/x deep/keys/.key deep/keys/.y.key");
	CHECK_EQ(list(&names), 3);
	CHECK_STR_EQ(names[0], "a");
	CHECK_STR_EQ(names[1], "b");
	CHECK_STR_EQ(names[2], "c");
	free(names[0]);
	free(names[1]);
	free(names[2]);
	free(names);
	teardown();
}
