/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a key anywhere in this process's memory? It is remembered masked: the search must
 * not find the searcher.
 */
#pragma once

#include "userspace/lib/util/secret.h"

/* What is looked for from now on: 16 to 4096 bytes, any 16 of which in a row (from a 16-byte border) count. */
void memory_want(const struct envol_secret *key);

/* The same of one that is only at hand masked. */
void memory_mask(uint8_t *masked, const uint8_t *bytes, size_t len);
void memory_want_masked(const uint8_t *masked, size_t len);

/* How often it is in memory, but for @allowed (NULL: everywhere). */
unsigned int memory_count(const struct envol_secret *allowed);
