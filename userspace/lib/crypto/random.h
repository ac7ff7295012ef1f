/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Randomness, from the kernel's generator alone; others' is only mixed in. */
#pragma once

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

/*
 * @len random bytes that may be seen: volume ids, salts. Waits until the kernel's
 * generator is seeded. -errno of getrandom(2).
 */
int envol_random_bytes(struct envol *ev, void *data, size_t len) _must_check_;

/* @len random bytes, 1 to ENVOL_SECRET_MAX, into @secret, which must be empty. */
int envol_random_secret(struct envol *ev, struct envol_secret *secret,
			size_t len) _must_check_;

/*
 * Replace @own, at least 32 random bytes of ours, by as many of HKDF-SHA-256 over
 * @own || @external. With an @external that is constant, known or chosen by
 * somebody (an HSM's) the result is still as hard to guess as @own, up to the 256
 * bits of the hash. On an error @own is as it was: -EINVAL where either is
 * too short (@external empty) or too long.
 */
int envol_random_mix(struct envol *ev, struct envol_secret *own,
		     const struct envol_secret *external) _must_check_;
