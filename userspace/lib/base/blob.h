/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Growable bytes that are not secret: wrapped keys, encodings, files. */
#pragma once

#include "userspace/lib/internal.h"

struct envol_blob {
	uint8_t *data;
	size_t len;
	size_t size;	/* allocated */
};

#define ENVOL_BLOB_INIT { 0 }
#define _cleanup_blob_ _cleanup_(envol_blob_free)

void envol_blob_free(struct envol_blob *blob);

/* Append; -ENOMEM leaves the blob as it was. */
int envol_blob_append(struct envol_blob *blob, const void *data, size_t len)
	_must_check_;
int envol_blob_append_le32(struct envol_blob *blob, uint32_t v) _must_check_;
int envol_blob_append_le64(struct envol_blob *blob, uint64_t v) _must_check_;

/* Append a le32 length and the bytes: an encoding in which no two lists look alike. */
int envol_blob_append_prefixed(struct envol_blob *blob, const void *data,
			       size_t len) _must_check_;

/* @dst, freed first, takes what @src holds. */
void envol_blob_move(struct envol_blob *dst, struct envol_blob *src);
bool envol_blob_equal(const struct envol_blob *a, const struct envol_blob *b);
