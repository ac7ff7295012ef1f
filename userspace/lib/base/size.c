// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/size.h"

static const char suffixes[] = "KMGTPE";

int envol_size_parse(const char *text, uint64_t *bytes)
{
	unsigned int shift = 0;
	uint64_t value = 0;
	const char *suffix;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *text - '0', &value))
			return -ERANGE;
	if (*text) {
		suffix = strchr(suffixes, *text);
		if (!suffix || *suffix == 'E' || text[1])
			return -EINVAL;
		shift = 10 * (suffix - suffixes + 1);
	}
	if (value > UINT64_MAX >> shift)
		return -ERANGE;
	*bytes = value << shift;
	return 0;
}

void envol_size_format(char text[ENVOL_SIZE_TEXT], uint64_t bytes)
{
	unsigned int unit = 0, shift, tenth;

	while (unit < sizeof(suffixes) - 1 && bytes >> (10 * (unit + 1)))
		unit++;
	if (unit == 0) {
		snprintf(text, 16, "%u B", (unsigned int)bytes);
		return;
	}
	shift = 10 * unit;
	/* Cut off, not rounded: nothing is shown larger than it is. */
	tenth = (bytes & ((1ull << shift) - 1)) * 10 >> shift;
	snprintf(text, 16, "%u.%u %ciB", (unsigned int)(bytes >> shift) & 1023,
		 tenth % 10, suffixes[unit - 1]);
}
