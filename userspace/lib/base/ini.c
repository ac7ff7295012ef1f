// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/ini.h"

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len && strchr(" \t", text[len - 1]))
		text[--len] = 0;
	return text;
}

/* -EEXIST if section and key are among those in @seen, where they go else. */
static int remember(struct envol_blob *seen, const char *section,
		    const char *key)
{
	_cleanup_free_ char *entry = NULL;
	size_t at;
	int len = asprintf(&entry, "%s]%s", section, key);

	if (len < 0) {
		entry = NULL;
		return -ENOMEM;
	}
	for (at = 0; at < seen->len;
	     at += strlen((const char *)seen->data + at) + 1)
		if (strcmp((const char *)seen->data + at, entry) == 0)
			return -EEXIST;
	return envol_blob_append(seen, entry, len + 1);
}

static int parse_line(struct envol *ev, char *line, const char **section,
		      struct envol_blob *seen, envol_ini_fn fn, void *data)
{
	size_t len = strlen(line);
	char *equals, *key;
	int err;

	if (len == 0 || *line == '#')
		return 0;
	if (*line == '[') {
		if (len < 3 || strcspn(line + 1, "[]") != len - 2 ||
		    line[len - 1] != ']')
			return envol_error(ev, -EINVAL, "bad section header");
		line[len - 1] = 0;
		*section = line + 1;
		return 0;
	}
	equals = strchr(line, '=');
	if (!equals || equals == line)
		return envol_error(ev, -EINVAL,
				   "neither a section nor key = value");
	*equals = 0;
	key = trim(line);
	err = remember(seen, *section, key);
	if (err == -EEXIST)
		return envol_error(ev, -EINVAL, "%s is set twice", key);
	if (err)
		return envol_error_errno(ev, err, "%s", key);
	return fn(ev, *section, key, trim(equals + 1), data);
}

int envol_ini_parse(struct envol *ev, const char *name, const char *text,
		    size_t len, envol_ini_fn fn, void *data)
{
	_cleanup_blob_ struct envol_blob seen = ENVOL_BLOB_INIT;
	_cleanup_free_ char *copy = NULL;
	const char *section = "";
	unsigned int number = 0;
	char *rest, *line;
	int err;

	if (len && memchr(text, 0, len))
		return envol_error(ev, -EINVAL, "%s: has a NUL byte", name);
	copy = strndup(len ? text : "", len);
	if (!copy)
		return envol_error(ev, -ENOMEM, "%s: out of memory", name);
	rest = copy;
	while ((line = strsep(&rest, "\n"))) {
		number++;
		err = parse_line(ev, trim(line), &section, &seen, fn, data);
		if (err)
			return envol_error_while(ev, err, "%s:%u", name,
						 number);
	}
	return 0;
}
