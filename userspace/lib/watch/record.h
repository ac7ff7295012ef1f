/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records of volumes that are not well, in the handle and in <state>/watch, so that a grace
 * goes on when the watch is started anew, and where nothing can be written. They are of one
 * boot of the host: what is open after the next was opened by a KEK then.
 */
#pragma once

#include "userspace/lib/watch/decide.h"

/*
 * The handle's, else the file's. What is not there, of another boot, or damaged is none: a
 * grace then begins.
 */
void envol_watch_record_load(struct envol *ev, const struct envol_volume_info *volume,
			     struct envol_decide_record *record);

/* What can't be written is said in the log; the handle has it. None: the file is removed. */
void envol_watch_record_store(struct envol *ev, const struct envol_volume_info *volume,
			      const struct envol_decide_record *record);

/* There was no such volume, as far as is remembered. */
void envol_watch_record_forget(struct envol *ev, const struct envol_volume_info *volume);

/* All but these are forgotten: under a name that is opened again a grace begins anew. */
void envol_watch_record_forget_others(struct envol *ev,
				      const struct envol_volume_info *volumes, size_t n);

/* Whether a volume can be watched at all, in the handle alone: was it otherwise before? */
bool envol_watch_record_set_blind(struct envol *ev, const struct envol_volume_info *volume,
				  bool is_blind);

/* Those of the handle, for its end. */
void envol_watch_record_free(struct envol *ev);
