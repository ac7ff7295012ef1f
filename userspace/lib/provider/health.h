/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which KEKs could not be reached lately, or are in a service that was throttled or out of
 * order for as long as it was asked: a file each in <state>/unreachable, whose
 * time is that of the last failure and whose content is the URI, for people. Of a
 * volume with several KEKs those are asked last, so that an open does not spend its
 * time again and again with a vault that is down. It decides nothing but that order, so
 * where it can't be kept that is no error.
 */
#pragma once

#include "userspace/lib/internal.h"

#define ENVOL_HEALTH_MEMORY_S 600	/* then it is asked in its turn again */

/* What a use of @uri (canonical) came to. Leaves the sentence in @ev alone. */
void envol_health_note(struct envol *ev, const char *uri, bool reached);

bool envol_health_is_poor(struct envol *ev, const char *uri);
