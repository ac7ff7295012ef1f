/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of mappings until the next boot, in /run/envol: the lock under which
 * they are made, and what the kernel can't tell of one: which DEK it was opened with, and
 * where a detached header lies.
 */
#pragma once

#include "userspace/lib/internal.h"
#include "userspace/lib/kernel/name.h"

/*
 * Mappings are made one at a time. A mapping without a table is then one that
 * somebody was killed over. Held as long as the descriptor that is returned; -errno.
 */
int envol_run_lock(struct envol *ev) _must_check_;

/* Of one mapping. Free with envol_run_free(). */
struct envol_run_record {
	char uuid[ENVOL_NAME_UUID_SIZE];	/* of the mapping */
	char fingerprint[ENVOL_FINGERPRINT_SIZE];
	char *header;		/* detached; NULL: on the device */
};

/*
 * What stands in place of a fingerprint where the key is nowhere but in the kernel, so that
 * without its mapping the data are gone; and until such a mapping is ready for use.
 */
#define ENVOL_RUN_THROWAWAY "throwaway"
#define ENVOL_RUN_UNFINISHED "throwaway unfinished"

bool envol_run_is_throwaway(const struct envol_run_record *record);

#define ENVOL_RUN_RECORD_INIT { 0 }
#define _cleanup_run_record_ _cleanup_(envol_run_free)
void envol_run_free(struct envol_run_record *record);

/* What fails is said in the log. @header may be a relative path. */
void envol_run_remember(struct envol *ev, const char *name,
			const struct envol_run_record *record);

/*
 * Whether the mapping @name with the device-mapper UUID @uuid is remembered. @record
 * must be empty.
 */
bool envol_run_recall(struct envol *ev, const char *name, const char *uuid,
		      struct envol_run_record *record);
void envol_run_forget(const char *name);
