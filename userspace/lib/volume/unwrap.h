/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one way to a proven DEK. Whoever needs one - open, unlock, every change of
 * the wraps - gets it here, after the same checks in the same order:
 *
 *   1. what trusted configuration allows: a URI in a header is a request, so only
 *      wraps all of whose KEKs are in @source->keks are tried, if that is given;
 *      unattended it has to be, and @source->id too
 *   2. a KEK that unwraps
 *   3. the DEK is the volume's, and vouches for the header as it was loaded
 *   4. the fingerprint is the one of @source->id
 *   5. the header is no older than one that was seen here
 *
 * Wraps are tried in the order of @source->keks (a double key stands where its later
 * KEK does), else the header's; those that are retiring come last, and behind them
 * those whose KEK could not be reached a short while ago (provider/health.h). Where none
 * opens the volume the sentence has each cause, and the error is the one that tells
 * most of what to do: unreachable (trying again may help), then refused (a person
 * has to allow it), then absent, then damaged.
 */
#pragma once

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/metadata/header.h"

struct envol_unwrapped {
	int wrap;	/* index in the token; -1: the recovery key gave it */
	char fingerprint[ENVOL_FINGERPRINT_SIZE];
};

/*
 * @dek must be empty, @how may be NULL. Errors: -EINVAL for a source that lacks what
 * unattended use needs, -EACCES where no wrap may be used, -EBADMSG for a header
 * that was changed, -EKEYREJECTED for another fingerprint, -ESTALE for an older
 * generation, -EPERM for a recovery key that is none of the volume's; else of the KEKs.
 * Where another process writes a newer header meanwhile *@h is closed and that one opened.
 */
int envol_unwrap_dek(struct envol *ev, struct envol_header **h,
		     const struct envol_volume_source *source,
		     struct envol_secret *dek, struct envol_unwrapped *how)
	_must_check_;

/* Unattended: wait for a random part of the handle's spread. */
void envol_unwrap_await_turn(struct envol *ev,
			     const struct envol_volume_source *source);

/*
 * The wraps of @token to be tried for @keks, canonical and in their order (NULL: all),
 * as indices in @order; returns how many. Pure.
 */
size_t envol_unwrap_order(const struct envol_token *token,
			  const char *const *keks, size_t n_keks,
			  unsigned int order[ENVOL_SEALED_WRAPS]);

/* The same for @source's KEKs, as they are spelled there. Errors as envol_kek_canonical(). */
int envol_unwrap_allowed(struct envol *ev, const struct envol_token *token,
			 const struct envol_volume_source *source,
			 unsigned int order[ENVOL_SEALED_WRAPS], size_t *n)
	_must_check_;

/* Which of two errors of KEKs tells more of what to do. Pure. */
int envol_unwrap_choose_error(int a, int b);
