/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a token has to say that a vault will not take as it is (continuous access
 * evaluation): the vault's challenge asks for claims, and they go to Entra ID with the
 * next request for a token. Pure.
 */
#pragma once

#include "userspace/lib/internal.h"

/*
 * The claims about an access token that the header WWW-Authenticate asks for: a JSON
 * object, malloc'ed. -ENOENT where it asks for none, -EPROTO where what it asks for
 * is none. It is a request of the vault's: it may shape the token, and nothing else
 * of it is passed on.
 */
int envol_claims_asked(struct envol *ev, const char *header, char **asked)
	_must_check_;

/*
 * The value of the parameter "claims", malloc'ed: that whoever asks understands such
 * challenges (the capability cp1), and what was @asked, if that is not NULL.
 */
int envol_claims_write(struct envol *ev, const char *asked, char **claims)
	_must_check_;
