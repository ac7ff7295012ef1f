// SPDX-License-Identifier: GPL-2.0-or-later
/* The one spelling of a KEK's URI. */
#include <errno.h>
#include <stdlib.h>

#include "tests/harness/test.h"
#include "userspace/lib/provider/kek.h"

#define NAME_63 "a23456789012345678901234567890123456789012345678901234567890123"

TEST(a_uri_has_one_spelling)
{
	static const struct {
		const char *uri, *want;
	} cases[] = {
		{ "disk7", "service:disk7" },
		{ "service:disk7", "service:disk7" },
		{ "SERVICE:disk7", "service:disk7" },
		{ "service:Disk.7_b-c", "service:Disk.7_b-c" },
		{ "0", "service:0" },
		{ NAME_63, "service:" NAME_63 },
		{ "kmip://HSM.example/7F-2a", "kmip://hsm.example/7F-2a" },
		{ "kmip://hsm.example:5696/7", "kmip://hsm.example/7" },
		{ "kmip://hsm.example:5697/7", "kmip://hsm.example:5697/7" },
		{ "kmip://[::1]/7", "kmip://[::1]/7" },
		{ "KMIP://h/%61%2f%2F", "kmip://h/a%2F%2F" },
		{ "kmip://h/a:b", "kmip://h/a%3Ab" },
		{ "kmip://h/?name=disk7", "kmip://h/?name=disk7" },
		{ "kmip://h?name=disk%207", "kmip://h/?name=disk%207" },
	};
	struct envol *ev;
	size_t i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(cases); i++) {
		char *text;

		CHECK_OK(envol_kek_canonical(ev, cases[i].uri, &text));
		CHECK_STR_EQ(text, cases[i].want);
		free(text);
	}
	envol_free(ev);
}

TEST(a_bad_uri_is_refused_with_the_reason)
{
	static const struct {
		const char *uri;
		int err;
		const char *why;
	} cases[] = {
		{ "", -EINVAL, "no name" },
		{ "service:", -EINVAL, "no name" },
		{ "service:../root", -EINVAL, "no name" },
		{ "a/b", -EINVAL, "no name" },
		{ ".a", -EINVAL, "no name" },
		{ "-a", -EINVAL, "no name" },
		{ "a b", -EINVAL, "space" },
		{ "a%41", -EINVAL, "no name" },
		{ "a\n", -EINVAL, "control character" },
		{ "caf\xc3\xa9", -EINVAL, "ASCII" },
		{ NAME_63 "4", -EINVAL, "no name" },
		{ "service:a?version=1", -EINVAL, "nothing else" },
		{ "service:a?", -EINVAL, "nothing else" },
		{ "service:a#b", -EINVAL, "fragment" },
		{ "service://host/a", -EINVAL, "nothing else" },
		{ "service://a", -EINVAL, "nothing else" },
		{ "kmip:7", -EINVAL, "no host" },
		{ "kmip:///7", -EINVAL, "no host" },
		{ "kmip://h", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/a/b", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/a?name=b", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/a?", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/?name=", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/?name=a&pin=b", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/?Name=a", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/%0a", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/%00", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://u@h/7", -EINVAL, "user" },
		{ "kmip://h:0/7", -EINVAL, "bad port" },
		{ "kmip://h,i/7", -EINVAL, "no host" },
		{ "nobody:a", -EPROTONOSUPPORT, "nobody:" },
		{ ":a", -EINVAL, "scheme" },
	};
	struct envol *ev;
	size_t i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(cases); i++) {
		char *text = NULL;
		int err = envol_kek_canonical(ev, cases[i].uri, &text);

		if (err != cases[i].err)
			FAIL("\"%s\": %d, not %d", cases[i].uri, err,
			     cases[i].err);
		CHECK_STR_HAS(envol_error_message(ev), cases[i].why);
		CHECK(!text);
	}
	envol_free(ev);
}
