// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "userspace/cli/buffer.h"

#define NO_CHARACTER -1

void envol_buffer_free(struct buffer *b)
{
	free(b->text);
	*b = (struct buffer){ 0 };
}

static void append(struct buffer *b, const char *text, size_t len)
{
	size_t size = b->size ? b->size : 256;
	char *bigger;

	if (b->failed)
		return;
	while (size - b->len <= len)
		size *= 2;
	if (size != b->size) {
		bigger = realloc(b->text, size);
		if (!bigger) {
			b->failed = true;
			return;
		}
		b->text = bigger;
		b->size = size;
	}
	memcpy(b->text + b->len, text, len);
	b->len += len;
	b->text[b->len] = 0;
}

void envol_buffer_add(struct buffer *b, const char *text)
{
	append(b, text, strlen(text));
}

void envol_buffer_printf(struct buffer *b, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0) {
		text = NULL;
		b->failed = true;
		return;
	}
	append(b, text, len);
}

/*
 * The character at *@text, which moves behind it; NO_CHARACTER moves by one byte.
 * RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
static int32_t next_character(const char **text)
{
	static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *at = (const uint8_t *)*text;
	unsigned int len, i;
	int32_t c = *at;

	*text += 1;
	if (c < 0x80)
		return c;
	if (c >= 0xc0 && c < 0xe0)
		len = 2;
	else if (c >= 0xe0 && c < 0xf0)
		len = 3;
	else if (c >= 0xf0 && c < 0xf8)
		len = 4;
	else
		return NO_CHARACTER;
	c &= 0x7f >> len;
	for (i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return NO_CHARACTER;
		c = c << 6 | (at[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return NO_CHARACTER;
	*text += len - 1;
	return c;
}

static bool is_control(int32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

void envol_buffer_add_plain(struct buffer *b, const char *text)
{
	const char *from;
	int32_t c;

	while (*text) {
		from = text;
		c = next_character(&text);
		if (c == '\n')
			envol_buffer_add(b, "\\n");
		else if (c == '\t')
			envol_buffer_add(b, "\\t");
		else if (c == NO_CHARACTER || c < 0x20 || c == 0x7f)
			envol_buffer_printf(b, "\\x%02x", (uint8_t)*from);
		else if (is_control(c))
			envol_buffer_printf(b, "\\u%04x", (unsigned int)c);
		else
			append(b, from, text - from);
	}
}

void envol_buffer_add_json(struct buffer *b, const char *text)
{
	const char *from;
	int32_t c;

	envol_buffer_add(b, "\"");
	while (*text) {
		from = text;
		c = next_character(&text);
		if (c == NO_CHARACTER)
			envol_buffer_add(b, "\xef\xbf\xbd");
		else if (c == '"' || c == '\\')
			envol_buffer_printf(b, "\\%c", (char)c);
		else if (is_control(c))
			envol_buffer_printf(b, "\\u%04x", (unsigned int)c);
		else
			append(b, from, text - from);
	}
	envol_buffer_add(b, "\"");
}

size_t envol_buffer_columns(const char *text)
{
	_cleanup_buffer_ struct buffer plain = { 0 };
	size_t columns = 0;
	const char *at;

	envol_buffer_add_plain(&plain, text);
	for (at = plain.text; at && *at; columns++)
		next_character(&at);
	return columns;
}
