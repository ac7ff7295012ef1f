// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "userspace/cli/nearest.h"

#define LEN_MAX 40

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Letters to insert, drop, replace or swap with their neighbour. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int d[LEN_MAX + 1][LEN_MAX + 1];
	size_t n = strlen(a), m = strlen(b), i, j;

	if (n > LEN_MAX || m > LEN_MAX)
		return LEN_MAX;
	for (i = 0; i <= n; i++) {
		for (j = 0; j <= m; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = i + j;
				continue;
			}
			d[i][j] = least(d[i - 1][j] + 1, d[i][j - 1] + 1);
			d[i][j] = least(d[i][j], d[i - 1][j - 1] +
							 (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[n][m];
}

void envol_nearest_offer(struct nearest *nearest, const char *typed,
			 const char *name)
{
	unsigned int far = distance(typed, name);

	/* Of a short name more than a slip would be another name. */
	if (far > 1 && 3 * far > strlen(name))
		return;
	if (nearest->best && nearest->distance <= far)
		return;
	nearest->best = name;
	nearest->distance = far;
}
