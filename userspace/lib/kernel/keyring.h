/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The DEK in the kernel keyring: a key of type "logon", which no process can read.
 *
 * It begins in the keyring of this thread, so that one that is killed leaves none,
 * and is published once its mapping works: root may then see, use and revoke it
 * from any session, by way of root's user keyring (@u). What is to go is taken
 * back into the thread's keyring first, for the same reason.
 */
#pragma once

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

typedef int32_t envol_keyring_serial;

/*
 * A key of this thread alone, found by what the thread asks of device-mapper. -ENOMEM,
 * -EDQUOT where the user's quota of keys is used up, -EOPNOTSUPP without keyrings.
 */
int envol_keyring_add(struct envol *ev, const char *description,
		      const struct envol_secret *key,
		      envol_keyring_serial *serial) _must_check_;

/* Into root's user keyring, with the permissions that root's other sessions need. */
int envol_keyring_publish(struct envol *ev, envol_keyring_serial serial)
	_must_check_;

/*
 * The reverse: a published key is this thread's again. -ENOKEY if there is none of
 * that description, which counts a revoked or expired one; its link is removed.
 */
int envol_keyring_take(struct envol *ev, const char *description,
		       envol_keyring_serial *serial) _must_check_;

/* Whether a living key of that description is published. */
bool envol_keyring_is_published(const char *description);

/* Out of the thread's keyring: a mapping that uses it keeps it. */
void envol_keyring_drop(envol_keyring_serial serial);

/* Its end, whoever uses it; then as above. */
void envol_keyring_revoke(envol_keyring_serial serial);
