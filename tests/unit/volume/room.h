/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory of its own with a keystore, a state directory and disk images, for one test. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/shell.h"
#include "tests/harness/test.h"
#include "userspace/include/envol.h"

struct room {
	struct envol *ev;
	char top[64];
	char image[96], header[96], file[96];
};

/* The first line of the log that says so. */
struct room_log {
	const char *wanted;
	bool seen;
};

static inline void room_log_line(enum envol_log_level level, const char *line,
				 void *data)
{
	struct room_log *log = data;

	(void)level;
	if (strstr(line, log->wanted))
		log->seen = true;
}

static inline struct envol *room_handle(const struct room *room)
{
	char path[128], program[256];
	struct envol *ev;
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	char *at = NULL, *next = program;

	CHECK(len > 0);
	program[len] = 0;
	/* This is O/tests/…/test_x, and that O/kek. */
	while ((next = strstr(next, "/tests/")))
		at = next++;
	CHECK(at && at + sizeof("/kek") < program + sizeof(program));
	strcpy(at, "/kek");
	CHECK_OK(envol_new(&ev));
	snprintf(path, sizeof(path), "%s/keys", room->top);
	CHECK_OK(envol_set_keystore(ev, path));
	snprintf(path, sizeof(path), "%s/state", room->top);
	CHECK_OK(envol_set_state(ev, path));
	CHECK_OK(envol_set_kek_directory(ev, program));
	CHECK_OK(envol_set_tpm(ev, "none"));
	return ev;
}

static inline void room_make_file(const char *path, uint64_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, size), 0);
	close(fd);
}

static inline void room_open(struct room *room)
{
	strcpy(room->top, "/tmp/envol-volume-XXXXXX");
	CHECK(mkdtemp(room->top));
	snprintf(room->image, sizeof(room->image), "%s/image", room->top);
	snprintf(room->header, sizeof(room->header), "%s/header", room->top);
	snprintf(room->file, sizeof(room->file), "%s/file", room->top);
	room->ev = room_handle(room);
	room_make_file(room->image, 8 << 20);
}

static inline void room_close(struct room *room)
{
	envol_free(room->ev);
	test_run("rm -rf '%s'", room->top);
}

static inline void room_make_key(struct room *room, const char *name)
{
	CHECK_OK(envol_key_create(room->ev, name, NULL));
}

/* Format room->image, 512 bytes a sector, for each of @names, which are created. */
static inline void room_format(struct room *room, const char *const *names,
			       size_t n)
{
	struct envol_kek_choice keks[8] = { 0 };
	const struct envol_volume_format format = {
		.device = room->image,
		.keks = keks,
		.n_keks = n,
	};
	size_t i;

	CHECK(n <= TEST_ARRAY_SIZE(keks));
	for (i = 0; i < n; i++) {
		room_make_key(room, names[i]);
		keks[i].uri = names[i];
	}
	CHECK_OK(envol_volume_format(room->ev, &format, NULL));
}

/* The same for keys "a" and "b" together; there is a "c" as well. */
static inline void room_format_double(struct room *room)
{
	static const struct envol_kek_choice kek = { .uri = "a", .second = "b" };
	const struct envol_volume_format format = {
		.device = room->image,
		.keks = &kek,
		.n_keks = 1,
	};

	room_make_key(room, "a");
	room_make_key(room, "b");
	room_make_key(room, "c");
	CHECK_OK(envol_volume_format(room->ev, &format, NULL));
}

/* Open without a mapping, which proves all that an open proves. */
static inline int room_test(const struct room *room, struct envol *ev,
			    const struct envol_volume_source *source,
			    struct envol_volume_info *info)
{
	struct envol_volume_open open = { .test = true };

	if (source)
		open.source = *source;
	if (!open.source.device)
		open.source.device = room->image;
	return envol_volume_open(ev, &open, info);
}

/* Opens, with @want as its wraps: "a/1 b/2~ c/1+d/1", a ~ for a retiring one. */
static inline void room_check_wraps(const struct room *room, const char *want)
{
	struct envol_volume_info info;
	char text[1024] = "";
	size_t i;

	CHECK_OK(room_test(room, room->ev, NULL, &info));
	for (i = 0; i < info.n_wraps; i++) {
		const struct envol_wrap_info *wrap = &info.wraps[i];
		unsigned int part;

		for (part = 0; part < wrap->n_parts; part++)
			sprintf(text + strlen(text), "%s%s/%s",
				part ? "+" : i ? " " : "",
				wrap->parts[part].uri + strlen("service:"),
				wrap->parts[part].version);
		if (wrap->retiring)
			strcat(text, "~");
		CHECK(wrap->proved);
	}
	envol_volume_info_free(&info);
	CHECK_STR_EQ(text, want);
}
