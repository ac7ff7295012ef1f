/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who we are to Key Vault: where access tokens come from, as section [https], or
 * [https HOST] of one vault, says with identity = KIND and what that kind wants. A
 * credential goes to the authority, or the address on this machine, that
 * configuration names; no answer of a server changes that.
 */
#pragma once

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/net/http.h"

struct envol_identity;

/*
 * For the vault at @host, over @http, which must outlive it. -EINVAL for settings that
 * are missing or wrong. No credential is read yet.
 */
int envol_identity_new(struct envol *ev, const char *host,
		       struct envol_http *http,
		       struct envol_identity **identity) _must_check_;
void envol_identity_free(struct envol_identity *identity);	/* NULL is fine */

/*
 * A token for @resource (https://vault.azure.net), which must be empty: one that is
 * kept, with five minutes left to live, or a new one. -EACCES for a credential that is
 * refused, -EKEYEXPIRED for one that is over, -EPERM for a file that others may read;
 * -EAGAIN, -EHOSTUNREACH, -ETIMEDOUT where trying again may help; each with the
 * setting or file to change.
 */
int envol_identity_token(struct envol_identity *identity, const char *resource,
			 struct envol_deadline deadline,
			 struct envol_secret *token) _must_check_;

/* The vault refused the token: the next is a new one. */
void envol_identity_forget(struct envol_identity *identity,
			   const char *resource);

/*
 * And it is to have what the vault's @challenge asks for: 0. -ENOENT where it asks for
 * nothing, or the identity is one that nothing can be asked of; -EPROTO.
 */
int envol_identity_take_claims(struct envol_identity *identity,
			       const char *challenge) _must_check_;

/*
 * What a vault said with 401 is only held against what is configured: -EACCES where its
 * tenant is another one, or its resource is not @resource, with both names. 0 for
 * what says nothing of them.
 */
int envol_identity_check_challenge(struct envol_identity *identity,
				   const char *challenge, const char *resource)
	_must_check_;
