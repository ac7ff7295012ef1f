/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tape of what a process writes to one file, and of when it has it synced. From the
 * tape comes every state that a kill or a power cut could have left the file in:
 * after each write and in the middle of it; and, since a disk may write in any
 * order what was not synced yet, every subset of the writes between two syncs.
 *
 * The program's own write(), pwrite(), fsync() and fdatasync() record; libraries call
 * them too, the linker sees to that.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

void tape_start(const char *path);
void tape_stop(void);
size_t tape_writes(void);

/* The process is killed just before write number @n, from 0, to that file. */
void tape_kill_at(const char *path, size_t n);

/*
 * Make each such state, of @base with what the tape has, in the file @path, and call
 * @check with a text that says which it is. Returns how many.
 */
size_t tape_states(const char *base, const char *path,
		   void (*check)(const char *state, void *data), void *data);
