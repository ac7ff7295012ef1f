/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The few words that the cipher core needs from its surroundings, once for the
 * kernel and once for user space. The only file in core that knows which of the
 * two it is in.
 */
#ifndef _ENVOL_CORE_PORT_H
#define _ENVOL_CORE_PORT_H

#ifdef __KERNEL__

#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/types.h>

#define envol_memzero(p, n) memzero_explicit(p, n)

#else

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define envol_memzero(p, n) explicit_bzero(p, n)

#endif

#define ENVOL_ALIGNED(n) __attribute__((aligned(n)))

/* Unaligned little-endian access, for any alignment of @p. */
static inline u64 envol_get_le64(const u8 *p)
{
	u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

static inline void envol_put_le64(u8 *p, u64 v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	__builtin_memcpy(p, &v, sizeof(v));
}

#endif
