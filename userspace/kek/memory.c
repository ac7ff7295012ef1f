// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The allocator of this process: the C library's, but what is freed is wiped
 * first. OpenSSL, libtss2, libcurl, vendors' modules and the C library itself all
 * resolve malloc() to it, whether or not they have a hook for one. A block's
 * usable size is wiped, so also what a library wrote beyond what it asked for.
 *
 * Sanitizers bring an allocator of their own, and the build then leaves this out.
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <string.h>

#include "userspace/lib/base/attr.h"

#define PUBLIC __attribute__((visibility("default")))

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void __libc_free(void *p);

PUBLIC void *malloc(size_t size)
{
	return __libc_malloc(size);
}

PUBLIC void *calloc(size_t n, size_t size)
{
	return __libc_calloc(n, size);
}

PUBLIC void free(void *p)
{
	int saved_errno = errno;

	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	__libc_free(p);
	errno = saved_errno;
}

/* Always a new block: the C library's would leave the old bytes where they were. */
PUBLIC void *realloc(void *p, size_t size)
{
	size_t old_size = p ? malloc_usable_size(p) : 0;
	void *fresh;

	if (p && size == 0) {
		free(p);
		return NULL;
	}
	fresh = __libc_malloc(size);
	if (fresh && p) {
		memcpy(fresh, p, old_size < size ? old_size : size);
		free(p);
	}
	return fresh;
}
