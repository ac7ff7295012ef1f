/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors of envol-bench: -errno up the stack, the sentence to the user where it is known. */
#pragma once

/* Print "envol-bench: error: …" to stderr and return @err, a -errno. */
int envol_fail_with(int err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The program's exit code for a -errno; the numbers are the manual's. */
int envol_fail_exit_code(int err);
