/* SPDX-License-Identifier: GPL-2.0-or-later */
/* envol-bench device: mappings of a real device side by side, whose contents are lost. */
#pragma once

#include <stdbool.h>

#include "tools/bench/report.h"

struct envol_device_options {
	const char *path;
	unsigned int du_size;		/* 512 or 4096 */
	unsigned int runtime_s;		/* of a load on a mapping, in each round */
	unsigned int rounds;
	const char *load;		/* only loads whose name has this; NULL: all */
	bool yes;			/* do not ask */
};

/* Measure and fill @report, which the caller wipes either way. 0 or -errno, said to the user. */
int envol_device_run(const struct envol_device_options *options,
		     struct envol_report *report)
	__attribute__((warn_unused_result));
