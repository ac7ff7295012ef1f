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

struct envol_secret {
	uint8_t *data;
	size_t len;
	size_t mapped;	/* size of the mapping with both guard pages */
};

#define ENVOL_SECRET_INIT { 0 }
#define _cleanup_secret_ _cleanup_(envol_secret_wipe)

/* No secret of ours is larger; what a server sends as one is bounded by it. */
#define ENVOL_SECRET_MAX (64u * 1024)

/*
 * Allocate @len zero bytes, 1 to ENVOL_SECRET_MAX, into @s, which must be empty.
 * -ENOMEM where memory can't be had or can't be locked (the message names
 * RLIMIT_MEMLOCK), -EINVAL for a length out of bounds.
 */
int envol_secret_alloc(struct envol *ev, struct envol_secret *s, size_t len)
	_must_check_;

/* Wipe and unmap; fine on an empty one, which it leaves. */
void envol_secret_wipe(struct envol_secret *s);

/* @dst, wiped first, takes what @src holds; @src is empty then. */
void envol_secret_move(struct envol_secret *dst, struct envol_secret *src);

/*
 * Keep the first @len bytes, which move up to the guard page (s->data changes);
 * what is cut off is wiped. @len must not exceed s->len.
 */
void envol_secret_truncate(struct envol_secret *s, size_t len);

/* Constant time for equal lengths. Empty ones are equal to nothing. */
bool envol_secret_equal(const struct envol_secret *a,
			const struct envol_secret *b);

/*
 * Copy is deliberate and rare (a second owner that outlives the first).
 * @dst must be empty.
 */
int envol_secret_copy(struct envol *ev, struct envol_secret *dst,
		      const uint8_t *data, size_t len) _must_check_;
