/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other programs, found in PATH. */
#pragma once

/*
 * Run @argv, ended by NULL, and wait for it. What it writes to stdout goes to *@out, for free(),
 * or nowhere if that is NULL. 0; -ENOENT if there is no such program; -EIO if it
 * failed, which it will have explained on stderr; -errno.
 */
int envol_command_run(const char *const argv[], char **out)
	__attribute__((warn_unused_result));
