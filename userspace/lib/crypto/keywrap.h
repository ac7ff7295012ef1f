/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * AES key wrap with padding: KWP of NIST SP 800-38F, RFC 5649. Deterministic,
 * authenticates (about 64 bits), takes no AAD.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

#define ENVOL_KEYWRAP_MAX 16384	/* bytes of a key that is wrapped, or of a PEM with its chain */

/*
 * Wrap @key, 1 to ENVOL_KEYWRAP_MAX bytes, under @kek, whose length (16, 24 or 32
 * bytes) chooses AES-128, -192 or -256; envol's own KEKs have 32. @wrapped is
 * replaced: the length rounded up to 8, plus 8. -EINVAL for lengths out of
 * bounds, -ENOMEM, -EIO where OpenSSL refuses.
 */
int envol_keywrap_wrap(struct envol *ev, const struct envol_secret *kek,
		       const struct envol_secret *key,
		       struct envol_blob *wrapped) _must_check_;

/*
 * The reverse, into @key, which must be empty. -EBADMSG for another KEK than the
 * one that wrapped, for changed bytes and for lengths that no wrapped key has.
 */
int envol_keywrap_unwrap(struct envol *ev, const struct envol_secret *kek,
			 const uint8_t *wrapped, size_t wrapped_len,
			 struct envol_secret *key) _must_check_;
