/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lies on a mapping, by however many layers. */
#pragma once

#include "userspace/lib/internal.h"

/*
 * Is the watch's own state, or the host's root, on mapping @name? Where its I/O waits the
 * watch waits with it. False where that can't be told.
 */
bool envol_watch_is_under(struct envol *ev, const char *name);
