// SPDX-License-Identifier: GPL-2.0-or-later
/* The strict reader of the keystore's files. */
#include "tests/harness/test.h"
#include "userspace/lib/provider/service/text.h"

static struct envol_text of(const char *s)
{
	return (struct envol_text){ s, s + strlen(s) };
}

TEST(a_number_has_one_spelling)
{
	static const struct {
		const char *text;
		uint64_t min, max, want;
		bool good;
	} cases[] = {
		{ "1", 1, 9, 1, true },
		{ "0", 0, 9, 0, true },
		{ "0", 1, 9, 0, false },
		{ "10", 1, 9, 0, false },
		{ "9", 1, 1, 0, false },
		{ "01", 0, 9, 0, false },
		{ "00", 0, 9, 0, false },
		{ "+1", 0, 9, 0, false },
		{ "-1", 0, 9, 0, false },
		{ "", 0, 9, 0, false },
		{ " 1", 0, 9, 0, false },
		{ "18446744073709551615", 0, UINT64_MAX, UINT64_MAX, true },
		{ "18446744073709551616", 0, UINT64_MAX, 0, false },
		{ "99999999999999999999", 0, UINT64_MAX, 0, false },
	};
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(cases); i++) {
		struct envol_text text = of(cases[i].text);
		const char *start = text.at;
		uint64_t n = 77;
		bool good = envol_text_number(&text, &n, cases[i].min,
					      cases[i].max);

		if (good != cases[i].good)
			FAIL("\"%s\" taken: %d", cases[i].text, good);
		CHECK_EQ(n, good ? cases[i].want : 77);
		CHECK(good ? text.at == text.end : text.at == start);
	}
}

TEST(a_word_ends_at_a_blank_and_fits)
{
	struct envol_text text = of("disk7 rest\n");
	char word[6], small[5];

	CHECK(!envol_text_word(&text, small, sizeof(small)));
	CHECK(envol_text_word(&text, word, sizeof(word)));
	CHECK_STR_EQ(word, "disk7");
	CHECK(!envol_text_word(&text, word, sizeof(word)));
	CHECK(envol_text_take(&text, " "));
	CHECK(!envol_text_take(&text, "restful"));
	CHECK(envol_text_take(&text, "rest\n"));
	CHECK(!envol_text_take(&text, "\n"));
	CHECK(envol_text_take(&text, ""));
}

TEST(hex_is_lower_case_and_complete)
{
	struct envol_text text = of("00fF"), short_text = of("00f");
	uint8_t data[2];

	CHECK(!envol_text_hex(&text, data, 2));
	CHECK(!envol_text_hex(&short_text, data, 2));
	text = of("00ff1");
	CHECK(envol_text_hex(&text, data, 2));
	CHECK_EQ(data[0], 0x00);
	CHECK_EQ(data[1], 0xff);
	CHECK_EQ(text.end - text.at, 1);
}
