/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SHA-256 (FIPS 180-4), HMAC (RFC 2104) and HKDF (RFC 5869), and what envol
 * derives from a DEK with them. Each derivation has a constant of its own; all of
 * them are part of the format and never change.
 */
#pragma once

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

#define ENVOL_DIGEST_SIZE 32
#define ENVOL_DIGEST_FINGERPRINT_SIZE 16
#define ENVOL_DIGEST_PASSPHRASE_SIZE (2 * ENVOL_DIGEST_SIZE)

/* All functions below fail with -EIO where OpenSSL refuses, -ENOMEM for a secret. */

int envol_digest_sha256(struct envol *ev, const void *data, size_t len,
			uint8_t digest[ENVOL_DIGEST_SIZE]) _must_check_;

/* HMAC-SHA-256 of @len bytes under @key, which must not be empty (-EINVAL). */
int envol_digest_hmac(struct envol *ev, const struct envol_secret *key,
		      const void *data, size_t len,
		      uint8_t mac[ENVOL_DIGEST_SIZE]) _must_check_;

/*
 * HKDF-SHA-256, extract and expand, of @ikm into @okm, which must be empty and
 * gets @okm_len bytes, 1 to 255 * 32. An absent salt (@salt_len 0) is 32 zero
 * bytes, as RFC 5869 section 2.2 has it. -EINVAL for an empty @ikm or a length
 * out of bounds.
 */
int envol_digest_hkdf(struct envol *ev, const struct envol_secret *ikm,
		      const void *salt, size_t salt_len, const void *info,
		      size_t info_len, struct envol_secret *okm, size_t okm_len)
	_must_check_;

/* What pins a volume: 128 public bits that only this DEK gives. */
int envol_digest_fingerprint(struct envol *ev, const struct envol_secret *dek,
			     uint8_t fingerprint[ENVOL_DIGEST_FINGERPRINT_SIZE])
	_must_check_;

/* The 32-byte key that authenticates the header; @key must be empty. */
int envol_digest_mac_key(struct envol *ev, const struct envol_secret *dek,
			 struct envol_secret *key) _must_check_;

/*
 * The passphrase of the keyslot that stock tools open: 64 lower-case hex digits
 * without a NUL, so that it can be handed to tools that read a line. @passphrase
 * must be empty.
 */
int envol_digest_passphrase(struct envol *ev, const struct envol_secret *dek,
			    struct envol_secret *passphrase) _must_check_;

/* In constant time, for MACs. */
bool envol_digest_equal(const uint8_t a[ENVOL_DIGEST_SIZE],
			const uint8_t b[ENVOL_DIGEST_SIZE]);
