// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/harness/test.h"
#include "userspace/cli/buffer.h"

static const struct {
	const char *text, *plain, *json;
	size_t columns;
} known[] = {
	{ "", "", "\"\"", 0 },
	{ "a b", "a b", "\"a b\"", 3 },
	{ "a\"b\\c", "a\"b\\c", "\"a\\\"b\\\\c\"", 5 },
	{ "a\nb\tc", "a\\nb\\tc", "\"a\\u000ab\\u0009c\"", 7 },
	{ "\x1b[31m", "\\x1b[31m", "\"\\u001b[31m\"", 8 },
	{ "\x7f", "\\x7f", "\"\\u007f\"", 4 },
	/* C1 controls steer terminals too */
	{ "\xc2\x9b", "\\u009b", "\"\\u009b\"", 6 },
	{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"", 4 },
	{ "\xf0\x9f\x94\x91", "\xf0\x9f\x94\x91", "\"\xf0\x9f\x94\x91\"", 1 },
	/* cut short, stray, overlong, surrogate, above U+10FFFF */
	{ "\xc3", "\\xc3", "\"\xef\xbf\xbd\"", 4 },
	{ "\x80z", "\\x80z", "\"\xef\xbf\xbdz\"", 5 },
	{ "\xc0\xaf", "\\xc0\\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"", 8 },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80",
	  "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", 12 },
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80",
	  "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", 16 },
	{ "\xe2\x82z", "\\xe2\\x82z", "\"\xef\xbf\xbd\xef\xbf\xbdz\"", 9 },
	{ "\xff", "\\xff", "\"\xef\xbf\xbd\"", 4 },
};

TEST(what_could_steer_a_terminal_is_shown)
{
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(known); i++) {
		struct buffer b = { 0 };

		envol_buffer_add_plain(&b, known[i].text);
		CHECK_STR_EQ(b.text ? b.text : "", known[i].plain);
		CHECK_EQ(envol_buffer_columns(known[i].text), known[i].columns);
		envol_buffer_free(&b);
	}
}

TEST(json_strings_are_quoted_and_always_utf8)
{
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(known); i++) {
		struct buffer b = { 0 };

		envol_buffer_add_json(&b, known[i].text);
		CHECK_STR_EQ(b.text, known[i].json);
		envol_buffer_free(&b);
	}
}

TEST(it_grows)
{
	struct buffer b = { 0 };
	unsigned int i;

	for (i = 0; i < 10000; i++)
		envol_buffer_printf(&b, "%04u", i);
	CHECK(!b.failed);
	CHECK_EQ(b.len, 40000);
	CHECK_EQ(strlen(b.text), 40000);
	CHECK_MEM_EQ(b.text + 4 * 9998, "99989999", 9);
	envol_buffer_free(&b);
	CHECK_EQ(b.len, 0);
}
