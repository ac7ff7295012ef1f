/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One look at all open volumes, and the world as it sees it. */
#pragma once

#include "userspace/include/envol_boot.h"
#include "userspace/include/envol_watch.h"
#include "userspace/lib/internal.h"

/* What a look asks and does; tests have one of their own. */
struct envol_look_world {
	int64_t (*now_ms)(void);	/* since the host's boot */
	int (*list)(struct envol *ev, struct envol_volume_info **infos, size_t *n);
	int (*describe)(struct envol *ev, const char *uri, struct envol_key_info *info);
	int (*opens)(struct envol *ev, const struct envol_volume_source *source);
	int (*renew)(struct envol *ev, const struct envol_volume_source *source,
		     uint64_t settle_s, unsigned int *renewed);
	bool (*is_under)(struct envol *ev, const char *name);	/* the watch itself */
	/* Has another volume that name by now? */
	bool (*is_other)(struct envol *ev, const char *name, const char *uuid);
	int (*lock)(struct envol *ev, const char *name);
	int (*close)(struct envol *ev, const char *name, bool deferred);
	const char *table;		/* file of the volumes that the host opens by itself */
};

/* envol_watch_look() in that world. */
int envol_look(struct envol *ev, const struct envol_look_world *world,
	       const struct envol_watch_settings *settings, envol_watch_fn fn, void *data,
	       unsigned int *next_s) _must_check_;
