/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs of others that put something onto a new device: mkswap, mkfs.ext4. */
#pragma once

#include "userspace/lib/internal.h"

/* The path of the program for @type, "swap" or a file system, malloc'ed; -ENOENT. */
int envol_mkfs_find(struct envol *ev, const char *type, char **program)
	_must_check_;

/* Run @program on @device, with what it says on its standard error as the sentence: -EIO. */
int envol_mkfs_run(struct envol *ev, const char *program, const char *device)
	_must_check_;
