// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "userspace/lib/provider/service/text.h"

bool envol_text_take(struct envol_text *text, const char *literal)
{
	size_t len = strlen(literal);

	if ((size_t)(text->end - text->at) < len ||
	    memcmp(text->at, literal, len) != 0)
		return false;
	text->at += len;
	return true;
}

bool envol_text_word(struct envol_text *text, char *word, size_t size)
{
	size_t len = 0;

	while (text->at + len < text->end && text->at[len] > ' ' &&
	       text->at[len] < 0x7f)
		len++;
	if (len == 0 || len >= size)
		return false;
	memcpy(word, text->at, len);
	word[len] = 0;
	text->at += len;
	return true;
}

bool envol_text_number(struct envol_text *text, uint64_t *number, uint64_t min,
		       uint64_t max)
{
	const char *at = text->at;
	uint64_t n = 0;

	while (at < text->end && *at >= '0' && *at <= '9') {
		if ((n == 0 && at > text->at) ||
		    __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, *at - '0', &n))
			return false;
		at++;
	}
	if (at == text->at || n < min || n > max)
		return false;
	text->at = at;
	*number = n;
	return true;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool envol_text_hex(struct envol_text *text, uint8_t *data, size_t len)
{
	size_t i;

	if ((size_t)(text->end - text->at) < 2 * len)
		return false;
	for (i = 0; i < len; i++) {
		int high = digit_value(text->at[2 * i]);
		int low = digit_value(text->at[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		data[i] = (uint8_t)(high << 4 | low);
	}
	text->at += 2 * len;
	return true;
}
