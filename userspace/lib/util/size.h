/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "64G" to bytes and back. Pure. */
#pragma once

#include "userspace/lib/internal.h"

/* Decimal number with K, M, G, T, P (powers of 1024) or none; -EINVAL, -ERANGE. */
int envol_size_parse(const char *text, uint64_t *bytes) _must_check_;

/* "64.0 GiB"; @text has room for 16. */
void envol_size_format(char text[16], uint64_t bytes);
