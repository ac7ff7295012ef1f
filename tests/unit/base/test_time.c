// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/time.h"

TEST(known_moments)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} known[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 951782400, "2000-02-29T00:00:00Z" },
		{ 1234567890, "2009-02-13T23:31:30Z" },
		{ 2147483648, "2038-01-19T03:14:08Z" },
		{ 253402300799, "9999-12-31T23:59:59Z" },
	};
	char text[ENVOL_TIME_SIZE];
	int64_t seconds;
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(known); i++) {
		envol_time_format(text, known[i].seconds);
		CHECK_STR_EQ(text, known[i].text);
		CHECK_OK(envol_time_parse(text, &seconds));
		CHECK_EQ(seconds, known[i].seconds);
	}
	CHECK(envol_time_now() > 1700000000);
}

TEST(parse_is_strict)
{
	static const char *const bad[] = {
		"", "2026-03-01", "2026-03-01T12:00:00", "2026-03-01 12:00:00Z",
		"2026-03-01T12:00:00z", "2026-03-01T12:00:00ZZ",
		"2026-02-29T12:00:00Z", "2026-13-01T12:00:00Z",
		"2026-00-01T12:00:00Z", "2026-03-00T12:00:00Z",
		"2026-03-01T24:00:00Z", "2026-03-01T12:60:00Z",
		"2026-03-01T12:00:60Z", "1969-12-31T23:59:59Z",
		"2026-+3-01T12:00:00Z", "2026-03-01T12:00: 0Z",
	};
	int64_t seconds = 7;
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(bad); i++)
		CHECK_ERR(envol_time_parse(bad[i], &seconds), -EINVAL);
	CHECK_EQ(seconds, 7);
}
