/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a load cost in each of its slices. On a machine that others use too, noise only ever
 * adds: the minimum is what the code takes, and the quartiles say how quiet it was.
 */
#pragma once

#include <stddef.h>

struct envol_sample {
	double *costs;
	size_t count;
	size_t room;
};

struct envol_sample_summary {
	double min;
	double quartile[3];
};

/* -ENOMEM leaves @sample as it was. */
int envol_sample_add(struct envol_sample *sample, double cost)
	__attribute__((warn_unused_result));

/* Of at least one cost; sorts @sample. Quartiles are costs that occurred. */
struct envol_sample_summary envol_sample_summarize(struct envol_sample *sample);

void envol_sample_wipe(struct envol_sample *sample);
