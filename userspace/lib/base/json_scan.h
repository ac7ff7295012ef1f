/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Is this JSON (RFC 8259), to the letter and without a trap? A reader that keeps the
 * last of two equal names, or stops before what stands behind the document, would
 * see another document than its neighbour; so such texts are refused here, before
 * any reader. Pure.
 */
#pragma once

#include "userspace/lib/internal.h"

#define ENVOL_JSON_SCAN_DEPTH 32	/* of objects and arrays */
#define ENVOL_JSON_SCAN_NAMES 256	/* in one object */

/*
 * Refused with -EBADMSG, @why (a static sentence) and @where (a byte of @text),
 * besides what the grammar refuses: a name given twice in an object (whatever
 * escapes it is written with), text that is not UTF-8, \u0000 and half surrogate
 * pairs, integers beyond 64 bits, and what exceeds the limits above. -ENOMEM.
 */
int envol_json_scan(const char *text, size_t len, const char **why,
		    size_t *where) _must_check_;
