// SPDX-License-Identifier: GPL-2.0-or-later
/* What is remembered of KEKs that could not be reached. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/health.h"

static char state[] = "/tmp/envol-health-XXXXXX";

static struct envol *start(void)
{
	struct envol *ev;

	CHECK(mkdtemp(state));
	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_set_state(ev, state));
	return ev;
}

static void end(struct envol *ev)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", state);
	CHECK_EQ(system(command), 0);
	envol_free(ev);
}

/* The one file there is, made @age_s seconds old. */
static void make_old(int age_s)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	char path[300] = "";
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/unreachable", state);
	dir = opendir(path);
	CHECK(dir);
	while ((entry = readdir(dir)) && *entry->d_name == '.')
		;
	CHECK(entry);
	times[1].tv_sec = time(NULL) - age_s;
	CHECK_EQ(utimensat(dirfd(dir), entry->d_name, times, 0), 0);
	closedir(dir);
}

TEST(a_kek_is_poor_until_it_answers)
{
	struct envol *ev = start();

	CHECK(!envol_health_is_poor(ev, "kmip://a:5696/1"));
	envol_health_note(ev, "kmip://a:5696/1", true);
	envol_health_note(ev, "kmip://a:5696/1", false);
	CHECK(envol_health_is_poor(ev, "kmip://a:5696/1"));
	CHECK(!envol_health_is_poor(ev, "kmip://a:5696/2"));
	envol_health_note(ev, "kmip://a:5696/2", true);
	CHECK(envol_health_is_poor(ev, "kmip://a:5696/1"));
	envol_health_note(ev, "kmip://a:5696/1", true);
	CHECK(!envol_health_is_poor(ev, "kmip://a:5696/1"));
	end(ev);
}

TEST(it_is_forgotten_after_a_while)
{
	struct envol *ev = start();

	envol_health_note(ev, "service:a", false);
	make_old(ENVOL_HEALTH_MEMORY_S - 60);
	CHECK(envol_health_is_poor(ev, "service:a"));
	make_old(ENVOL_HEALTH_MEMORY_S + 1);
	CHECK(!envol_health_is_poor(ev, "service:a"));
	/* a clock that was set back */
	make_old(-3600);
	CHECK(!envol_health_is_poor(ev, "service:a"));
	end(ev);
}

TEST(what_went_wrong_before_is_still_told)
{
	struct envol *ev = start();

	CHECK_OK(envol_set_state(ev, "/proc/nonexistent"));
	CHECK_ERR(envol_error(ev, -1, "the cause"), -1);
	envol_health_note(ev, "service:a", false);
	CHECK(!envol_health_is_poor(ev, "service:a"));
	CHECK_STR_EQ(envol_error_message(ev), "the cause");
	end(ev);
}
