// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/fault/tape.h"
#include "tests/harness/test.h"

#define EVENTS_MAX 4096
/* Of more writes than these between two syncs not every subset is made. */
#define SUBSETS_OF 5
#define BLOCK 4096
/* Lengths that say which blocks of the last write are there, and not how many bytes. */
#define EVEN_BLOCKS (SIZE_MAX - 1)
#define ODD_BLOCKS SIZE_MAX

#define EXPORTED __attribute__((visibility("default")))

static struct event {
	off_t offset;
	size_t len;
	uint8_t *data;	/* NULL: a sync */
} events[EVENTS_MAX];

static size_t n_events, n_writes, kill_at;
static bool recording, killing;
static dev_t file_dev;
static ino_t file_ino;

static void aim_at(const char *path)
{
	struct stat st;

	CHECK_EQ(stat(path, &st), 0);
	file_dev = st.st_dev;
	file_ino = st.st_ino;
}

void tape_start(const char *path)
{
	aim_at(path);
	n_events = n_writes = 0;
	recording = true;
}

void tape_stop(void)
{
	recording = false;
}

size_t tape_writes(void)
{
	return n_writes;
}

void tape_kill_at(const char *path, size_t n)
{
	aim_at(path);
	n_writes = 0;
	kill_at = n;
	killing = true;
}

static bool is_the_file(int fd)
{
	struct stat st;

	return (recording || killing) && !fstat(fd, &st) &&
	       st.st_dev == file_dev && st.st_ino == file_ino;
}

static void note_write(int fd, const void *data, size_t len, off_t offset)
{
	struct event *event;

	if (!is_the_file(fd))
		return;
	if (killing && n_writes == kill_at)
		raise(SIGKILL);
	n_writes++;
	if (!recording)
		return;
	CHECK(n_events < EVENTS_MAX);
	event = &events[n_events++];
	event->offset = offset;
	event->len = len;
	event->data = malloc(len);
	CHECK(event->data);
	memcpy(event->data, data, len);
}

static void note_sync(int fd)
{
	if (!recording || !is_the_file(fd))
		return;
	CHECK(n_events < EVENTS_MAX);
	events[n_events++] = (struct event){ .data = NULL };
}

EXPORTED ssize_t write(int fd, const void *data, size_t len)
{
	note_write(fd, data, len, lseek(fd, 0, SEEK_CUR));
	return syscall(SYS_write, fd, data, len);
}

EXPORTED ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	note_write(fd, data, len, offset);
	return syscall(SYS_pwrite64, fd, data, len, offset);
}

EXPORTED int fsync(int fd)
{
	int err = syscall(SYS_fsync, fd);

	note_sync(fd);
	return err;
}

EXPORTED int fdatasync(int fd)
{
	int err = syscall(SYS_fdatasync, fd);

	note_sync(fd);
	return err;
}

/* ---- states ---- */

static void put(int fd, const struct event *event, size_t len)
{
	CHECK_EQ(syscall(SYS_pwrite64, fd, event->data, len, event->offset), len);
}

/* A disk may also write the blocks of one write in any order: of them the odd or even ones. */
static void put_blocks(int fd, const struct event *event, bool odd)
{
	size_t at, len;

	for (at = odd * BLOCK; at < event->len; at += 2 * BLOCK) {
		len = event->len - at < BLOCK ? event->len - at : BLOCK;
		CHECK_EQ(syscall(SYS_pwrite64, fd, event->data + at, len,
				 event->offset + at), len);
	}
}

/*
 * @base, then events[0 .. synced), then those of [synced, synced + 64) that @subset
 * has, of the last of them @last_len bytes, or its even or odd blocks.
 */
static void make_state(const char *base, const char *path, size_t synced,
		       uint64_t subset, size_t last_len)
{
	char command[512];
	size_t i;
	int fd;

	snprintf(command, sizeof(command),
		 "cp --sparse=always '%s' '%s'", base, path);
	CHECK_EQ(system(command), 0);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	for (i = 0; i < synced; i++)
		if (events[i].data)
			put(fd, &events[i], events[i].len);
	for (i = 0; subset; i++, subset >>= 1) {
		const struct event *event = &events[synced + i];

		if (subset == 1 && last_len >= EVEN_BLOCKS)
			put_blocks(fd, event, last_len == ODD_BLOCKS);
		else if (subset & 1)
			put(fd, event, subset == 1 ? last_len : event->len);
	}
	close(fd);
}

/* Lengths to which a write of @len bytes is cut: whole, and in and between its parts. */
static bool next_len(size_t len, size_t *at)
{
	static const size_t small[] = { 512, 4096, 65024, 65536, 69632, 131072 };
	size_t i;

	if (*at == len)
		return false;
	for (i = 0; i < TEST_ARRAY_SIZE(small); i++)
		if (small[i] > *at && small[i] < len / 2) {
			*at = small[i];
			return true;
		}
	*at = *at < len / 2 ? len / 2 : len;
	return true;
}

size_t tape_states(const char *base, const char *path,
		   void (*check)(const char *state, void *data), void *data)
{
	size_t from = 0, to, n = 0, last, len;
	uint64_t subset, all;
	char text[160];

	CHECK(n_writes > 0);
	while (from < n_events) {
		for (to = from; to < n_events && events[to].data; to++)
			;
		CHECK(to - from < 64);
		all = (1ull << (to - from)) - 1;
		for (subset = 0; subset <= all; subset++) {
			bool in_order = !(subset & (subset + 1));

			if (!in_order && to - from > SUBSETS_OF)
				continue;
			last = subset ? from + 63 - __builtin_clzll(subset) : 0;
			len = subset && !in_order ? events[last].len / 2 : 0;
			do {
				if (subset)
					next_len(events[last].len, &len);
				snprintf(text, sizeof(text),
					 "synced up to event %zu of %zu, then writes %#llx of %zu, %zu bytes of the last",
					 from, n_events, (unsigned long long)subset,
					 to - from, len);
				make_state(base, path, from, subset, len);
				check(text, data);
				n++;
			} while (subset && len < events[last].len);
			for (len = EVEN_BLOCKS; subset && len && events[last].len > BLOCK; len++) {
				snprintf(text, sizeof(text),
					 "synced up to event %zu of %zu, then writes %#llx of %zu, every second block of the last",
					 from, n_events, (unsigned long long)subset,
					 to - from);
				make_state(base, path, from, subset, len);
				check(text, data);
				n++;
			}
		}
		from = to + 1;
	}
	return n;
}
