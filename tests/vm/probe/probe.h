/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the test module say to each other. */
#ifndef _ENVOL_PROBE_H
#define _ENVOL_PROBE_H

#include <linux/types.h>

/* disk.c: /dev/probe0, memory that is a block device and watches its bios. */
int probe_disk_init(void);
void probe_disk_exit(void);

/*
 * layout.c: write and read back runs of data units on @path in pieces of any length at
 * any address, @rounds times, from random numbers of @seed. -EBADMSG when a byte is
 * wrong, be it in the data or beside it.
 */
int probe_layout_run(const char *path, u64 seed, unsigned int rounds);

/*
 * fpu.c: a thread on each CPU that is in an FPU section most of the time and looks
 * whether its registers stay what they were. stop: -EBADMSG when one did not.
 */
int probe_fpu_start(void);
int probe_fpu_stop(void);

#endif
