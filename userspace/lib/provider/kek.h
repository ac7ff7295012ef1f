/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * KEKs as the library uses them: by URI, whatever the provider. Each call runs the
 * provider's program (LIBEXECDIR/kek/SCHEME) in a process of its own, which does one
 * thing and ends; vendor modules, JSON and TLS buffers that held a key die with it.
 * The deadline (the handle's timeout), retries, limits on what comes back and the
 * audit record are kept here, in one place.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

/* What a KEK made of a key; the three are stored and given back together. */
struct envol_wrapped {
	char *version;		/* of the KEK that wrapped */
	char *algorithm;
	struct envol_blob bytes;
};

#define ENVOL_WRAPPED_INIT { 0 }
#define _cleanup_wrapped_ _cleanup_(envol_wrapped_free)
void envol_wrapped_free(struct envol_wrapped *wrapped);

#define ENVOL_KEK_ID_SIZE 16
#define ENVOL_KEK_KEY_MAX 64		/* bytes of a key that is wrapped */
#define ENVOL_KEK_WRAPPED_MAX 4096	/* bytes of a wrapped key */

/*
 * The one spelling of a URI that is stored and compared: "NAME" becomes
 * "service:NAME", scheme and host lower case, no version, and what the provider's
 * scheme has for its own. Malloc'ed. -EINVAL with the reason, -EPROTONOSUPPORT.
 */
int envol_kek_canonical(struct envol *ev, const char *uri, char **canonical)
	_must_check_;

/*
 * Wrap @key by the newest version of the KEK. @volume_id goes into what is
 * authenticated, where the algorithm can. @wrapped must be empty. Errors as in
 * envol.h over envol_key_create().
 */
int envol_kek_wrap(struct envol *ev, const char *uri,
		   const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		   const struct envol_secret *key, struct envol_wrapped *wrapped)
	_must_check_;

/*
 * The reverse, with exactly the version that wrapped; @key must be empty.
 * -EBADMSG where the KEK was reached and the bytes are not its own.
 */
int envol_kek_unwrap(struct envol *ev, const char *uri,
		     const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		     const struct envol_wrapped *wrapped, struct envol_secret *key)
	_must_check_;

/*
 * Random bytes of what keeps the KEK, an HSM say, 32 to ENVOL_KEK_KEY_MAX, into @bytes,
 * which must be empty: only ever to be mixed with our own (envol_random_mix()).
 * -EOPNOTSUPP where it has none.
 */
int envol_kek_random(struct envol *ev, const char *uri,
		     struct envol_secret *bytes) _must_check_;

/* The first half of the next: is what its provider tells of it good enough? -EKEYREJECTED and its kin. */
int envol_kek_check_info(struct envol *ev, const struct envol_key_info *info)
	_must_check_;

/* What of the checks of the next may fail, and what did. */
struct envol_enrolment {
	bool may_be_unprotected, may_be_unproved;
	bool is_unprotected;	/* it could be deleted for good */
	bool is_unproved;	/* this host may not unwrap by it */
};

/*
 * May this KEK wrap a DEK? Enabled, recoverable, of a type and size that we take;
 * then a random probe is wrapped, unwrapped and compared. Done before a KEK is
 * ever used for a volume. @enrolment NULL: all of it must hold.
 */
int envol_kek_enrol(struct envol *ev, const char *uri,
		    const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		    struct envol_enrolment *enrolment) _must_check_;
