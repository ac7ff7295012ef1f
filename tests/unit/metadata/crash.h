/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Die at a chosen write to a file. write() and fsync() below stand before the C
 * library's also for libcryptsetup; what was written and not synced can be taken
 * back, as a power cut may. Included once in a program.
 */
#pragma once

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum crash_kind {
	CRASH_BEFORE,	/* nothing of this write is done */
	CRASH_TORN,	/* half of it is */
	CRASH_LOST,	/* all of it, but nothing since the last sync stays */
	CRASH_REORDERED, /* only this one of those since the last sync stays */
	CRASH_KINDS
};

struct crash_write {
	off_t offset;
	size_t len;
	unsigned char *before;
};

static struct {
	int fd;			/* of the file, to take writes back by */
	struct stat file;
	unsigned int left;	/* writes until the end; 0: never */
	enum crash_kind kind;
	struct crash_write writes[64];
	unsigned int n_writes;
} crash;

/* From now on; @number counts from 1. */
static inline void crash_at(int fd, unsigned int number, enum crash_kind kind)
{
	crash.fd = fd;
	fstat(fd, &crash.file);
	crash.kind = kind;
	crash.left = number;
}

static inline int crash_is_watched(int fd)
{
	struct stat st;

	return crash.left && fstat(fd, &st) == 0 &&
	       st.st_ino == crash.file.st_ino && st.st_dev == crash.file.st_dev;
}

static inline void crash_take_back(unsigned int from, unsigned int to)
{
	while (to-- > from)
		if (pwrite(crash.fd, crash.writes[to].before, crash.writes[to].len,
			   crash.writes[to].offset) < 0)
			_exit(99);
}

static inline void crash_remember(off_t offset, size_t len)
{
	struct crash_write *w = &crash.writes[crash.n_writes++];

	if (crash.n_writes > 64 || !(w->before = calloc(1, len)))
		_exit(99);
	w->offset = offset;
	w->len = len;
	if (pread(crash.fd, w->before, len, offset) < 0)
		_exit(99);
}

static inline void crash_die(int fd, const void *data, size_t len)
{
	if (crash.kind == CRASH_TORN)
		len = len / 2 / 512 * 512;
	if (crash.kind != CRASH_BEFORE && syscall(SYS_write, fd, data, len) < 0)
		_exit(99);
	if (crash.kind == CRASH_LOST)
		crash_take_back(0, crash.n_writes);
	if (crash.kind == CRASH_REORDERED)
		crash_take_back(0, crash.n_writes - 1);
	kill(getpid(), SIGKILL);
}

__attribute__((visibility("default"))) ssize_t write(int fd, const void *data, size_t len)
{
	if (crash_is_watched(fd)) {
		crash_remember(lseek(fd, 0, SEEK_CUR), len);
		if (--crash.left == 0)
			crash_die(fd, data, len);
	}
	return syscall(SYS_write, fd, data, len);
}

__attribute__((visibility("default"))) int fsync(int fd)
{
	if (crash_is_watched(fd))
		while (crash.n_writes)
			free(crash.writes[--crash.n_writes].before);
	return syscall(SYS_fsync, fd);
}
