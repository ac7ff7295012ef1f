/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the compiler does when a variable goes out of scope. */
#pragma once

#include <stdlib.h>

#include "userspace/include/envol.h"

#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _must_check_ __attribute__((warn_unused_result))

static inline void envol_cleanup_free(void *p)
{
	free(*(void **)p);
}

#define _cleanup_free_ _cleanup_(envol_cleanup_free)
#define _cleanup_secret_ _cleanup_(envol_secret_wipe)
#define _cleanup_volume_info_ _cleanup_(envol_volume_info_free)
#define _cleanup_key_info_ _cleanup_(envol_key_info_free)
