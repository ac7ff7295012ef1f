/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The DEK into a wrap and out of one: under one KEK, or with a double key under two. */
#pragma once

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/metadata/token.h"

/*
 * Enrol the KEKs, wrap @dek anew, and prove the wrap by unwrapping it, unless
 * @kek->unproved and this host may not. @wrap must
 * be empty; envol_token_free_wrap() frees it. -EINVAL for a double key of one
 * KEK; else errors as envol_kek_enrol(). Nothing is stored.
 */
int envol_dek_wrap(struct envol *ev, const uint8_t volume_id[ENVOL_SEALED_ID_SIZE],
		   const struct envol_kek_choice *kek,
		   const struct envol_secret *dek, struct envol_token_wrap *wrap)
	_must_check_;

/*
 * What @wrap holds, into @dek, which must be empty: not yet known to be the volume's.
 * Errors as envol_kek_unwrap().
 */
int envol_dek_unwrap(struct envol *ev,
		     const uint8_t volume_id[ENVOL_SEALED_ID_SIZE],
		     const struct envol_token_wrap *wrap,
		     struct envol_secret *dek) _must_check_;

/*
 * Does it take two KEKs to open a volume with these wraps? Any wrap of one KEK, or
 * a recovery key, would defeat what its owners wanted, and is refused unless it was
 * asked for.
 */
bool envol_dek_takes_two(const struct envol_token *token);
