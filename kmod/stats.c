// SPDX-License-Identifier: GPL-2.0-only
/* Counters of a mapping, per CPU, summed when they are shown. */
#include <linux/cpumask.h>
#include <linux/percpu.h>

#include "kmod/envol.h"

static const char *const names[ENVOL_STATS] = {
	[ENVOL_STAT_READS] = "reads",
	[ENVOL_STAT_READ_BYTES] = "read_bytes",
	[ENVOL_STAT_WRITES] = "writes",
	[ENVOL_STAT_WRITE_BYTES] = "write_bytes",
	[ENVOL_STAT_INLINE] = "inline",
	[ENVOL_STAT_DEFERRED] = "deferred",
	[ENVOL_STAT_SPREAD] = "spread",
	[ENVOL_STAT_RESERVE] = "reserve",
	[ENVOL_STAT_AGAIN] = "again",
	[ENVOL_STAT_KEY_ERRORS] = "key_errors",
};

const char *envol_stats_name(enum envol_stat stat)
{
	return names[stat];
}

u64 envol_stats_read(const struct envol_stats __percpu *stats, enum envol_stat stat)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(stats, cpu)->value[stat]);
	return sum;
}

void envol_stats_clear(struct envol_stats __percpu *stats)
{
	enum envol_stat stat;
	int cpu;

	for_each_possible_cpu(cpu)
		for (stat = 0; stat < ENVOL_STATS; stat++)
			WRITE_ONCE(per_cpu_ptr(stats, cpu)->value[stat], 0);
}
