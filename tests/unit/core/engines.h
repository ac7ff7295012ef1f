/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of kmod/core share: the engines of this CPU, and bytes to feed them. */
#pragma once

#include <stdio.h>

#include "kmod/core/xts_engine.h"
#include "tests/harness/test.h"

#define FOR_EACH_ENGINE(engine)                                               \
	for (const struct envol_xts_engine *const *it_ = envol_xts_engines,   \
						  *engine;                    \
	     (engine = *it_); it_++)                                          \
		if (envol_xts_engine_runs(engine, envol_cpu_features()))

/* A failure inside a loop says in which turn: the note is printed only then. */
#define CHECK_MEM_IN(note, a, b, len)                                         \
	do {                                                                  \
		if (memcmp(a, b, len) != 0) {                                 \
			printf note;                                          \
			CHECK_MEM_EQ(a, b, len);                              \
		}                                                             \
	} while (0)

/* Reproducible bytes: xorshift64* of a seed that is not 0. */
static inline u64 next_random(u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}

static inline void fill_random(void *p, size_t len, u64 seed)
{
	u64 state = seed * 2 + 1;
	u8 *bytes = p;

	while (len--)
		*bytes++ = next_random(&state) >> 56;
}

/* A key of @len bytes from @seed, expanded. */
static inline void random_key(struct envol_xts_key *key, size_t len, u64 seed)
{
	u8 raw[ENVOL_XTS_KEY_256];

	fill_random(raw, sizeof(raw), seed);
	CHECK_OK(envol_xts_set_key(key, raw, len, 0, envol_cpu_features()));
}
