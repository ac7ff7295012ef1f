// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/size.h"

TEST(parse)
{
	uint64_t v = 7;

	CHECK_OK(envol_size_parse("0", &v));
	CHECK_EQ(v, 0);
	CHECK_OK(envol_size_parse("64G", &v));
	CHECK_EQ(v, 64ull << 30);
	CHECK_OK(envol_size_parse("3P", &v));
	CHECK_EQ(v, 3ull << 50);
	CHECK_OK(envol_size_parse("18446744073709551615", &v));
	CHECK(v == UINT64_MAX);
	CHECK_ERR(envol_size_parse("18446744073709551616", &v), -ERANGE);
	CHECK_ERR(envol_size_parse("16384P", &v), -ERANGE);
	CHECK_OK(envol_size_parse("16383P", &v));
	CHECK_ERR(envol_size_parse("", &v), -EINVAL);
	CHECK_ERR(envol_size_parse("-1", &v), -EINVAL);
	CHECK_ERR(envol_size_parse(" 1", &v), -EINVAL);
	CHECK_ERR(envol_size_parse("1E", &v), -EINVAL);
	CHECK_ERR(envol_size_parse("1k", &v), -EINVAL);
	CHECK_ERR(envol_size_parse("1KB", &v), -EINVAL);
	CHECK_ERR(envol_size_parse("K", &v), -EINVAL);
	CHECK(v == 16383ull << 50);
}

TEST(format)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} known[] = {
		{ 0, "0 B" },
		{ 1023, "1023 B" },
		{ 1024, "1.0 KiB" },
		{ 64ull << 30, "64.0 GiB" },
		{ (1ull << 40) - 1, "1023.9 GiB" },
		{ 3ull << 49, "1.5 PiB" },
		{ UINT64_MAX, "15.9 EiB" },
	};
	char text[16];
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(known); i++) {
		envol_size_format(text, known[i].bytes);
		CHECK_STR_EQ(text, known[i].text);
	}
}
