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
