/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a mapping is to be made: a block device that nobody uses, or a disk image
 * that is attached to a loop device for as long as it is used.
 */
#pragma once

#include "userspace/lib/internal.h"
#include "userspace/lib/kernel/block.h"
#include "userspace/lib/volume/device.h"

struct envol_place {
	struct envol_device device;	/* the block device; its path is the one to be used */
	struct envol_block block;
	struct envol_device image;	/* locked meanwhile; else without a descriptor */
	int loop;			/* keeps the image attached; -1 */
};

#define ENVOL_PLACE_INIT \
	{ .device = ENVOL_DEVICE_INIT, .image = ENVOL_DEVICE_INIT, .loop = -1 }
#define _cleanup_place_ _cleanup_(envol_place_leave)

/*
 * -EBUSY with who uses it; what a killed open left on it is cleared away first.
 * Errors as envol_device_open() and envol_loop_attach().
 */
int envol_place_take(struct envol *ev, const char *path, bool read_only,
		     struct envol_place *place) _must_check_;
void envol_place_leave(struct envol_place *place);
