/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PINs that a caller gives, or is asked for: kept in the handle for the one token
 * that they are for, sent along with requests for its keys, forgotten when it refuses
 * them.
 */
#pragma once

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

/* What envol_free() does. */
void envol_pin_free(struct envol *ev);

/* A copy of the PIN for @uri, a KEK or a scheme, into @pin, if there is one. */
int envol_pin_copy(struct envol *ev, const char *uri, struct envol_secret *pin)
	_must_check_;

/*
 * After -ENOANO with the recorded sentence: drop the PIN that was there, and ask for
 * another, which is kept. -ENOANO, and the sentence stays, where nobody has one.
 */
int envol_pin_ask(struct envol *ev, const char *uri, unsigned int tries,
		  struct envol_secret *pin) _must_check_;

/* In the KEK program: the one that came with the request, or an empty one. */
const struct envol_secret *envol_pin_of_request(const struct envol *ev);
