// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/provider/place.h"

#include <libgen.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/harness/test.h"

/* This is O/tests/SUITE/test_x. */
static void find_keks(char path[512])
{
	char self[384] = "";

	CHECK(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(path, 512, "%s/provider/kek", dirname(dirname(self)));
	if (access(path, X_OK))
		FAIL("no directory %s", path);
}

static void note(enum envol_log_level level, const char *line, void *data)
{
	struct place *place = data;
	size_t len = strlen(place->log);

	snprintf(place->log + len, sizeof(place->log) - len, "%d %s\n", level,
		 line);
}

struct envol *place_handle(const struct place *place)
{
	char path[512];
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_set_keystore(ev, place_path(place, "keys")));
	CHECK_OK(envol_set_state(ev, place_path(place, "state")));
	CHECK_OK(envol_set_tpm(ev, "none"));
	find_keks(path);
	CHECK_OK(envol_set_kek_directory(ev, path));
	return ev;
}

void place_open(struct place *place)
{
	memset(place, 0, sizeof(*place));
	strcpy(place->top, "/tmp/envol-place-XXXXXX");
	CHECK(mkdtemp(place->top));
	place->ev = place_handle(place);
	envol_set_log(place->ev, note, place, ENVOL_LOG_DEBUG);
}

void place_close(struct place *place)
{
	char command[128];

	envol_free(place->ev);
	snprintf(command, sizeof(command), "rm -r %s", place->top);
	CHECK_EQ(system(command), 0);
}

const char *place_path(const struct place *place, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", place->top, name);
	return path;
}

const char *place_text(const struct place *place, const char *name)
{
	static char text[65536];
	FILE *f = fopen(place_path(place, name), "r");
	size_t len = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[len] = 0;
	if (f)
		fclose(f);
	return text;
}
