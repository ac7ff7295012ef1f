/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Access tokens that the processes of one user share: a KEK program lives for one
 * operation, a token for an hour, and a host that opens forty volumes should ask for one.
 *
 * A token lies in the kernel, as a key of type "user" in the user keyring: in memory that
 * is never swapped, on no disk, gone at the kernel's own time. That keyring is open to
 * every process of the user, in containers too; so the token is wrapped under a key that
 * lies in the state directory, where only who sees the host's files reads it, and which
 * without the kernel's memory is worth nothing. Where either is missing nothing is kept,
 * and nothing fails. Documentation/threat-model.md weighs it.
 */
#pragma once

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

/* What tells one token from another, hashed: it can be seen in /proc/keys. */
#define ENVOL_TOKEN_CACHE_ID_SIZE 16

/* The place of one token. */
struct envol_token_cache {
	uint8_t id[ENVOL_TOKEN_CACHE_ID_SIZE];
	int fd;			/* of the file with the key; -1 */
	struct envol_secret kek;	/* of this token alone; empty where nothing can be kept */
};

#define ENVOL_TOKEN_CACHE_INIT { .fd = -1 }
#define _cleanup_token_cache_ _cleanup_(envol_token_cache_close)
void envol_token_cache_close(struct envol_token_cache *cache);

/* @cache->id is set. -ENOMEM alone. */
int envol_token_cache_open(struct envol *ev, struct envol_token_cache *cache)
	_must_check_;

/* -ENOKEY, -EOPNOTSUPP where nothing can be kept, -ENOMEM; @token must be empty. */
int envol_token_cache_find(struct envol *ev,
			   const struct envol_token_cache *cache,
			   struct envol_secret *token) _must_check_;

/*
 * One process asks for a new token while the others wait for it to be kept, each for
 * half of its time at most; after that they ask too. Until the cache is closed.
 */
void envol_token_cache_lock(const struct envol_token_cache *cache,
			    struct envol_deadline deadline);

/* In place of one that was kept. */
void envol_token_cache_keep(struct envol *ev,
			    const struct envol_token_cache *cache,
			    const struct envol_secret *token,
			    unsigned int life_s);

/* Takes no more than the id. */
void envol_token_cache_drop(const struct envol_token_cache *cache);
