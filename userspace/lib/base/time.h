/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Points in time as RFC 3339 text, UTC, whole seconds: 2026-03-01T12:00:00Z. Pure but for now(). */
#pragma once

#include "userspace/lib/internal.h"

int64_t envol_time_now(void);	/* Unix seconds */
/*
 * The reverse of envol_time_format() in envol.h; -EINVAL for any other text, a leap
 * second included.
 */
int envol_time_parse(const char *text, int64_t *seconds) _must_check_;
