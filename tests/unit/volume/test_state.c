// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/attr.h"
#include "userspace/lib/volume/state.h"

static const uint8_t id[ENVOL_SEALED_ID_SIZE] = { 0x01, 0xfe };
static char top[] = "/tmp/envol-state-XXXXXX";
static char record[128], logged[512];
static struct envol *ev;

static void keep_log(enum envol_log_level level, const char *line, void *data)
{
	snprintf(logged, sizeof(logged), "%s", line);
}

static void setup(void)
{
	char state[64];

	CHECK_OK(envol_new(&ev));
	envol_set_log(ev, keep_log, NULL, ENVOL_LOG_WARNING);
	CHECK(mkdtemp(top));
	snprintf(state, sizeof(state), "%s/state", top);
	CHECK_OK(envol_set_state(ev, state));
	snprintf(record, sizeof(record),
		 "%s/volumes/01fe0000000000000000000000000000", state);
}

static void finish(void)
{
	char command[64];

	envol_free(ev);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	CHECK_EQ(system(command), 0);
}

static void write_record(const char *text, size_t len)
{
	int fd = open(record, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, text, len), len);
	close(fd);
}

static void check_record(const char *want)
{
	char text[128] = "";
	FILE *f = fopen(record, "r");

	CHECK(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	fclose(f);
	CHECK_STR_EQ(text, want);
}

TEST(the_highest_is_remembered)
{
	struct stat st;

	setup();
	CHECK_OK(envol_state_check(ev, id, 7, false));
	check_record("envol volume 1\ngeneration 7\n");
	CHECK_EQ(stat(record, &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0600);
	CHECK_OK(envol_state_check(ev, id, 7, false));
	CHECK_OK(envol_state_check(ev, id, UINT64_MAX, false));
	check_record("envol volume 1\ngeneration 18446744073709551615\n");
	CHECK_STR_EQ(logged, "");
	finish();
}

TEST(a_lower_one_is_a_rollback_with_both_numbers)
{
	setup();
	CHECK_OK(envol_state_check(ev, id, 7, false));
	CHECK_ERR(envol_state_check(ev, id, 6, false), -ESTALE);
	CHECK_STR_HAS(envol_error_message(ev), "generation 6, but 7 ");
	check_record("envol volume 1\ngeneration 7\n");
	finish();
}

TEST(a_lower_one_that_is_allowed_becomes_the_highest)
{
	setup();
	CHECK_OK(envol_state_check(ev, id, 7, false));
	CHECK_OK(envol_state_check(ev, id, 5, true));
	CHECK_STR_HAS(logged, "generation 5 accepted although 7");
	check_record("envol volume 1\ngeneration 5\n");
	CHECK_OK(envol_state_check(ev, id, 5, false));
	finish();
}

TEST(volumes_have_records_of_their_own)
{
	static const uint8_t other[ENVOL_SEALED_ID_SIZE] = { 0x02 };

	setup();
	CHECK_OK(envol_state_check(ev, id, 7, false));
	CHECK_OK(envol_state_check(ev, other, 1, false));
	CHECK_ERR(envol_state_check(ev, id, 1, false), -ESTALE);
	finish();
}

TEST(a_damaged_record_is_refused_with_the_way_out)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{ "", 0 },
		{ "envol volume 1\n", 15 },
		{ "envol volume 1\ngeneration \n", 27 },
		{ "envol volume 1\ngeneration 7", 27 },
		{ "envol volume 1\ngeneration 07\n", 29 },
		{ "envol volume 1\ngeneration 7\n\n", 29 },
		{ "envol volume 1\ngeneration -7\n", 29 },
		{ "envol volume 1\ngeneration  7\n", 29 },
		{ "envol volume 2\ngeneration 7\n", 28 },
		{ "envol volume 1\ngeneration 7\n\0", 29 },
		{ "envol volume 1\ngeneration 18446744073709551616\n", 47 },
		{ "envol volume 1\ngeneration 7\n"
		  "generation 7\ngeneration 7\ngeneration 7\ngeneration 7\n", 80 },
	};
	size_t i;

	setup();
	CHECK_OK(envol_state_check(ev, id, 7, false));
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		write_record(rows[i].text, rows[i].len);
		CHECK_ERR(envol_state_check(ev, id, 7, true), -EBADMSG);
		CHECK_STR_HAS(envol_error_message(ev), record);
		CHECK_STR_HAS(envol_error_message(ev), "delete");
	}
	CHECK_EQ(unlink(record), 0);
	CHECK_OK(envol_state_check(ev, id, 7, false));
	finish();
}

