/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Access tokens that the processes of one user share: envol-kek lives for one
 * operation, a token for an hour, and a host that opens forty volumes should ask for one.
 *
 * A token lies in the kernel, as a key of type "user" in the user keyring: in memory that
 * is never swapped, on no disk, gone at the kernel's own time. Who is the same user in
 * the same user namespace can read it, nobody else; Documentation/threat-model.md
 * weighs that. Where there are no keyrings nothing is kept, and nothing fails.
 */
#pragma once

#include "userspace/lib/internal.h"
#include "userspace/lib/util/deadline.h"
#include "userspace/lib/util/secret.h"

/* What tells one token from another, hashed: it can be seen in /proc/keys. */
#define ENVOL_TOKEN_CACHE_ID_SIZE 16

/* -ENOKEY, -EOPNOTSUPP where nothing can be kept, -ENOMEM; @token must be empty. */
int envol_token_cache_find(struct envol *ev,
			   const uint8_t id[ENVOL_TOKEN_CACHE_ID_SIZE],
			   struct envol_secret *token) _must_check_;

/*
 * One process asks for a new token while the others, each for half of its time at most,
 * wait for it to be kept: a file descriptor that holds the right to ask, or -1 where the
 * wait was in vain or there is no state directory to lock in; then each asks.
 */
int envol_token_cache_lock(struct envol *ev,
			   const uint8_t id[ENVOL_TOKEN_CACHE_ID_SIZE],
			   struct envol_deadline deadline) _must_check_;

/* In place of one that was kept. */
void envol_token_cache_keep(struct envol *ev,
			    const uint8_t id[ENVOL_TOKEN_CACHE_ID_SIZE],
			    const struct envol_secret *token,
			    unsigned int life_s);

void envol_token_cache_drop(const uint8_t id[ENVOL_TOKEN_CACHE_ID_SIZE]);
