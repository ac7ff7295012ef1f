/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What makes this process fit to hold keys. */
#pragma once

#include "userspace/lib/internal.h"

/*
 * No core dump, no ptrace, no new privileges, no descriptor but 0 to 2 and
 * @keep_fd, an empty environment, everything locked in memory. -errno with a
 * sentence where that can't be had: there is no weaker way to run.
 */
int envol_harden_process(struct envol *ev, int keep_fd) _must_check_;
