// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the text ends is an inaccessible page: the walk stays inside. */
#include <errno.h>
#include <stdlib.h>

#include "tests/harness/guard.h"
#include "tests/harness/test.h"
#include "userspace/lib/base/json_member.h"

/* The value as it stands, a string with an "s" before it; NULL for @err. */
static char *find(const char *text, const char *name, int *err)
{
	struct envol_json_member member;
	size_t len = strlen(text);
	uint8_t *copy = guard_alloc(len);
	char *found = NULL;

	memcpy(copy, text, len);
	*err = envol_json_member_find((const char *)copy, len, name, &member);
	if (!*err) {
		found = calloc(1, member.len + 2);
		CHECK(found);
		if (member.is_string)
			found[0] = 's';
		strncat(found, member.text, member.len);
	}
	guard_free(copy);
	return found;
}

TEST(a_value_is_found_where_it_stands)
{
	static const struct {
		const char *text, *value;
	} rows[] = {
		{ "{\"a\":\"x\"}", "sx" },
		{ " { \"a\" : \"x\" } ", "sx" },
		{ "{\"a\":\"\"}", "s" },
		{ "{\"a\":12}", "12" },
		{ "{\"a\":12 }", "12" },
		{ "{\"a\":null}", "null" },
		{ "{\"b\":1,\"a\":2}", "2" },
		{ "{\"b\" : [1,{\"a\":\"]}\"}] , \"a\":\"y\"}", "sy" },
		{ "{\"b\":{\"a\":1},\"a\":[2,\"]\",{}]}", "[2,\"]\",{}]" },
		{ "{\"b\":\"\\\"a\\\":1\",\"a\":2}", "2" },
		{ "{\"b\":\"\\\\\",\"a\":\"c\\\"d\"}", "sc\\\"d" },
		{ "{\"aa\":1,\"A\":2,\"\":3,\"a\":4}", "4" },
		{ "{\"b\":true,\"c\":-1.5e3,\"a\":false}", "false" },
	};
	size_t i;
	int err;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		char *found = find(rows[i].text, "a", &err);

		if (err)
			FAIL("%s: %s", rows[i].text, strerror(-err));
		CHECK_STR_EQ(found, rows[i].value);
		free(found);
	}
}

TEST(what_is_not_there_is_not_found)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{ "{}", -ENOENT },
		{ "{\"b\":{\"a\":1}}", -ENOENT },
		{ "{\"\\u0061\":1}", -ENOENT },
		{ "[{\"a\":1}]", -EBADMSG },
		{ "\"a\"", -EBADMSG },
		{ "", -EBADMSG },
		{ "{\"a\":1", -EBADMSG },
		{ "{\"a\":1}x", -EBADMSG },
		{ "{\"a\":1,\"a\":2}", -EBADMSG },
		{ "{\"a\":1,\"\\u0061\":2}", -EBADMSG },
	};
	size_t i;
	int err;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		CHECK(!find(rows[i].text, "a", &err));
		if (err != rows[i].err)
			FAIL("%s: %s", rows[i].text, strerror(-err));
	}
}
