/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Nth call that changes a file fails, or kills the process. The program is
 * linked with --wrap for each of them (see tests/build.mk).
 */
#pragma once

#include <stdbool.h>

/* Call number @n from here on, from 1, fails with @err, a write half done; 0: the process is killed there. */
void nth_arm(unsigned int n, int err);

/* Has it come to that? */
bool nth_struck(void);

/* How a change ended that was made with a fault. */
enum nth_end {
	NTH_DONE,
	NTH_FAILED,
	NTH_KILLED,
	NTH_NOT_STRUCK,		/* done, and it has fewer calls */
};

struct nth_sweep {
	void (*reset)(const void *change);
	int (*make)(const void *change);	/* in a process of its own */
	void (*check)(const void *change, unsigned int n, int err, enum nth_end end);
	unsigned int least_calls, most_calls;
};

/*
 * The change @what again and again, each time from anew and with the next of its calls
 * failing or killing it, until it has no more calls. It fails the test where a change ends
 * in another way, or has fewer or more calls than those.
 */
void nth_sweep(const struct nth_sweep *sweep, const char *what, const void *change, int err);
