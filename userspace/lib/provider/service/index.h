/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The index of a keystore: which keys it has, and of which generation. A record
 * proves that envol wrote it; that no older copy was put in its place is proved
 * by the index. A record may be ahead of it by a write that was cut short, never
 * behind.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/provider/message.h"
#include "userspace/lib/provider/service/root.h"
#include "userspace/lib/provider/service/scheme.h"

#define ENVOL_INDEX_FILE "index"
#define ENVOL_INDEX_KEYS ENVOL_MESSAGE_KEYS_MAX
#define ENVOL_INDEX_FILE_MAX (512u * 1024)

struct envol_index_entry {
	char name[ENVOL_SERVICE_NAME_SIZE];
	uint64_t generation;
};

struct envol_index {
	struct envol_index_entry *entries;	/* sorted by name */
	size_t n_entries;
};

#define ENVOL_INDEX_INIT { 0 }
void envol_index_free(struct envol_index *index);

/* Into an empty @index. Errors of envol_stamp_check(), -ENOMEM. */
int envol_index_parse(struct envol *ev, const struct envol_root *root,
		      const struct envol_blob *text, struct envol_index *index)
	_must_check_;
int envol_index_format(struct envol *ev, const struct envol_root *root,
		       const struct envol_index *index, struct envol_blob *text)
	_must_check_;

/* 0 for one that it does not have. */
uint64_t envol_index_generation(const struct envol_index *index,
				const char *name);

/* -EFBIG if there are as many as an index can hold, -ENOMEM. */
int envol_index_set(struct envol *ev, struct envol_index *index,
		    const char *name, uint64_t generation) _must_check_;
