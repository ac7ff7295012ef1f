/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before anything else: a process that may hold keys. */
#pragma once

/*
 * No core dumps, no tracer, no new privileges, files for the owner alone, standard
 * descriptors open, and of the environment only what is known to be needed. Ends
 * the process where that can't be had.
 */
void envol_harden_process(void);
