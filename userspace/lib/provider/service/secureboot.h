/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does the firmware check what it starts? */
#pragma once

#include <stdbool.h>

#define ENVOL_SECUREBOOT_VARIABLES "/sys/firmware/efi/efivars"

/* Of the EFI variables in @directory; false where they can't be read. */
bool envol_secureboot_is_on(const char *directory);
