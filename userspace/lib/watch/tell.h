/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the watch decides goes to its caller and into the audit record. */
#pragma once

#include "userspace/include/envol_watch.h"
#include "userspace/lib/internal.h"

struct envol_tell {
	struct envol *ev;
	envol_watch_fn fn;
	void *data;
};

/* @volume NULL: of none alone. @err is that of what was tried, which the sentence has. */
void envol_tell(const struct envol_tell *tell, enum envol_watch_kind kind,
		const struct envol_volume_info *volume, int err, unsigned int left_s,
		const char *fmt, ...) _printf_(6, 7);
