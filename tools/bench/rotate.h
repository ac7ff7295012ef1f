/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads in turn, a short slice each, round after round: what disturbs the machine for a
 * second disturbs all of them, and each has many chances of a quiet slice.
 */
#pragma once

#include "tools/bench/sample.h"

struct envol_rotate_load {
	void (*run)(void *arg);		/* once over @bytes */
	void *arg;
	size_t bytes;
	struct envol_sample ns_per_byte; /* filled here, wiped by the caller */
};

struct envol_rotate_plan {
	unsigned int rounds;
	unsigned int slice_us;
};

/*
 * Run @count @loads by @plan. @cycles_per_ns gets what the time-stamp counter did
 * meanwhile, 0 where there is none. -ENOMEM.
 */
int envol_rotate_run(struct envol_rotate_load *loads, size_t count,
		     const struct envol_rotate_plan *plan, double *cycles_per_ns)
	__attribute__((warn_unused_result));
