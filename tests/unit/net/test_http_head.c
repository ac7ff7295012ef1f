// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <time.h>

#include "tests/harness/test.h"
#include "userspace/lib/net/http_head.h"

static void take(struct envol_http_answer *answer, const char *line)
{
	CHECK_OK(envol_http_head_take(answer, line, strlen(line)));
}

TEST(lines_that_matter_are_kept)
{
	struct envol_http_answer a = ENVOL_HTTP_ANSWER_INIT;

	take(&a, "HTTP/1.1 401 Unauthorized\r\n");
	take(&a, "X-MS-Request-Id: 12ab \r\n");
	take(&a, "www-authenticate:Bearer authorization=\"https://a/b\"\r\n");
	take(&a, "WWW-Authenticate: Basic\r\n");
	take(&a, "Content-Type: application/json; charset=utf-8\r\n");
	take(&a, "Date: Thu, 19 Nov 2026 17:44:06 GMT\r\n");
	take(&a, "Retry-After: 7\r\n");
	take(&a, "Location:\thttps://elsewhere/\r\n");
	take(&a, "Set-Cookie: a=b\r\n");
	take(&a, "\r\n");
	CHECK_STR_EQ(a.request_id, "12ab");
	CHECK_STR_EQ(a.challenge, "Bearer authorization=\"https://a/b\"");
	CHECK_STR_EQ(a.content_type, "application/json; charset=utf-8");
	CHECK_STR_EQ(a.location, "https://elsewhere/");
	CHECK_EQ(a.date, 1795110246);
	CHECK_EQ(a.retry_after_s, 7);
	envol_http_free_answer(&a);
	CHECK(!a.request_id);
}

TEST(another_status_line_begins_anew)
{
	struct envol_http_answer a = ENVOL_HTTP_ANSWER_INIT;

	take(&a, "HTTP/1.1 100 Continue\r\n");
	take(&a, "x-ms-request-id: first\r\n");
	take(&a, "HTTP/1.1 200 OK\r\n");
	CHECK(!a.request_id);
	take(&a, "x-ms-request-id: second\r\n");
	CHECK_STR_EQ(a.request_id, "second");
	envol_http_free_answer(&a);
}

TEST(what_may_not_be_shown_is_passed_over)
{
	static const char *const lines[] = {
		"x-ms-request-id:\r\n", "x-ms-request-id\r\n", ":\r\n", "",
		"x-ms-request-id: a\x1b[31mb\r\n", "x-ms-request-id: \xc3\xa9\r\n",
		"x-ms-request-id : \r\n", "Date: tomorrow\r\n",
		"Date: Thu, 19 Nov 2026 17:44:06 GMT+1\r\n", "Retry-After: -1\r\n",
		"Retry-After: soon\r\n",
	};
	struct envol_http_answer a = ENVOL_HTTP_ANSWER_INIT;
	char longest[ENVOL_HTTP_HEAD_VALUE_MAX + 32] = "x-ms-request-id: ";
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(lines); i++)
		take(&a, lines[i]);
	memset(longest + strlen(longest), 'a', ENVOL_HTTP_HEAD_VALUE_MAX + 1);
	take(&a, longest);
	CHECK(!a.request_id && !a.date && !a.retry_after_s);
	longest[strlen(longest) - 1] = 0;
	take(&a, longest);
	CHECK_EQ(strlen(a.request_id), ENVOL_HTTP_HEAD_VALUE_MAX);
	envol_http_free_answer(&a);
}

TEST(pauses_are_seconds_or_dates)
{
	static const struct {
		const char *text;
		unsigned int seconds;
	} rows[] = {
		{ "0", 0 }, { "1", 1 }, { "120", 120 }, { "007", 7 },
		{ "86400", 86400 }, { "86401", 86400 },
		{ "99999999999999999999999999", 86400 },
		{ "", 0 }, { "1.5", 0 }, { "1 ", 0 }, { "0x10", 0 },
		{ "Thu, 19 Nov 2026 17:44:16 GMT", 10 },
		{ "Thu, 19 Nov 2026 17:44:05 GMT", 0 },
		{ "Thu, 19 Nov 2099 17:44:05 GMT", 86400 },
	};
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++)
		if (envol_http_head_pause(rows[i].text, 1795110246) !=
		    rows[i].seconds)
			FAIL("\"%s\": %u", rows[i].text,
			     envol_http_head_pause(rows[i].text, 1795110246));
}
