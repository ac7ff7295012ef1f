/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a key anywhere in this process's memory? It is remembered masked: the search must
 * not find the searcher.
 */
#pragma once

#include "userspace/kek/operate.h"

/* What is looked for from now on: 16 to 4096 bytes, any 16 of which in a row (from a 16-byte border) count. */
void memory_want(const struct envol_secret *key);

/* The same of one that is only at hand masked. */
void memory_mask(uint8_t *masked, const uint8_t *bytes, size_t len);
void memory_want_masked(const uint8_t *masked, size_t len);

/* How often it is in memory, but for @allowed (NULL: everywhere). */
unsigned int memory_count(const struct envol_secret *allowed);

/* An operation as the program of a provider does it, here in this process; it must succeed. */
void memory_operate(struct envol *ev, enum envol_operation operation, const char *uri,
		    struct envol_request *request, struct envol_reply *reply);

/*
 * A new key is wrapped, and is nowhere afterwards; then it is unwrapped, and is in the answer and
 * nowhere else. @look sees it there (NULL: nobody).
 */
void memory_wrap(struct envol *ev, const char *uri, struct envol_wrapped *wrapped);
void memory_unwrap(struct envol *ev, const char *uri, struct envol_wrapped *wrapped,
		   void (*look)(struct envol *ev, const struct envol_secret *key));
