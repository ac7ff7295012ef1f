/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One change of a volume's header: the DEK is unwrapped once, then the change is made
 * to a copy of the token and stored. Where another process was faster the header is
 * read again, proved by the same DEK, and the change made to that: both are then there.
 */
#pragma once

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/metadata/header.h"
#include "userspace/lib/volume/unwrap.h"

struct envol_change {
	const struct envol_volume_source *source;
	struct envol_header *h;		/* proved by @dek */
	struct envol_secret dek;
	struct envol_unwrapped how;
};

#define ENVOL_CHANGE_INIT { .dek = ENVOL_SECRET_INIT }
#define _cleanup_change_ _cleanup_(envol_change_end)

/* Errors as envol_header_open() and envol_unwrap_dek(). @source is borrowed. */
int envol_change_begin(struct envol *ev, const struct envol_volume_source *source,
		       struct envol_change *change) _must_check_;
void envol_change_end(struct envol_change *change);

/*
 * Makes the change to @token, which is as in the header now, and is called once for
 * each try. An error ends it all.
 */
typedef int (*envol_change_fn)(struct envol *ev, struct envol_token *token,
			       void *data);

/* -EBUSY where others change the header all the time. change->h is then the new one. */
int envol_change_token(struct envol *ev, struct envol_change *change,
		       envol_change_fn fn, void *data) _must_check_;

/*
 * The same for what is done to the header itself: @fn stores, and its -EAGAIN
 * starts the next try.
 */
typedef int (*envol_change_store_fn)(struct envol *ev,
				     struct envol_change *change, void *data);
int envol_change_header(struct envol *ev, struct envol_change *change,
			envol_change_store_fn fn, void *data) _must_check_;
