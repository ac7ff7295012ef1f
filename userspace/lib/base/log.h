/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines that tell the story: which KEK was tried, how long it took. Never a
 * request body, a key or a PIN. They go to the caller's sink, see envol_set_log().
 */
#pragma once

#include "userspace/lib/internal.h"

void envol_log_warning(struct envol *ev, const char *fmt, ...) _printf_(2, 3);
void envol_log_info(struct envol *ev, const char *fmt, ...) _printf_(2, 3);
void envol_log_debug(struct envol *ev, const char *fmt, ...) _printf_(2, 3);
