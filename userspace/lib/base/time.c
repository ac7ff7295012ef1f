// SPDX-License-Identifier: LGPL-2.1-or-later
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "userspace/lib/base/time.h"

#define LAST_SECOND 253402300799	/* 9999-12-31T23:59:59Z */

int64_t envol_time_now(void)
{
	return time(NULL);
}

void envol_time_format(char text[ENVOL_TIME_SIZE], int64_t seconds)
{
	time_t t = seconds;
	struct tm tm;

	assert(seconds >= 0 && seconds <= LAST_SECOND);
	gmtime_r(&t, &tm);
	strftime(text, ENVOL_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* The digits that stand in @text where @shape has @what. */
static int number(const char *text, const char *shape, char what)
{
	int n = 0;

	for (; *shape; shape++, text++)
		if (*shape == what)
			n = n * 10 + *text - '0';
	return n;
}

int envol_time_parse(const char *text, int64_t *seconds)
{
	static const char shape[] = "YYYY-MM-DDThh:mm:ssZ";
	char again[ENVOL_TIME_SIZE];
	struct tm tm = { 0 };
	int64_t t;
	size_t i;

	if (strlen(text) != strlen(shape))
		return -EINVAL;
	for (i = 0; shape[i]; i++) {
		bool is_fixed = strchr("-T:Z", shape[i]);

		if (is_fixed ? text[i] != shape[i]
			     : text[i] < '0' || text[i] > '9')
			return -EINVAL;
	}
	tm.tm_year = number(text, shape, 'Y') - 1900;
	tm.tm_mon = number(text, shape, 'M') - 1;
	tm.tm_mday = number(text, shape, 'D');
	tm.tm_hour = number(text, shape, 'h');
	tm.tm_min = number(text, shape, 'm');
	tm.tm_sec = number(text, shape, 's');
	t = timegm(&tm);
	if (t < 0 || t > LAST_SECOND)
		return -EINVAL;
	/* timegm() takes the 30th of February for a day in March. */
	envol_time_format(again, t);
	if (strcmp(again, text) != 0)
		return -EINVAL;
	*seconds = t;
	return 0;
}
