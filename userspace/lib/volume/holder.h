/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who uses a device: a mount, swap, another mapping, a loop device, a virtual machine. */
#pragma once

#include "userspace/lib/volume/device.h"

/*
 * 0 if nobody does. -EBUSY with a sentence that names who and how to end it, as far
 * as the kernel tells.
 */
int envol_holder_check(struct envol *ev, const struct envol_device *dev)
	_must_check_;
