/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What LUKS2's JSON says of data and keys, and whether envol takes it: one segment
 * of aes-xts-plain64 without integrity, one digest over all keyslots, keyslots of
 * aes-xts-plain64, no requirement. Pure.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/metadata/sealed.h"

#define ENVOL_LAYOUT_CIPHER "aes-xts-plain64"
#define ENVOL_LAYOUT_FLAGS_SIZE 512

struct envol_layout {
	unsigned int key_size, sector_size;	/* bytes */
	uint64_t offset, size;			/* bytes of data; size 0: to the device's end */
	uint64_t iv_offset;			/* sectors */
	char flags[ENVOL_LAYOUT_FLAGS_SIZE];	/* sorted, a blank between two */
	bool discards;				/* allow-discards is among them */
	struct {
		char hash[32];
		uint64_t iterations;
		struct envol_blob salt, bytes;
	} digest;
	unsigned int n_keyslots;
	struct {
		unsigned int number;		/* ascending */
		unsigned int area_key_size;	/* bytes */
	} keyslots[ENVOL_SEALED_KEYSLOTS];
	int n_tokens;				/* of our type; -1: not known */
	unsigned int token;			/* number of the last one */
};

#define ENVOL_LAYOUT_INIT { 0 }
#define _cleanup_layout_ _cleanup_(envol_layout_free)
void envol_layout_free(struct envol_layout *layout);

/*
 * @layout must be empty. -EPROTONOSUPPORT for requirements, -EBADMSG for anything
 * else that envol does not take or that is not LUKS2; the sentence names it:
 * "header.segments.0.encryption: cipher_null-ecb, not aes-xts-plain64". @n_tokens is
 * then set all the same: another tool's header may be anything.
 */
int envol_layout_parse(struct envol *ev, const char *json, size_t len,
		       struct envol_layout *layout) _must_check_;

bool envol_layout_has_keyslot(const struct envol_layout *layout,
			      unsigned int number);

/* Fill what @sealed takes from LUKS2, less the pending keyslot it names; borrows. */
void envol_layout_seal(const struct envol_layout *layout, const char *uuid,
		       struct envol_sealed *sealed);
