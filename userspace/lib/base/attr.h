/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the compiler is told of functions and variables. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define _must_check_ __attribute__((warn_unused_result))
#define _nonnull_ __attribute__((nonnull))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _cleanup_(fn) __attribute__((cleanup(fn)))

static inline void envol_attr_free(void *p)
{
	free(*(void **)p);
}

static inline void envol_attr_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _cleanup_free_ _cleanup_(envol_attr_free)
#define _cleanup_close_ _cleanup_(envol_attr_close)

/* Hand over what a _cleanup_ variable holds: `return take_ptr(p);` */
#define take_ptr(p)                            \
	({                                     \
		__typeof__(p) *from_ = &(p);   \
		__typeof__(p) taken_ = *from_; \
		*from_ = NULL;                 \
		taken_;                        \
	})

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define ENVOL_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
