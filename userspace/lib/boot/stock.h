/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tables of stock tools say of a volume, where it gets in its way. */
#pragma once

#include "userspace/include/envol_boot.h"

#define ENVOL_FSTAB    "/etc/fstab"
#define ENVOL_CRYPTTAB "/etc/crypttab"

/* Each is a warning about @volume. A table that is not there says nothing. */
void envol_stock_check(const struct envol_boot_volume *volume, const char *fstab,
		       const char *crypttab, envol_check_fn fn, void *data);
