/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What service keys are called. */
#pragma once

#include "userspace/lib/internal.h"

#define ENVOL_SERVICE_NAME_SIZE 64	/* with the NUL */

/*
 * 1 to 63 of a-z A-Z 0-9 . _ -, of which the first is a letter or digit: a name
 * is a file's name, and a word in a record. -EINVAL with the rule.
 */
int envol_service_check_name(struct envol *ev, const char *name) _must_check_;
