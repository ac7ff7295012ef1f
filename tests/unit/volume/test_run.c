// SPDX-License-Identifier: GPL-2.0-or-later
/* In a mount namespace with a /run of its own. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/deadline.h"
#include "userspace/lib/volume/run.h"

#define UUID "CRYPT-LUKS2-0123abcd456789abcdef0123456789ab-data"
#define FINGERPRINT "00112233445566778899aabbccddeeff"
#define FILE_NAME "/run/envol/mappings/data"

static struct envol *ev;
static char logged[512];

static void keep_log(enum envol_log_level level, const char *line, void *data)
{
	snprintf(logged, sizeof(logged), "%s", line);
}

static void setup(void)
{
	CHECK_OK(envol_new(&ev));
	envol_set_log(ev, keep_log, NULL, ENVOL_LOG_WARNING);
	if (unshare(CLONE_NEWNS))
		test_skip("no mount namespaces: %s", strerror(errno));
	CHECK_EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	CHECK_EQ(mount("run", "/run", "tmpfs", 0, NULL), 0);
}

static void remember(const char *header)
{
	struct envol_run_record record = { .header = (char *)header };

	strcpy(record.uuid, UUID);
	strcpy(record.fingerprint, FINGERPRINT);
	envol_run_remember(ev, "data", &record);
}

TEST(what_is_remembered_comes_back)
{
	_cleanup_run_record_ struct envol_run_record got = ENVOL_RUN_RECORD_INIT;

	setup();
	remember(NULL);
	CHECK_STR_EQ(logged, "");
	CHECK(envol_run_recall(ev, "data", UUID, &got));
	CHECK_STR_EQ(got.uuid, UUID);
	CHECK_STR_EQ(got.fingerprint, FINGERPRINT);
	CHECK(!got.header);
	envol_run_forget("data");
	CHECK(!envol_run_recall(ev, "data", UUID, &got));
	envol_free(ev);
}

TEST(a_detached_header_by_its_whole_path)
{
	_cleanup_run_record_ struct envol_run_record got = ENVOL_RUN_RECORD_INIT;

	setup();
	CHECK_EQ(mkdir("/run/dir with blanks", 0700), 0);
	CHECK_EQ(chdir("/run/dir with blanks"), 0);
	close(open("header", O_WRONLY | O_CREAT, 0600));
	remember("./header");
	CHECK(envol_run_recall(ev, "data", UUID, &got));
	CHECK_STR_EQ(got.header, "/run/dir with blanks/header");
	envol_free(ev);
}

TEST(a_header_that_is_a_link_keeps_its_name)
{
	_cleanup_run_record_ struct envol_run_record got = ENVOL_RUN_RECORD_INIT;

	setup();
	CHECK_EQ(symlink("/dev/null", "/run/by-id"), 0);
	remember("/run/../run/by-id");
	CHECK(envol_run_recall(ev, "data", UUID, &got));
	CHECK_STR_EQ(got.header, "/run/by-id");
	envol_free(ev);
}

TEST(the_record_of_another_mapping_is_none)
{
	struct envol_run_record got = ENVOL_RUN_RECORD_INIT;

	setup();
	remember(NULL);
	CHECK(!envol_run_recall(ev, "other", UUID, &got));
	CHECK(!envol_run_recall(ev, "data",
				"CRYPT-LUKS2-ffffffff456789abcdef0123456789ab-data",
				&got));
	envol_free(ev);
}

TEST(a_record_of_another_form_is_none)
{
	static const char *const rows[] = {
		"", "\n\n\n", UUID "\n", UUID "\n" FINGERPRINT "\n",
		UUID "\n" FINGERPRINT "\n/header",
		UUID "\n" FINGERPRINT "\n/header\nmore\n",
		UUID "\n" FINGERPRINT "0\n\n",
	};
	struct envol_run_record got = ENVOL_RUN_RECORD_INIT;
	size_t i;

	setup();
	remember(NULL);
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		FILE *f = fopen(FILE_NAME, "w");

		CHECK(f);
		CHECK(fputs(rows[i], f) >= 0);
		fclose(f);
		CHECK(!envol_run_recall(ev, "data", UUID, &got));
		CHECK(!got.header);
	}
	envol_free(ev);
}

TEST(what_cant_be_remembered_is_said)
{
	setup();
	remember("/nowhere/header");
	CHECK_STR_HAS(logged, "/nowhere/header");
	CHECK_EQ(mount("run", "/run", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
	remember(NULL);
	CHECK_STR_HAS(logged, "mapping data is not remembered");
	envol_free(ev);
}

TEST(the_lock_is_held_by_one_and_waited_for_so_long)
{
	int first, second;
	int64_t began;

	setup();
	CHECK_OK(envol_set_timeout(ev, 200));
	first = envol_run_lock(ev);
	CHECK(first >= 0);
	began = envol_deadline_now_ms();
	CHECK_ERR(envol_run_lock(ev), -EBUSY);
	CHECK(envol_deadline_now_ms() - began >= 200);
	CHECK_STR_HAS(envol_error_message(ev), "/run/envol");
	close(first);
	second = envol_run_lock(ev);
	CHECK(second >= 0);
	close(second);
	envol_free(ev);
}
