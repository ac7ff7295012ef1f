// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/uri.h"

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* What "%" at @text stands for, or -EINVAL. */
static int escape_value(const char *text)
{
	int high = hex_value(text[1]);
	int low = high < 0 ? -1 : hex_value(text[2]);

	return low < 0 ? -EINVAL : high << 4 | low;
}

static int decode(char *out, size_t size, const char *text, size_t len)
{
	const char *end = text + len;
	size_t n = 0;

	while (text < end) {
		int c = (unsigned char)*text;

		if (c == '%') {
			c = end - text < 3 ? -EINVAL : escape_value(text);
			if (c <= 0)
				return -EINVAL;
			text += 2;
		}
		text++;
		if (n + 1 >= size)
			return -ENAMETOOLONG;
		out[n++] = (char)c;
	}
	if (n >= size)
		return -ENAMETOOLONG;
	out[n] = 0;
	return 0;
}

int envol_uri_decode(char *out, size_t size, const char *text)
{
	return decode(out, size, text, strlen(text));
}

int envol_uri_attribute(const char *parts, char separator, const char *name,
			char *value, size_t size)
{
	size_t name_len = strlen(name), found_len = 0, len;
	const char *found = NULL, *end;

	for (;; parts = end + 1) {
		end = strchrnul(parts, separator);
		len = end - parts;
		if (len > name_len && parts[name_len] == '=' &&
		    memcmp(parts, name, name_len) == 0) {
			if (found)
				return -EEXIST;
			found = parts + name_len + 1;
			found_len = len - name_len - 1;
		}
		if (!*end)
			break;
	}
	return found ? decode(value, size, found, found_len) : -ENOENT;
}

static const char *check_characters(const char *text)
{
	for (; *text; text++) {
		unsigned char c = *text;

		if (c <= ' ' || c >= 0x7f)
			return "has a control character, a space or a byte that is not ASCII";
		if (c == '#')
			return "has a fragment";
		if (c == '%' && escape_value(text) < 0)
			return "has a bad percent escape";
	}
	return NULL;
}

static const char *parse_port(struct envol_uri *uri, const char *text,
			      const char *end)
{
	unsigned int port = 0;

	for (; text < end; text++) {
		if (*text < '0' || *text > '9')
			return "has a bad port";
		port = port * 10 + *text - '0';
		if (port > UINT16_MAX)
			return "has a bad port";
	}
	uri->port = port;
	return port ? NULL : "has a bad port";
}

static const char *parse_authority(struct envol_uri *uri, const char *text,
				   const char *end)
{
	const char *host_end = end, *colon;
	size_t i;

	if (memchr(text, '@', end - text))
		return "has a user or a password";
	/* The colons of an IPv6 address stand in brackets. */
	colon = memrchr(text, ']', end - text);
	if (*text == '[' && !colon)
		return "has a bracket that is not closed";
	if (colon && colon + 1 < end && colon[1] != ':')
		return "has a bad port";
	colon = memchr(colon ? colon : text, ':', end - (colon ? colon : text));
	if (colon) {
		const char *bad = parse_port(uri, colon + 1, end);

		if (bad)
			return bad;
		host_end = colon;
	}
	if ((size_t)(host_end - text) >= sizeof(uri->host))
		return "has a host that is too long";
	for (i = 0; text + i < host_end; i++)
		uri->host[i] = tolower((unsigned char)text[i]);
	return NULL;
}

static const char *parse(struct envol_uri *uri, const char *text)
{
	const char *bad, *rest, *query, *end;
	size_t i, len = strspn(text, "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	if (strlen(text) >= sizeof(uri->text))
		return "is too long";
	bad = check_characters(text);
	if (bad)
		return bad;
	if (!isalpha((unsigned char)text[0]) || text[len] != ':' ||
	    len >= sizeof(uri->scheme))
		return "has no scheme";
	for (i = 0; i < len; i++)
		uri->scheme[i] = tolower((unsigned char)text[i]);
	strcpy(uri->text, text);
	rest = text + len + 1;
	if (strncmp(rest, "//", 2) == 0) {
		end = rest + 2 + strcspn(rest + 2, "/?");
		bad = parse_authority(uri, rest + 2, end);
		if (bad)
			return bad;
		rest = end;
	}
	query = strchrnul(rest, '?');
	memcpy(uri->path, rest, query - rest);
	if (*query)
		strcpy(uri->query, query + 1);
	return NULL;
}

int envol_uri_parse(struct envol_uri *uri, const char *text, const char **why)
{
	memset(uri, 0, sizeof(*uri));
	*why = parse(uri, text);
	return *why ? -EINVAL : 0;
}
