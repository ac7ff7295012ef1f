/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lies on a device, by its signatures, through libblkid. */
#pragma once

#include "userspace/lib/volume/device.h"

#define ENVOL_SIGNATURE_TEXT 256

/*
 * All signatures of file systems, partition tables, RAID, LVM, LUKS and the like, for
 * people, in @text: "ext4 file system labelled data, gpt partition table";
 * "" if there is none. -EIO and other errors of reading.
 */
int envol_signature_find(struct envol *ev, const struct envol_device *dev,
			 char text[ENVOL_SIGNATURE_TEXT]) _must_check_;

/*
 * Make all of them unknown to everyone who looks, wherever they lie, and the kernel
 * forget the partitions. The rest stays as it was. Needs O_RDWR.
 */
int envol_signature_wipe(struct envol *ev, const struct envol_device *dev)
	_must_check_;
