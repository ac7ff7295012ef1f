/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disk images as block devices. */
#pragma once

#include "userspace/lib/internal.h"

/*
 * Attach the regular file @path to a free loop device, which is detached when its
 * last user closes it: a mapping that was made on it, or the caller, whose
 * descriptor is returned; @node gets its path, malloc'ed. A file that can't be
 * written is attached read-only. -errno; -EOPNOTSUPP without loop devices.
 */
int envol_loop_attach(struct envol *ev, const char *path, bool read_only,
		      char **node) _must_check_;
