/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Volumes whose key only the kernel has and no header tells of: swap and scratch, wiped
 * by definition when the mapping goes.
 */
#pragma once

#include "userspace/include/envol_boot.h"
#include "userspace/lib/internal.h"

/*
 * -EEXIST for a device that has a signature and a line that does not say "overwrite", and in
 * any case for one that is encrypted or part of something larger.
 */
int envol_throwaway_open(struct envol *ev, const struct envol_boot_volume *volume,
			 const char *device, struct envol_volume_info *info)
	_must_check_;
