// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>

#include "userspace/lib/base/base64.h"
#include "userspace/lib/base/error.h"

/*
 * No table and no branch depends on a character: both would tell an observer of
 * the caches or of the time which key passes through. Masks are all ones or zero.
 */

/* @low <= @c <= @high, all three below 2^31. */
static uint32_t in_range(uint32_t c, uint32_t low, uint32_t high)
{
	return ~(0 - (((c - low) | (high - c)) >> 31));
}

static uint32_t select_if(uint32_t mask, uint32_t a, uint32_t b)
{
	return (a & mask) | (b & ~mask);
}

static char char_of(enum envol_base64_kind kind, uint32_t v)
{
	uint32_t c = v + 'A';

	c = select_if(in_range(v, 26, 51), v - 26 + 'a', c);
	c = select_if(in_range(v, 52, 61), v - 52 + '0', c);
	c = select_if(in_range(v, 62, 62), kind == ENVOL_BASE64 ? '+' : '-', c);
	c = select_if(in_range(v, 63, 63), kind == ENVOL_BASE64 ? '/' : '_', c);
	return (char)c;
}

/* The six bits of @c; adds ones to @bad if it has none. */
static uint32_t value_of(enum envol_base64_kind kind, char ch, uint32_t *bad)
{
	uint32_t c = (uint8_t)ch;
	uint32_t c62 = kind == ENVOL_BASE64 ? '+' : '-';
	uint32_t c63 = kind == ENVOL_BASE64 ? '/' : '_';
	uint32_t upper = in_range(c, 'A', 'Z');
	uint32_t lower = in_range(c, 'a', 'z');
	uint32_t digit = in_range(c, '0', '9');
	uint32_t is62 = in_range(c, c62, c62);
	uint32_t is63 = in_range(c, c63, c63);

	*bad |= ~(upper | lower | digit | is62 | is63);
	return (upper & (c - 'A')) | (lower & (c - 'a' + 26)) |
	       (digit & (c - '0' + 52)) | (is62 & 62) | (is63 & 63);
}

static size_t encoded_len(enum envol_base64_kind kind, size_t len)
{
	if (kind == ENVOL_BASE64)
		return (len + 2) / 3 * 4;
	return len / 3 * 4 + (len % 3 ? len % 3 + 1 : 0);
}

static void encode(enum envol_base64_kind kind, char *text, const uint8_t *data,
		   size_t len)
{
	uint32_t bits = 0, held = 0;
	size_t i, out = 0;

	for (i = 0; i < len; i++) {
		bits = bits << 8 | data[i];
		for (held += 8; held >= 6; held -= 6)
			text[out++] = char_of(kind, bits >> (held - 6) & 63);
	}
	if (held)
		text[out++] = char_of(kind, bits << (6 - held) & 63);
	while (out < encoded_len(kind, len))
		text[out++] = '=';
}

/* How many characters of @text carry bits; -EINVAL if that many can't be. */
static int count_chars(enum envol_base64_kind kind, const char *text,
		       size_t len, size_t *chars)
{
	*chars = len;
	if (kind == ENVOL_BASE64) {
		if (len % 4)
			return -EINVAL;
		if (len && text[len - 1] == '=')
			*chars -= text[len - 2] == '=' ? 2 : 1;
	}
	return *chars % 4 == 1 ? -EINVAL : 0;
}

static size_t decoded_len(size_t chars)
{
	return chars / 4 * 3 + chars % 4 * 3 / 4;
}

static int decode(enum envol_base64_kind kind, uint8_t *data, const char *text,
		  size_t chars)
{
	uint32_t bits = 0, held = 0, bad = 0;
	size_t i, out = 0;

	for (i = 0; i < chars; i++) {
		bits = bits << 6 | value_of(kind, text[i], &bad);
		held += 6;
		if (held >= 8) {
			held -= 8;
			data[out++] = bits >> held;
		}
	}
	bad |= bits & ((1u << held) - 1);
	return bad ? -EINVAL : 0;
}

char *envol_base64_encode(enum envol_base64_kind kind, const uint8_t *data,
			  size_t len)
{
	size_t text_len = encoded_len(kind, len);
	char *text;

	if (len > SIZE_MAX / 2)
		return NULL;
	text = malloc(text_len + 1);
	if (!text)
		return NULL;
	encode(kind, text, data, len);
	text[text_len] = 0;
	return text;
}

int envol_base64_decode(enum envol_base64_kind kind, const char *text,
			size_t text_len, struct envol_blob *blob)
{
	_cleanup_blob_ struct envol_blob out = ENVOL_BLOB_INIT;
	size_t chars;
	int err;

	err = count_chars(kind, text, text_len, &chars);
	if (err)
		return err;
	out.size = decoded_len(chars);
	out.data = malloc(out.size + 1);
	if (!out.data)
		return -ENOMEM;
	out.len = out.size;
	err = decode(kind, out.data, text, chars);
	if (err)
		return err;
	envol_blob_move(blob, &out);
	return 0;
}

int envol_base64_decode_secret(struct envol *ev, enum envol_base64_kind kind,
			       const char *text, size_t text_len,
			       struct envol_secret *secret)
{
	size_t chars;
	int err;

	if (count_chars(kind, text, text_len, &chars))
		return envol_error(ev, -EINVAL,
				   "%zu characters are not base64", text_len);
	err = envol_secret_alloc(ev, secret, decoded_len(chars));
	if (err)
		return err;
	if (decode(kind, secret->data, text, chars)) {
		envol_secret_wipe(secret);
		return envol_error(ev, -EINVAL,
				   "%zu characters are not base64", text_len);
	}
	return 0;
}

int envol_base64_encode_secret(struct envol *ev, enum envol_base64_kind kind,
			       const struct envol_secret *secret,
			       struct envol_secret *text)
{
	int err = envol_secret_alloc(ev, text, encoded_len(kind, secret->len));

	if (err)
		return err;
	encode(kind, (char *)text->data, secret->data, secret->len);
	return 0;
}
