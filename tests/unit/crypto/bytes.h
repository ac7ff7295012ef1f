/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vectors as hex text, and the secrets that they go into. */
#pragma once

#include <stdlib.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/secret.h"

/* The bytes of @hex in @bytes, which has room for @size; returns how many. */
static inline size_t bytes_of(uint8_t *bytes, size_t size, const char *hex)
{
	size_t i, len = strlen(hex) / 2;

	CHECK(strlen(hex) % 2 == 0 && len <= size);
	for (i = 0; i < len; i++) {
		char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
		char *end;

		bytes[i] = (uint8_t)strtoul(pair, &end, 16);
		CHECK(*end == '\0');
	}
	return len;
}

static inline void secret_of(struct envol *ev, struct envol_secret *secret,
			     const char *hex)
{
	uint8_t bytes[256];
	size_t len = bytes_of(bytes, sizeof(bytes), hex);

	CHECK_OK(envol_secret_copy(ev, secret, bytes, len));
}

/* @len bytes that count up from @first. */
static inline void secret_counting(struct envol *ev,
				   struct envol_secret *secret, uint8_t first,
				   size_t len)
{
	size_t i;

	CHECK_OK(envol_secret_alloc(ev, secret, len));
	for (i = 0; i < len; i++)
		secret->data[i] = (uint8_t)(first + i);
}

static inline void check_hex(const void *data, size_t len, const char *hex)
{
	uint8_t want[256];

	CHECK_EQ(len, bytes_of(want, sizeof(want), hex));
	CHECK_MEM_EQ(data, want, len);
}
