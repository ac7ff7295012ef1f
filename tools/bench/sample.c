// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/bench/sample.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int envol_sample_add(struct envol_sample *sample, double cost)
{
	if (sample->count == sample->room) {
		size_t room = sample->room ? 2 * sample->room : 64;
		double *costs = reallocarray(sample->costs, room, sizeof(*costs));

		if (!costs)
			return -ENOMEM;
		sample->costs = costs;
		sample->room = room;
	}
	sample->costs[sample->count++] = cost;
	return 0;
}

static int by_cost(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct envol_sample_summary envol_sample_summarize(struct envol_sample *sample)
{
	struct envol_sample_summary summary;
	size_t i;

	assert(sample->count);
	qsort(sample->costs, sample->count, sizeof(*sample->costs), by_cost);
	summary.min = sample->costs[0];
	for (i = 0; i < 3; i++)
		summary.quartile[i] = sample->costs[(sample->count - 1) * (i + 1) / 4];
	return summary;
}

void envol_sample_wipe(struct envol_sample *sample)
{
	free(sample->costs);
	*sample = (struct envol_sample){ 0 };
}
