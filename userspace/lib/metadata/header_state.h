/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files header*.c share and nobody else sees. */
#pragma once

#include "userspace/lib/metadata/header.h"
#include "userspace/lib/metadata/layout.h"
#include "userspace/lib/metadata/luks.h"

struct envol_header {
	struct envol_luks *luks;
	char *device, *header;		/* paths; the second may be NULL */
	char *uuid, *label;
	struct envol_layout layout;
	struct envol_token token;
	struct envol_header_info info;
	bool is_borrowed;
};

/* The path that the header lies on. */
const char *envol_header_path(const struct envol_header *h);

/* Size of a device or file in bytes. */
int envol_header_size(struct envol *ev, const char *path, uint64_t *size)
	_must_check_;

/*
 * Seal @token, whose generation is set, with what @layout and @uuid say, under
 * @dek, and format it: a malloc'ed string.
 */
int envol_header_seal(struct envol *ev, const struct envol_layout *layout,
		      const char *uuid, const struct envol_secret *dek,
		      struct envol_token *token, char **json) _must_check_;

/* envol_header_store() without verifying first. */
int envol_header_write_token(struct envol *ev, struct envol_header *h,
			     const struct envol_secret *dek,
			     struct envol_token *token) _must_check_;

/* Take over what LUKS2 says after a write of its keyslots. */
int envol_header_refresh(struct envol *ev, struct envol_header *h) _must_check_;
