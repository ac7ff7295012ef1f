/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * RSAES-OAEP (RFC 8017), the half that takes a public key: wrapping for KEKs whose
 * private half stays in a vault or a token. The mask is made with the same hash,
 * the label is empty.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

enum envol_oaep_hash { ENVOL_OAEP_SHA256, ENVOL_OAEP_SHA1 };

/* Big-endian; zeros in front do not matter. */
struct envol_oaep_public {
	struct envol_blob modulus, exponent;
};

/* Of the modulus. */
unsigned int envol_oaep_bits(const struct envol_oaep_public *key);

/*
 * Wrap @key into @wrapped, which is replaced: as long as the modulus. -EINVAL for a
 * modulus that is not of 2048 to 4096 bits, an exponent that is even or below 3,
 * or a key that is too long for them; -ENOMEM, -EIO where OpenSSL refuses.
 */
int envol_oaep_wrap(struct envol *ev, const struct envol_oaep_public *public,
		    enum envol_oaep_hash hash, const struct envol_secret *key,
		    struct envol_blob *wrapped) _must_check_;
