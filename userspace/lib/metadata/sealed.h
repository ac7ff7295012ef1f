/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of a header the DEK vouches for. LUKS2 authenticates nothing; a MAC under
 * a key derived from the DEK goes over a fixed encoding of the values below, and
 * both are stored in the token. An open checks the MAC over the bytes as stored,
 * encodes what the header says now, and compares the two encodings. Pure.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/internal.h"

#define ENVOL_SEALED_ID_SIZE 16
#define ENVOL_SEALED_SEGMENTS 4
#define ENVOL_SEALED_KEYSLOTS 32
#define ENVOL_SEALED_WRAPS 32

struct envol_sealed_part {
	const char *uri, *version, *algorithm;
	uint8_t sha256[ENVOL_DIGEST_SIZE];	/* of the wrapped bytes */
};

/* Strings and byte ranges are borrowed; a NULL string counts as "". */
struct envol_sealed {
	uint8_t volume_id[ENVOL_SEALED_ID_SIZE];
	uint64_t generation;
	const char *uuid, *cipher, *flags, *requirements, *policy;
	uint32_t pending_keyslot;	/* 0: none; else not among keyslots[] */
	uint32_t key_size, sector_size;	/* bytes */
	uint64_t iv_offset;		/* sectors */
	struct {
		uint64_t offset, size;	/* bytes; size 0: to the device's end */
	} segments[ENVOL_SEALED_SEGMENTS];
	struct {
		const char *type, *hash;
		uint64_t iterations;
		const uint8_t *salt, *bytes;
		size_t salt_len, bytes_len;
	} digest;
	struct {
		uint32_t number;
		const char *area_cipher;
		uint32_t area_key_size;	/* bytes */
	} keyslots[ENVOL_SEALED_KEYSLOTS];
	struct {
		struct envol_sealed_part parts[2];
		uint32_t n_parts;	/* 1, or 2 for a double key */
		uint8_t dek_sha256[ENVOL_DIGEST_SIZE];	/* of a double key's wrapped DEK */
		int64_t created, retiring;	/* Unix seconds */
		bool proved, unprotected;
	} wraps[ENVOL_SEALED_WRAPS];
	uint32_t n_segments, n_keyslots, n_wraps;
};

/*
 * The encoding, in @encoding, which is replaced: a constant, then per value its
 * name and its bytes, each behind a le32 length. -EINVAL for a count out of
 * bounds, -ENOMEM.
 */
int envol_sealed_encode(struct envol *ev, const struct envol_sealed *sealed,
			struct envol_blob *encoding) _must_check_;

/*
 * 0 if the two are the same bytes; else -EBADMSG with a sentence about the first
 * value that differs: "sector size: sealed 4096, found 512". Both may be any
 * bytes at all.
 */
int envol_sealed_compare(struct envol *ev, const struct envol_blob *sealed,
			 const struct envol_blob *found) _must_check_;
