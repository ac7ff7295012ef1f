/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Base16, lower case out, both cases in (RFC 4648 section 8). Pure. */
#pragma once

#include "userspace/lib/internal.h"

/* Write 2 * @len digits and a NUL to @text. Not for secrets. */
void envol_hex_encode(char *text, const uint8_t *data, size_t len);

/* Exactly @len bytes from 2 * @len digits that are all of @text; else -EINVAL. */
int envol_hex_decode(uint8_t *data, size_t len, const char *text) _must_check_;
