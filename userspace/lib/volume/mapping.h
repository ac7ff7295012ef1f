/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A volume's mapping as it is found in the kernel. */
#pragma once

#include "userspace/lib/internal.h"
#include "userspace/lib/kernel/dm.h"
#include "userspace/lib/kernel/name.h"
#include "userspace/lib/kernel/target.h"
#include "userspace/lib/volume/run.h"

struct envol_mapping {
	char name[ENVOL_DM_NAME_SIZE];
	char luks_uuid[ENVOL_NAME_LUKS_UUID_SIZE];
	char key[ENVOL_NAME_KEY_SIZE];	/* description under which its kernel key is published */
	struct envol_dm_info info;
	struct envol_dm_target line;	/* its table; empty where none is live */
	struct envol_target_info table;	/* the same, parsed */
	char *device;			/* under it; NULL if it is gone */
	struct envol_run_record known;	/* "" and NULL where nothing is remembered */
};

#define ENVOL_MAPPING_INIT { 0 }
#define _cleanup_mapping_ _cleanup_(envol_mapping_free)
void envol_mapping_free(struct envol_mapping *mapping);

/*
 * A volume's mapping is one that envol made, or that stock tools made over an envol
 * header on the device under it. -ENODEV for no mapping, -EMEDIUMTYPE for one that
 * is not a volume's. @mapping must be empty.
 */
int envol_mapping_find(struct envol *ev, const char *name,
		       struct envol_mapping *mapping) _must_check_;

/*
 * The state of its key, malloc'ed, as envol's status tells it; of crypt, which does not
 * look at its kernel key any more, "ready" or "wiped".
 */
int envol_mapping_key_state(struct envol *ev, const struct envol_mapping *mapping,
			    char **state) _must_check_;
