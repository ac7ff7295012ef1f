/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The LUKS2 token of type "envol": the wraps of a volume's DEK, and what of the
 * header the DEK vouches for. Documentation/token.md is the format. Pure.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/metadata/sealed.h"

#define ENVOL_TOKEN_TYPE "envol"
#define ENVOL_TOKEN_VERSION 1

/* The keyslot that stock tools open, by envol_digest_passphrase(). */
#define ENVOL_TOKEN_KEYSLOT 0

/* Bytes, of which each is a character. A URI is bounded by ENVOL_URI_MAX. */
#define ENVOL_TOKEN_MAX 61440u		/* of the JSON: what 64 KiB of metadata can hold */
#define ENVOL_TOKEN_VERSION_MAX 128	/* of a KEK's version */
#define ENVOL_TOKEN_ALGORITHM_MAX 64
#define ENVOL_TOKEN_POLICY_MAX 256
#define ENVOL_TOKEN_WRAPPED_MAX 4096	/* of what a KEK wrapped */
#define ENVOL_TOKEN_DEK_MAX 128		/* of a double key's wrapped DEK */

/* What one KEK wrapped: the DEK, or one of two shares. */
struct envol_token_part {
	char *uri;			/* of the KEK, without a version */
	char *version;			/* of the KEK, as its provider names it */
	char *algorithm;		/* says all about @bytes: A256KWP, RSA-OAEP-256 … */
	struct envol_blob bytes;
};

struct envol_token_wrap {
	struct envol_token_part parts[2];
	unsigned int n_parts;		/* 1, or 2 for a double key */
	struct envol_blob dek;		/* of two parts: the DEK under the key of both shares */
	int64_t created;		/* Unix seconds */
	int64_t retiring;		/* since when a newer wrap stands in its place; 0 */
	bool proved;			/* unwrapped and compared before it was stored */
	bool unprotected;		/* its KEK could be deleted for good, which was accepted */
};

struct envol_token {
	uint8_t volume_id[ENVOL_SEALED_ID_SIZE];
	uint64_t generation;		/* counts writes of the header */
	char *policy;			/* words separated by blanks; "" or NULL for none */
	unsigned int pending_keyslot;	/* is being added or removed, so may be there or not; 0 */
	struct envol_token_wrap wraps[ENVOL_SEALED_WRAPS];
	uint32_t n_wraps;		/* at least 1 */
	struct envol_blob sealed;	/* envol_sealed_encode() */
	uint8_t mac[ENVOL_DIGEST_SIZE];	/* over it */
};

#define ENVOL_TOKEN_INIT { 0 }
#define _cleanup_token_ _cleanup_(envol_token_free)

void envol_token_free(struct envol_token *token);	/* what it holds, not itself */
void envol_token_free_wrap(struct envol_token_wrap *wrap);

/*
 * Strict: -EPROTONOSUPPORT for a version that is not known, -EBADMSG for anything
 * else that is missing, of the wrong type, too long, given twice, not known, or not
 * base64 to the letter; the sentence names the field ("token.wraps[1].parts[0].uri").
 * A pkcs11: URI may only identify a key. @token must be empty. -ENOMEM.
 */
int envol_token_parse(struct envol *ev, const char *json, size_t len,
		      struct envol_token *token) _must_check_;

/*
 * The reverse: a malloc'ed string in *@json. -ENOSPC for one of more than
 * ENVOL_TOKEN_MAX bytes, -EINVAL for a token that parsing would refuse.
 */
int envol_token_format(struct envol *ev, const struct envol_token *token,
		       char **json) _must_check_;

/* @to must be empty. -EINVAL for a token that can't be stored. */
int envol_token_copy(struct envol *ev, const struct envol_token *from,
		     struct envol_token *to) _must_check_;

/* Fill what @sealed takes from a token; borrows from @token. */
int envol_token_seal(struct envol *ev, const struct envol_token *token,
		     struct envol_sealed *sealed) _must_check_;
