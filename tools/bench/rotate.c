// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/bench/rotate.h"

#include <stdint.h>
#include <time.h>

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t now_cycles(void)
{
#ifdef __x86_64__
	return __builtin_ia32_rdtsc();
#else
	return 0;
#endif
}

/* The clock is read once a run: tens of nanoseconds beside microseconds. */
static int run_slice(struct envol_rotate_load *load, unsigned int slice_us)
{
	uint64_t start, end, runs = 0, slice_ns = (uint64_t)slice_us * 1000;

	load->run(load->arg);	/* what the load before pushed out of the caches comes back */
	start = now_ns();
	do {
		load->run(load->arg);
		runs++;
		end = now_ns();
	} while (end - start < slice_ns);
	return envol_sample_add(&load->ns_per_byte,
				(double)(end - start) / (double)runs / (double)load->bytes);
}

int envol_rotate_run(struct envol_rotate_load *loads, size_t count,
		     const struct envol_rotate_plan *plan, double *cycles_per_ns)
{
	uint64_t ns = now_ns(), cycles = now_cycles();
	unsigned int round;
	size_t i;
	int err;

	for (round = 0; round < plan->rounds; round++)
		for (i = 0; i < count; i++) {
			err = run_slice(&loads[i], plan->slice_us);
			if (err)
				return err;
		}
	*cycles_per_ns = (double)(now_cycles() - cycles) / (double)(now_ns() - ns);
	return 0;
}
