/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Wraps by a key in a KMIP server. The algorithms, as they stand in a header:
 *
 * A256GCM	encrypted by the server (Encrypt, KMIP 1.4 or newer), the key stays there.
 *		Bytes: length of the nonce (1 byte), nonce, tag (16 bytes), ciphertext.
 *		Authenticated besides: a list in which each value stands behind its le32
 *		length, "envol kmip 1", volume id, URI, identifier of the key, "A256GCM".
 * A256KWP	wrapped here with the key, which is fetched for it (Get): where the server
 *		has no Encrypt, and allow_key_export allows it. Takes no AAD.
 */
#pragma once

#include "userspace/lib/provider/kmip/key.h"

/* By kek->newest, whose state has been looked at. */
int envol_kmip_wrap_make(struct envol_kek *kek, const struct envol_kmip_abilities *abilities,
			 const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
			 const struct envol_secret *key, struct envol_wrapped *wrapped)
	_must_check_;

/* By the object wrapped->version. -EBADMSG for bytes that it did not wrap for this volume. */
int envol_kmip_wrap_open(struct envol_kek *kek, const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
			 const struct envol_wrapped *wrapped, struct envol_secret *key)
	_must_check_;
