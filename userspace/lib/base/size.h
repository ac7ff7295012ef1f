/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "64G" to bytes; the way back is in envol.h. Pure. */
#pragma once

#include "userspace/lib/internal.h"

/* Decimal number with K, M, G, T, P (powers of 1024) or none; -EINVAL, -ERANGE. */
int envol_size_parse(const char *text, uint64_t *bytes) _must_check_;
