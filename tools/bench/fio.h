/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of fio(1) on one device, and what it and the kernel say of it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct envol_fio_load {
	const char *name;
	const char *rw;		/* as fio's --rw */
	unsigned int bytes;	/* of an I/O */
	unsigned int depth;
};

struct envol_fio_result {
	double bytes;		/* moved in all */
	double bytes_per_s;
	double iops;
	double mean_us;		/* an I/O's time in the device, as fio saw it */
	double p99_us;
	double cpu_s;		/* busy time of all CPUs meanwhile: kernel threads are in it */
};

/* Run @load on @path for @runtime_s seconds. 0 or -errno, said to the user. */
int envol_fio_run(const struct envol_fio_load *load, const char *path,
		  unsigned int runtime_s, struct envol_fio_result *result)
	__attribute__((warn_unused_result));

/* What fio said, @json: pure. @cpu_s is left alone. -EBADMSG if that is not what fio says. */
int envol_fio_parse(const char *json, struct envol_fio_result *result)
	__attribute__((warn_unused_result));

/* Busy clock ticks in the first line of @stat, which is /proc/stat's: pure. 0 if it has none. */
uint64_t envol_fio_busy_ticks(const char *stat);
