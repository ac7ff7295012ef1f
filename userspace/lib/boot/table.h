/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /etc/envol/volumes, from bytes to lines. Pure. */
#pragma once

#include "userspace/include/envol_boot.h"
#include "userspace/lib/internal.h"

/* What a host's table may be at most. */
#define ENVOL_BOOT_FILE_MAX (256u * 1024)

#define ENVOL_BOOT_TIMEOUT_S 90u	/* of a volume that does not say */

/* @name is the file's, for messages. -ENOMEM; mistakes are defects of @table. */
int envol_boot_parse(struct envol *ev, const char *name, const char *text,
		     size_t len, struct envol_boot_table *table) _must_check_;

/* A device by something that stays with it whatever order disks are found in. */
bool envol_boot_is_stable(const char *device);
