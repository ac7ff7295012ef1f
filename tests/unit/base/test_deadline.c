// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/deadline.h"

TEST(time_passes)
{
	struct envol_deadline d = envol_deadline_in(60000);
	int64_t before = envol_deadline_now_ms();
	int left = envol_deadline_left_ms(d);

	CHECK(left > 30000 && left <= 60000);
	usleep(20000);
	CHECK(envol_deadline_now_ms() >= before + 20);
	CHECK(envol_deadline_left_ms(d) <= left - 20);
	d = envol_deadline_in(1);
	usleep(5000);
	CHECK_EQ(envol_deadline_left_ms(d), 0);
	d.at_ms = INT64_MAX;
	CHECK_EQ(envol_deadline_left_ms(d), INT_MAX);
}

TEST(a_random_moment_is_within_its_bound)
{
	unsigned int i, low = UINT_MAX, high = 0;

	for (i = 0; i < 500; i++) {
		unsigned int ms = envol_deadline_random_ms(1000);

		CHECK(ms < 1000);
		low = ms < low ? ms : low;
		high = ms > high ? ms : high;
	}
	CHECK(low < 200 && high > 800);
	CHECK_EQ(envol_deadline_random_ms(1), 0);
	CHECK_EQ(envol_deadline_random_ms(0), 0);
}

TEST(backoff_doubles_up_to_its_bound)
{
	static const unsigned int full[] = { 100, 200, 400, 800, 1000, 1000 };
	unsigned int try, i, low = UINT_MAX, high = 0;

	for (try = 1; try <= TEST_ARRAY_SIZE(full); try++)
		for (i = 0; i < 100; i++) {
			unsigned int ms =
				envol_deadline_backoff_ms(try, 100, 1000);

			CHECK(ms >= full[try - 1] / 2 && ms <= full[try - 1]);
		}
	for (i = 0; i < 200; i++) {
		unsigned int ms =
			envol_deadline_backoff_ms(UINT_MAX, 100, 1000);

		low = ms < low ? ms : low;
		high = ms > high ? ms : high;
	}
	CHECK(low >= 500 && low < 700);
	CHECK(high > 800 && high <= 1000);
	CHECK_EQ(envol_deadline_backoff_ms(9, 0, 1000), 0);
}
