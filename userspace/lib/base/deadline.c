// SPDX-License-Identifier: LGPL-2.1-or-later
#include <limits.h>
#include <sys/random.h>
#include <time.h>

#include "userspace/lib/base/deadline.h"

int64_t envol_deadline_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct envol_deadline envol_deadline_in(unsigned int ms)
{
	return (struct envol_deadline){ envol_deadline_now_ms() + ms };
}

int envol_deadline_left_ms(struct envol_deadline deadline)
{
	int64_t now = envol_deadline_now_ms();

	if (deadline.at_ms <= now)
		return 0;
	return deadline.at_ms - now > INT_MAX ? INT_MAX
					      : (int)(deadline.at_ms - now);
}

/* Early in boot there may be no entropy; a pause can do without. */
static uint32_t dice(void)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint32_t)envol_deadline_now_ms();
	return random;
}

unsigned int envol_deadline_random_ms(unsigned int below_ms)
{
	return below_ms ? dice() % below_ms : 0;
}

unsigned int envol_deadline_backoff_ms(unsigned int try, unsigned int base_ms,
				       unsigned int max_ms)
{
	uint64_t pause = base_ms;

	while (try > 1 && pause < max_ms && pause) {
		pause *= 2;
		try--;
	}
	if (pause > max_ms)
		pause = max_ms;
	return pause - pause / 2 + dice() % (pause / 2 + 1);
}
