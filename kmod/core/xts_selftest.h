/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Known answers for one engine, in steps of a bounded length: the kernel gives every
 * step an FPU section of its own. Pure but for @work.
 */
#ifndef _ENVOL_CORE_XTS_SELFTEST_H
#define _ENVOL_CORE_XTS_SELFTEST_H

#include "kmod/core/xts_engine.h"
#include "kmod/core/xts_vectors.h"

/* The most that a step encrypts and decrypts together. */
#define ENVOL_XTS_SELFTEST_BYTES 16384

/* Steps of a vector. */
#define ENVOL_XTS_SELFTEST_STEPS 5

/* Units of the longest list of segments, and the canaries between them. */
#define ENVOL_XTS_SELFTEST_UNITS 20
#define ENVOL_XTS_SELFTEST_ROOM                                               \
	(ENVOL_XTS_VECTOR_MAX + 3 * ENVOL_XTS_VECTOR_SHIFT +                  \
	 ENVOL_XTS_SELFTEST_UNITS * ENVOL_XTS_BLOCK)

/* Too large for a kernel stack. Holds no secret: the keys are known answers' keys. */
struct envol_xts_selftest {
	struct envol_xts_key key;
	struct envol_xts_key portable;
	struct envol_xts_segment segments[ENVOL_XTS_SELFTEST_UNITS];
	u8 a[ENVOL_XTS_SELFTEST_ROOM] ENVOL_ALIGNED(64);
	u8 b[ENVOL_XTS_SELFTEST_ROOM] ENVOL_ALIGNED(64);
};

/*
 * Step @i, from 0 and one after the other with the same @work, of @engine, which the
 * CPU must be able to run; @cpu as for envol_xts_set_key(). Both key expansions,
 * encryption to elsewhere, the first unit in parts both ways, decryption in place, both
 * in segments that lie apart, and the bytes around what was written. Returns 0, -EBADMSG for a wrong answer, -ENOENT
 * past the last step.
 */
int envol_xts_selftest_step(const struct envol_xts_engine *engine, u32 cpu,
			    unsigned int i, struct envol_xts_selftest *work);

/* All of them: 0 or -EBADMSG. */
int envol_xts_selftest(const struct envol_xts_engine *engine, u32 cpu,
		       struct envol_xts_selftest *work);

#endif
