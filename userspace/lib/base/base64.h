/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Base64 (RFC 4648 section 4) and base64url without padding (section 5).
 * Decoding is strict: no white space, no surplus bits, no missing padding in the
 * first, none present in the second. Time does not depend on the characters'
 * values, so that a key may pass through the forms that take a secret. Pure.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

enum envol_base64_kind { ENVOL_BASE64, ENVOL_BASE64URL };

/* A malloc'ed string for the caller to free; NULL where memory is short. */
char *envol_base64_encode(enum envol_base64_kind kind, const uint8_t *data,
			  size_t len) _must_check_;

/* -EINVAL for text that is not base64 to the letter, -ENOMEM. @blob is replaced. */
int envol_base64_decode(enum envol_base64_kind kind, const char *text,
			size_t text_len, struct envol_blob *blob) _must_check_;

/* The same into a secret, which must be empty. */
int envol_base64_decode_secret(struct envol *ev, enum envol_base64_kind kind,
			       const char *text, size_t text_len,
			       struct envol_secret *secret) _must_check_;

/* The reverse of it: text in a secret, without a NUL. */
int envol_base64_encode_secret(struct envol *ev, enum envol_base64_kind kind,
			       const struct envol_secret *secret,
			       struct envol_secret *text) _must_check_;
