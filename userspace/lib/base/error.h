/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An error is -errno; the sentence that says what it was is kept in the handle.
 * The deepest function that knows a fact states it with envol_error(), and each
 * caller that adds something prefixes it with envol_error_while(). Sentences are
 * lower-case, name the thing, and never contain a secret.
 */
#pragma once

#include "userspace/lib/internal.h"

/* Record why, in place of what was recorded, and return @err. */
int envol_error(struct envol *ev, int err, const char *fmt, ...) _printf_(3, 4);

/* The same, with ": " and the text of @err (an -errno) behind it. */
int envol_error_errno(struct envol *ev, int err, const char *fmt, ...)
	_printf_(3, 4);

/* Prefix the recorded sentence with what was being done, and return @err. */
int envol_error_while(struct envol *ev, int err, const char *fmt, ...)
	_printf_(3, 4);
