// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast each engine is on this machine, measured once, when the module is loaded. Where
 * work on a bio holds something up, the limit is a time; here it becomes bytes.
 */
#include <linux/kernel.h>

#include "kmod/envol.h"

#define MAX_ENGINES 4

static unsigned int rates[MAX_ENGINES];	/* bytes a microsecond, in the order of the engines */

unsigned int envol_pace_rate(const struct envol_xts_engine *engine)
{
	unsigned int i;

	for (i = 0; envol_xts_engines[i] != engine; i++)
		;
	return rates[i];
}

/* A slow machine works on one data unit of the largest size at a time, whatever it takes. */
unsigned int envol_pace_bytes(const struct envol_target *et, unsigned int us)
{
	u64 bytes = (u64)et->rate * us;

	return round_down(clamp_t(u64, bytes, ENVOL_XTS_DU_MAX, ENVOL_PACE_BYTES_MAX),
			  ENVOL_XTS_DU_MAX);
}

int envol_pace_init(void)
{
	unsigned int i;

	for (i = 0; envol_xts_engines[i]; i++) {
		if (WARN_ON(i == MAX_ENGINES))
			return -EINVAL;
		if (!envol_xts_engine_runs(envol_xts_engines[i], envol_crypt_cpu()))
			continue;
		rates[i] = envol_crypt_measure(envol_xts_engines[i]);
		if (!rates[i])
			return -ENOMEM;
	}
	return 0;
}
