/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one type that key bytes, PINs and passphrases live in.
 *
 * The bytes lie in a mapping of their own that ends at an inaccessible page and
 * begins after one; it is locked in memory, left out of core dumps and zeroed in
 * a child after fork. Where any of that can't be had the allocation fails: there
 * is no weaker kind. A secret is moved, never assigned.
 */
#pragma once

#include "userspace/lib/internal.h"

#define _cleanup_secret_ _cleanup_(envol_secret_wipe)

/* @dst, wiped first, takes what @src holds; @src is empty then. */
void envol_secret_move(struct envol_secret *dst, struct envol_secret *src);

/*
 * What was envol_secret_alloc()ed with @len bytes, at @data, where an interface that is not
 * ours has kept these two alone. For envol_secret_wipe().
 */
struct envol_secret envol_secret_of(uint8_t *data, size_t len);

/* Constant time for equal lengths. Empty ones are equal to nothing. */
bool envol_secret_equal(const struct envol_secret *a,
			const struct envol_secret *b);

/*
 * Copy is deliberate and rare (a second owner that outlives the first).
 * @dst must be empty.
 */
int envol_secret_copy(struct envol *ev, struct envol_secret *dst,
		      const uint8_t *data, size_t len) _must_check_;
