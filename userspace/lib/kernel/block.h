/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Block devices as sysfs knows them: numbers, nodes, and what lies on them. */
#pragma once

#include "userspace/lib/internal.h"

struct envol_block {
	unsigned int major, minor;
	bool read_only;
	bool zoned;	/* host-managed */
};

/* Of an open block device. -ENOTBLK for anything else, with @path in the sentence. */
int envol_block_look(struct envol *ev, int fd, const char *path,
		     struct envol_block *block) _must_check_;

/* The device's node, malloc'ed: /dev/vdb, /dev/mapper/vg-home. -ENODEV. */
int envol_block_path(struct envol *ev, unsigned int major, unsigned int minor,
		     char **path) _must_check_;

/*
 * The names of the mappings that lie on a device, malloc'ed, in a malloc'ed array that
 * ends with NULL, for envol_dm_free_names().
 */
int envol_block_mappings(struct envol *ev, unsigned int major,
			 unsigned int minor, char ***names) _must_check_;