TEST(a_directory_that_cant_be_made_is_said_and_no_reason_to_stop)
{
	char file[64];
	int fd;

	setup();
	snprintf(file, sizeof(file), "%s/state", top);
	fd = open(file, O_WRONLY | O_CREAT, 0600);
	CHECK(fd >= 0);
	close(fd);
	CHECK_OK(envol_state_check(ev, id, 7, false));
	CHECK_STR_HAS(logged, "an older header can't be told");
	CHECK_STR_HAS(logged, file);
	finish();
}

/* What the file systems of a boot are like; in a mount namespace of this test's own. */
static void mount_state(const char *options, unsigned long flags)
{
	CHECK_EQ(mount("state", top, "tmpfs", flags, options), 0);
}

TEST(a_full_disk_is_said_and_the_old_record_holds)
{
	char filler[64];

	setup();
	if (unshare(CLONE_NEWNS))
		test_skip("no mount namespaces: %s", strerror(errno));
	CHECK_EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	mount_state("size=64k", 0);
	CHECK_OK(envol_state_check(ev, id, 7, false));
	snprintf(filler, sizeof(filler), "cat /dev/zero >%s/fill 2>/dev/null",
		 top);
	CHECK(system(filler) != 0);
	CHECK_OK(envol_state_check(ev, id, 8, false));
	CHECK_STR_HAS(logged, "No space left");
	check_record("envol volume 1\ngeneration 7\n");
	CHECK_ERR(envol_state_check(ev, id, 6, false), -ESTALE);
	CHECK_EQ(umount(top), 0);
	finish();
}

TEST(a_read_only_root_is_read)
{
	setup();
	if (unshare(CLONE_NEWNS))
		test_skip("no mount namespaces: %s", strerror(errno));
	CHECK_EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	mount_state("size=64k", 0);
	CHECK_OK(envol_state_check(ev, id, 7, false));
	mount_state(NULL, MS_REMOUNT | MS_RDONLY);
	CHECK_ERR(envol_state_check(ev, id, 6, false), -ESTALE);
	CHECK_OK(envol_state_check(ev, id, 7, false));
	CHECK_STR_EQ(logged, "");
	CHECK_OK(envol_state_check(ev, id, 8, false));
	CHECK_STR_HAS(logged, "Read-only");
	CHECK_EQ(umount(top), 0);
	finish();
}

TEST(concurrent_opens_never_lower_it)
{
	int status, worker, generation;

	setup();
	for (worker = 0; worker < 4; worker++)
		if (fork() == 0) {
			for (generation = 1; generation <= 50; generation++) {
				int err = envol_state_check(ev, id, generation,
							    false);

				if (err && err != -ESTALE)
					_exit(1);
			}
			_exit(0);
		}
	while (wait(&status) > 0)
		CHECK_EQ(status, 0);
	check_record("envol volume 1\ngeneration 50\n");
	finish();
}

TEST(looking_remembers_nothing)
{
	uint64_t seen = 9;
	struct stat st;

	setup();
	CHECK_OK(envol_state_seen(ev, id, &seen));
	CHECK_EQ(seen, 0);
	CHECK(stat(ev->state, &st) != 0);
	CHECK_OK(envol_state_check(ev, id, 7, false));
	CHECK_OK(envol_state_seen(ev, id, &seen));
	CHECK_EQ(seen, 7);
	write_record("x", 1);
	CHECK_ERR(envol_state_seen(ev, id, &seen), -EBADMSG);
	finish();
}
