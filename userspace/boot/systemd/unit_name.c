// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "userspace/boot/systemd/unit_name.h"

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz"
			    "0123456789:_.";

/* False where @size bytes do not take it. */
static bool escape(char *out, size_t size, const char *text)
{
	size_t len = 0;
	bool is_first = true;

	for (; *text; text++) {
		char more[8] = { *text };

		if (*text == '/')
			more[0] = '-';
		else if (!strchr(plain, *text) || (is_first && *text == '.'))
			snprintf(more, sizeof(more), "\\x%02x",
				 (unsigned char)*text);
		is_first = false;
		if (len + strlen(more) >= size)
			return false;
		memcpy(out + len, more, strlen(more));
		len += strlen(more);
	}
	out[len] = 0;
	return true;
}

static bool join(char name[UNIT_NAME_MAX], const char *prefix, const char *text,
		 const char *suffix)
{
	char escaped[UNIT_NAME_MAX];
	int len;

	if (!escape(escaped, sizeof(escaped), text))
		return false;
	len = snprintf(name, UNIT_NAME_MAX, "%s%s%s", prefix, escaped, suffix);
	return len > 0 && len < UNIT_NAME_MAX;
}

bool unit_name_instance(char name[UNIT_NAME_MAX], const char *prefix,
			const char *text, const char *suffix)
{
	return join(name, prefix, text, suffix);
}

/* Slashes count once, and none at either end. */
bool unit_name_path(char name[UNIT_NAME_MAX], const char *prefix,
		    const char *path, const char *suffix)
{
	char simple[UNIT_NAME_MAX];
	size_t len = 0;

	for (; *path; path++) {
		if (*path == '/' && (len == 0 || path[1] == '/' || !path[1]))
			continue;
		if (len + 1 >= sizeof(simple))
			return false;
		simple[len++] = *path;
	}
	simple[len] = 0;
	return len && join(name, prefix, simple, suffix);
}
