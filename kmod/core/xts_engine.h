/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * An engine is one implementation of AES-XTS. They are listed fastest first in
 * xts.c, and "generic", which runs anywhere, is always the last.
 */
#ifndef _ENVOL_CORE_XTS_ENGINE_H
#define _ENVOL_CORE_XTS_ENGINE_H

#include "kmod/core/cpu.h"
#include "kmod/core/xts.h"

struct envol_xts_engine {
	const char *name;
	u32 cpu;	/* ENVOL_CPU_… bits, all needed; 0: any CPU, and no vector registers */
	void (*encrypt)(const struct envol_xts_key *key,
			const struct envol_xts_segment *segments, size_t len,
			unsigned int du_size, u64 tweak, u64 step);
	void (*decrypt)(const struct envol_xts_key *key,
			const struct envol_xts_segment *segments, size_t len,
			unsigned int du_size, u64 tweak, u64 step);
	void (*start)(const struct envol_xts_key *key, u8 t[16], u64 tweak);
	void (*encrypt_part)(const struct envol_xts_key *key, u8 t[16],
			     u8 *dst, const u8 *src, size_t len);
	void (*decrypt_part)(const struct envol_xts_key *key, u8 t[16],
			     u8 *dst, const u8 *src, size_t len);
};

/* xts_generic.c and xts_avx.c; by name only for the list in xts.c. */
extern const struct envol_xts_engine envol_xts_generic;
extern const struct envol_xts_engine envol_xts_aesni_avx;
extern const struct envol_xts_engine envol_xts_vaes_avx2;

/* All engines of this build, fastest first, ended by NULL. */
extern const struct envol_xts_engine *const envol_xts_engines[];

/* The fastest engine that a CPU with features @cpu runs; never NULL. */
const struct envol_xts_engine *envol_xts_best_engine(u32 cpu);

/* The engine called @name, whether or not this CPU runs it; NULL if there is none. */
const struct envol_xts_engine *envol_xts_find_engine(const char *name);

static inline bool envol_xts_engine_runs(const struct envol_xts_engine *engine,
					 u32 cpu)
{
	return (engine->cpu & ~cpu) == 0;
}

#endif
