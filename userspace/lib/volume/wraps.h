/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The wraps in a token. One is known by its bytes, not by its number, which another
 * process may have changed in the meantime.
 */
#pragma once

#include "userspace/lib/internal.h"
#include "userspace/lib/metadata/token.h"

int envol_wraps_copy(struct envol *ev, const struct envol_token_wrap *from,
		     struct envol_token_wrap *to) _must_check_;
bool envol_wraps_are_same(const struct envol_token_wrap *a,
			  const struct envol_token_wrap *b);

/* The same KEKs in the same order, and of the same versions. */
bool envol_wraps_share_keks(const struct envol_token_wrap *a,
			    const struct envol_token_wrap *b);
bool envol_wraps_share_versions(const struct envol_token_wrap *a,
				const struct envol_token_wrap *b);

/* The same one in @token; NULL if it is not there (any more). */
struct envol_token_wrap *envol_wraps_find(struct envol_token *token,
					  const struct envol_token_wrap *wrap);

/* One of @token's own. */
void envol_wraps_drop(struct envol_token *token, struct envol_token_wrap *wrap);

/* A copy, behind the others. -ENOSPC. */
int envol_wraps_append(struct envol *ev, struct envol_token *token,
		       const struct envol_token_wrap *wrap) _must_check_;

/*
 * May @next, by newer versions of the same KEKs, stand in place of @old? -EPERM with
 * the reason if it is weaker, or can't be compared.
 */
int envol_wraps_check_successor(struct envol *ev,
				const struct envol_token_wrap *old,
				const struct envol_token_wrap *next)
	_must_check_;
