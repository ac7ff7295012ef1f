/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records of volumes that are not well, in <state>/watch, so that a grace goes on when the
 * watch is started anew. They are of one boot of the host: what is open after the next
 * was opened by a KEK then.
 */
#pragma once

#include "userspace/lib/watch/decide.h"

/* What is not there, of another boot, or damaged is none: a grace then begins. */
void envol_watch_record_load(struct envol *ev, const char *uuid,
			     struct envol_decide_record *record);

/* What fails is said in the log; the watch has it in memory too. None: it is removed. */
void envol_watch_record_store(struct envol *ev, const char *uuid,
			      const struct envol_decide_record *record);
