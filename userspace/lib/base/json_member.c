// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/json_member.h"
#include "userspace/lib/base/json_scan.h"

/* What follows walks a text that the scan has passed, so each step has where to go. */

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
		p++;
	return p;
}

/* From the quote that opens a string to what is behind the one that closes it. */
static const char *skip_string(const char *p)
{
	for (p++; *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p + 1;
}

/* To the comma or bracket that ends a value, or the blanks before it. */
static const char *skip_value(const char *p)
{
	unsigned int depth = 0;

	if (*p == '"')
		return skip_string(p);
	if (*p != '{' && *p != '[')
		return p + strcspn(p, ",]} \t\n\r");
	do {
		if (*p == '"') {
			p = skip_string(p);
			continue;
		}
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
		p++;
	} while (depth);
	return p;
}

static void take_value(const char *from, const char *end,
		       struct envol_json_member *member)
{
	bool is_string = *from == '"';

	*member = (struct envol_json_member){
		.text = from + is_string,
		.len = end - from - 2 * is_string,
		.is_string = is_string,
	};
}

/* A name written with escapes is not found; it can't hide a second one from the scan. */
static bool is_named(const char *from, const char *end, const char *name)
{
	size_t len = strlen(name);

	return (size_t)(end - from) == len + 2 &&
	       memcmp(from + 1, name, len) == 0;
}

int envol_json_member_find(const char *text, size_t len, const char *name,
			   struct envol_json_member *member)
{
	const char *p, *name_end, *value, *why;
	size_t where;
	int err = envol_json_scan(text, len, &why, &where);

	if (err)
		return err;
	p = skip_blanks(text);
	if (*p != '{')
		return -EBADMSG;
	for (p = skip_blanks(p + 1); *p != '}'; p = skip_blanks(p)) {
		if (*p == ',')
			p = skip_blanks(p + 1);
		name_end = skip_string(p);
		value = skip_blanks(skip_blanks(name_end) + 1);
		if (is_named(p, name_end, name)) {
			take_value(value, skip_value(value), member);
			return 0;
		}
		p = skip_value(value);
	}
	return -ENOENT;
}
