/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The keystore's files are lines of words separated by single blanks, so that a
 * person can read them; this is the strict reader. Every take moves on only if
 * what it wants is there in its one spelling. Pure.
 */
#pragma once

#include "userspace/lib/internal.h"

struct envol_text {
	const char *at, *end;
};

/* Exactly @literal. */
bool envol_text_take(struct envol_text *text, const char *literal);

/* Up to the next blank or newline, at least one character; fits @size with its NUL. */
bool envol_text_word(struct envol_text *text, char *word, size_t size);

/* Decimal, no sign, no leading zero, @min to @max. */
bool envol_text_number(struct envol_text *text, uint64_t *number, uint64_t min,
		       uint64_t max);

/* Exactly @len bytes as lower-case hex. Not for secrets. */
bool envol_text_hex(struct envol_text *text, uint8_t *data, size_t len);
