/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys that their owner made elsewhere and brings to a vault. Pure. */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/crypto/oaep.h"
#include "userspace/lib/internal.h"

/*
 * The body of the request that imports what @file holds as a key of type @kty, NULL for
 * the default, into @body, which must be empty. @file is either
 *
 *	an RSA key in PEM, without a passphrase: 2048, 3072 or 4096 bits. Its modulus goes
 *	into @modulus, which is replaced, to compare what the vault then has with it;
 *
 *	a transfer blob, the JSON that a vendor's tool makes of a key in an HSM for the key
 *	exchange key of the vault: it goes on as it is, and @modulus stays empty.
 *
 * -EBADMSG for what is neither, -EKEYREJECTED for a key that is no KEK.
 */
int envol_import_body(struct envol *ev, const struct envol_secret *file,
		      const char *kty, struct envol_secret *body,
		      struct envol_blob *modulus) _must_check_;
