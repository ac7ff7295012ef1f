// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/json_scan.h"

struct scan {
	const uint8_t *text;
	size_t len, at;
	unsigned int depth;
	struct envol_blob names;	/* of objects that are open, decoded, each behind a le32 length */
	const char *why;
};

static int refuse(struct scan *s, const char *why)
{
	if (!s->why)
		s->why = why;
	return -EBADMSG;
}

/* The byte that comes next, or -1 at the end. */
static int peek(const struct scan *s)
{
	return s->at < s->len ? s->text[s->at] : -1;
}

static bool take(struct scan *s, int c)
{
	if (peek(s) != c)
		return false;
	s->at++;
	return true;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static void skip_blanks(struct scan *s)
{
	while (peek(s) == ' ' || peek(s) == '\t' || peek(s) == '\n' ||
	       peek(s) == '\r')
		s->at++;
}

/* ---- strings ---- */

/* Bytes of the UTF-8 character at @p, 0 if there is none (RFC 3629 section 4). */
static size_t utf8_size(const uint8_t *p, size_t left)
{
	static const struct {
		uint8_t first_low, first_high, second_low, second_high, size;
	} forms[] = {
		{ 0x00, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	size_t i, k;

	for (i = 0; i < ENVOL_ARRAY_SIZE(forms); i++) {
		if (p[0] < forms[i].first_low || p[0] > forms[i].first_high)
			continue;
		if (forms[i].size > left)
			return 0;
		if (forms[i].size > 1 && (p[1] < forms[i].second_low ||
					  p[1] > forms[i].second_high))
			return 0;
		for (k = 2; k < forms[i].size; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].size;
	}
	return 0;
}

static size_t utf8_encode(uint8_t out[4], uint32_t c)
{
	static const uint8_t first[] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };
	size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	size_t i;

	for (i = size; i > 1; i--, c >>= 6)
		out[i - 1] = 0x80 | (c & 0x3f);
	out[0] = first[size] | c;
	return size;
}

static int scan_hex4(struct scan *s, uint32_t *value)
{
	int i;

	*value = 0;
	for (i = 0; i < 4; i++) {
		int c = peek(s);

		if (is_digit(c))
			c -= '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			c = (c | 32) - 'a' + 10;
		else
			return refuse(s, "bad \\u escape");
		*value = *value << 4 | c;
		s->at++;
	}
	return 0;
}

static int scan_unicode_escape(struct scan *s, uint32_t *c)
{
	uint32_t low;
	int err = scan_hex4(s, c);

	if (err)
		return err;
	if (*c == 0)
		return refuse(s, "\\u0000 in a string");
	if (*c < 0xd800 || *c > 0xdfff)
		return 0;
	if (*c > 0xdbff || !take(s, '\\') || !take(s, 'u'))
		return refuse(s, "half a surrogate pair");
	err = scan_hex4(s, &low);
	if (err)
		return err;
	if (low < 0xdc00 || low > 0xdfff)
		return refuse(s, "half a surrogate pair");
	*c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
	return 0;
}

static int scan_escape(struct scan *s, uint32_t *c)
{
	static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	int next = peek(s);
	const char *found = next > 0 ? strchr(escapes, next) : NULL;

	if (take(s, 'u'))
		return scan_unicode_escape(s, c);
	if (!found)
		return refuse(s, "bad escape");
	s->at++;
	*c = (uint8_t)meant[found - escapes];
	return 0;
}

/* What the string means goes behind @decoded, unless that is NULL. */
static int scan_string(struct scan *s, struct envol_blob *decoded)
{
	uint8_t bytes[4];
	uint32_t c;
	size_t size;
	int err;

	if (!take(s, '"'))
		return refuse(s, "no string where one must be");
	while (!take(s, '"')) {
		const uint8_t *from = s->text + s->at;

		if (s->at == s->len)
			return refuse(s, "string without an end");
		if (*from < 0x20)
			return refuse(s, "control character in a string");
		if (take(s, '\\')) {
			err = scan_escape(s, &c);
			if (err)
				return err;
			size = utf8_encode(bytes, c);
			from = bytes;
		} else {
			size = utf8_size(from, s->len - s->at);
			if (size == 0)
				return refuse(s, "not UTF-8");
			s->at += size;
		}
		if (decoded && envol_blob_append(decoded, from, size))
			return -ENOMEM;
	}
	return 0;
}

/* ---- numbers and words ---- */

static int scan_digits(struct scan *s)
{
	if (!is_digit(peek(s)))
		return refuse(s, "bad number");
	while (is_digit(peek(s)))
		s->at++;
	return 0;
}

/* Readers cut what does not fit into 64 bits, each in its own way. */
static int check_integer(struct scan *s, size_t from, bool negative)
{
	uint64_t max = negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX;
	uint64_t value = 0;

	for (; from < s->at; from++) {
		unsigned int digit = s->text[from] - '0';

		if (value > (max - digit) / 10)
			return refuse(s, "integer beyond 64 bits");
		value = value * 10 + digit;
	}
	return 0;
}

static int scan_number(struct scan *s)
{
	bool negative = take(s, '-'), integer = true;
	size_t from = s->at;
	int err = 0;

	/* A zero in front ends the integer part: 01 is no number. */
	if (!take(s, '0'))
		err = scan_digits(s);
	if (!err && peek(s) == '.') {
		integer = false;
		s->at++;
		err = scan_digits(s);
	}
	if (!err && (peek(s) == 'e' || peek(s) == 'E')) {
		integer = false;
		s->at++;
		if (!take(s, '-'))
			take(s, '+');
		err = scan_digits(s);
	}
	if (!err && integer)
		err = check_integer(s, from, negative);
	return err;
}

static int scan_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if (s->len - s->at < len || memcmp(s->text + s->at, word, len) != 0)
		return refuse(s, "no value where one must be");
	s->at += len;
	return 0;
}

/* ---- objects and arrays ---- */

static int scan_value(struct scan *s);

static uint32_t le32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The last name at the end of s->names is among those from @first on? */
static bool is_repeated(const struct scan *s, size_t first, size_t last)
{
	const uint8_t *names = s->names.data;
	size_t len = s->names.len - last;

	for (; first < last; first += 4 + le32(names + first))
		if (4 + le32(names + first) == len &&
		    memcmp(names + first + 4, names + last + 4, len - 4) == 0)
			return true;
	return false;
}

/* A name and its value; the object's names begin at @first. */
static int scan_member(struct scan *s, size_t first)
{
	size_t last = s->names.len;
	int err;
	size_t i, len;

	if (envol_blob_append_le32(&s->names, 0))
		return -ENOMEM;
	err = scan_string(s, &s->names);
	if (err)
		return err;
	len = s->names.len - last - 4;
	for (i = 0; i < 4; i++)
		s->names.data[last + i] = len >> (8 * i);
	if (is_repeated(s, first, last))
		return refuse(s, "name given twice in an object");
	skip_blanks(s);
	if (!take(s, ':'))
		return refuse(s, "no colon behind a name");
	return scan_value(s);
}

static int scan_object(struct scan *s)
{
	size_t first = s->names.len;
	unsigned int n = 0;
	int err;

	skip_blanks(s);
	if (take(s, '}'))
		return 0;
	do {
		if (++n > ENVOL_JSON_SCAN_NAMES)
			return refuse(s, "too many names in an object");
		skip_blanks(s);
		err = scan_member(s, first);
		if (err)
			return err;
	} while (take(s, ','));
	s->names.len = first;
	return take(s, '}') ? 0 : refuse(s, "object without an end");
}

static int scan_array(struct scan *s)
{
	int err;

	skip_blanks(s);
	if (take(s, ']'))
		return 0;
	do {
		err = scan_value(s);
		if (err)
			return err;
	} while (take(s, ','));
	return take(s, ']') ? 0 : refuse(s, "array without an end");
}

static int scan_nested(struct scan *s, int (*scan)(struct scan *s))
{
	int err;

	s->at++;
	if (++s->depth > ENVOL_JSON_SCAN_DEPTH)
		return refuse(s, "nested too deeply");
	err = scan(s);
	s->depth--;
	return err;
}

/* A value with the blanks around it. */
static int scan_value(struct scan *s)
{
	int err;

	skip_blanks(s);
	switch (peek(s)) {
	case '{':
		err = scan_nested(s, scan_object);
		break;
	case '[':
		err = scan_nested(s, scan_array);
		break;
	case '"':
		err = scan_string(s, NULL);
		break;
	case 't':
		err = scan_word(s, "true");
		break;
	case 'f':
		err = scan_word(s, "false");
		break;
	case '-':
	case '0' ... '9':
		err = scan_number(s);
		break;
	default:
		err = scan_word(s, "null");
	}
	if (!err)
		skip_blanks(s);
	return err;
}

int envol_json_scan(const char *text, size_t len, const char **why,
		    size_t *where)
{
	struct scan s = { .text = (const uint8_t *)text, .len = len };
	int err = scan_value(&s);

	if (!err && s.at < s.len)
		err = refuse(&s, "something behind the end");
	envol_blob_free(&s.names);
	*why = s.why;
	*where = s.at;
	return err;
}
