// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "userspace/lib/net/http_head.h"

int64_t envol_http_head_date(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	int64_t seconds = end && !*end ? (int64_t)timegm(&tm) : 0;

	return seconds > 0 ? seconds : 0;
}

unsigned int envol_http_head_pause(const char *text, int64_t now)
{
	int64_t seconds = 0;

	if (*text && strspn(text, "0123456789") == strlen(text))
		for (; *text && seconds <= ENVOL_HTTP_HEAD_PAUSE_MAX_S; text++)
			seconds = seconds * 10 + *text - '0';
	else
		seconds = envol_http_head_date(text) - now;
	if (seconds > ENVOL_HTTP_HEAD_PAUSE_MAX_S)
		return ENVOL_HTTP_HEAD_PAUSE_MAX_S;
	return seconds > 0 ? (unsigned int)seconds : 0;
}

static int keep_first(char **to, const char *value)
{
	if (*to)
		return 0;
	*to = strdup(value);
	return *to ? 0 : -ENOMEM;
}

static int take(struct envol_http_answer *answer, const char *name,
		const char *value)
{
	if (strcasecmp(name, "x-ms-request-id") == 0)
		return keep_first(&answer->request_id, value);
	if (strcasecmp(name, "WWW-Authenticate") == 0)
		return keep_first(&answer->challenge, value);
	if (strcasecmp(name, "Content-Type") == 0)
		return keep_first(&answer->content_type, value);
	if (strcasecmp(name, "Location") == 0)
		return keep_first(&answer->location, value);
	if (strcasecmp(name, "Date") == 0)
		answer->date = envol_http_head_date(value);
	if (strcasecmp(name, "Retry-After") == 0)
		answer->retry_after_s = envol_http_head_pause(
			value, answer->date ? answer->date : time(NULL));
	return 0;
}

/* The text of @len bytes without white space around it; false for one that is not to be shown. */
static bool copy_trimmed(char *to, size_t size, const char *from, size_t len)
{
	size_t i;

	while (len && strchr(" \t\r\n", from[len - 1]))
		len--;
	while (len && (*from == ' ' || *from == '\t')) {
		from++;
		len--;
	}
	if (len == 0 || len >= size)
		return false;
	for (i = 0; i < len; i++)
		if (from[i] < ' ' || from[i] > '~')
			return false;
	memcpy(to, from, len);
	to[len] = 0;
	return true;
}

int envol_http_head_take(struct envol_http_answer *answer, const char *line,
			 size_t len)
{
	const char *colon = memchr(line, ':', len);
	char name[64], value[ENVOL_HTTP_HEAD_VALUE_MAX + 1];

	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		envol_http_free_answer(answer);
		return 0;
	}
	if (!colon || !copy_trimmed(name, sizeof(name), line, colon - line) ||
	    !copy_trimmed(value, sizeof(value), colon + 1,
			  line + len - colon - 1))
		return 0;
	return take(answer, name, value);
}
