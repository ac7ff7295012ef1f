/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moments on the monotonic clock by which something must be done, and pauses between tries. */
#pragma once

#include "userspace/lib/internal.h"

struct envol_deadline {
	int64_t at_ms;	/* CLOCK_MONOTONIC (CLOCK_BOOTTIME: counts suspended time); INT64_MAX: none */
};

int64_t envol_deadline_now_ms(void);
struct envol_deadline envol_deadline_in(unsigned int ms);

/* Milliseconds left, 0 if over, at most INT_MAX. */
int envol_deadline_left_ms(struct envol_deadline deadline);

/* A moment of the next @below_ms; 0 of none. */
unsigned int envol_deadline_random_ms(unsigned int below_ms);

/*
 * Pause before try number @try (from 1): exponential from @base_ms up to @max_ms,
 * of which a random half (so that many hosts do not come back together).
 */
unsigned int envol_deadline_backoff_ms(unsigned int try, unsigned int base_ms,
				       unsigned int max_ms);
