// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/bench/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

int envol_fail_with(int err, const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("envol-bench: error: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return err;
}

int envol_fail_exit_code(int err)
{
	static const struct {
		int err;
		int code;
	} codes[] = {
		{ 0, 0 },	{ -EACCES, 2 }, { -EPERM, 2 },	 { -ENOMEM, 3 },
		{ -ENODEV, 4 }, { -ENOENT, 4 }, { -EEXIST, 5 },	 { -EBUSY, 5 },
		{ -EINTR, 7 },
	};
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].err == err)
			return codes[i].code;
	return 1;
}
