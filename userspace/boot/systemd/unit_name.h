/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of units as systemd writes them, see "String escaping" in systemd.unit(5). Pure. */
#pragma once

#include <stdbool.h>

#define UNIT_NAME_MAX 256	/* with its NUL */

/* @prefix, @text escaped, @suffix. False for one that is too long. */
bool unit_name_instance(char name[UNIT_NAME_MAX], const char *prefix,
			const char *text, const char *suffix);

/* Of an absolute path: @prefix, "dev-mapper-data", @suffix. */
bool unit_name_path(char name[UNIT_NAME_MAX], const char *prefix,
		    const char *path, const char *suffix);
