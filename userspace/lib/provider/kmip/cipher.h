/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AES-GCM by Encrypt and Decrypt of a client: the key stays in the server. KMIP 1.4 or newer. */
#pragma once

#include "userspace/lib/provider/kmip/client.h"

#define ENVOL_KMIP_TAG_SIZE 16
#define ENVOL_KMIP_NONCE_MIN 12
#define ENVOL_KMIP_NONCE_MAX 16

/* What AES-GCM takes beside the data. */
struct envol_kmip_sealing {
	uint8_t nonce[ENVOL_KMIP_NONCE_MAX];
	size_t nonce_len;	/* of a request to encrypt: 0 leaves the nonce to the server */
	uint8_t tag[ENVOL_KMIP_TAG_SIZE];
	struct envol_blob aad;
};

/*
 * Nonce (if it was the server's to choose) and tag into @sealing, the ciphertext, as long as
 * the data, into @out, which must be empty.
 */
int envol_kmip_cipher_encrypt(struct envol_kmip_client *client, const char *uid,
			      struct envol_kmip_sealing *sealing,
			      const struct envol_secret *data, struct envol_blob *out)
	_must_check_;
int envol_kmip_cipher_decrypt(struct envol_kmip_client *client, const char *uid,
			      const struct envol_kmip_sealing *sealing,
			      const uint8_t *data, size_t len,
			      struct envol_secret *out) _must_check_;
