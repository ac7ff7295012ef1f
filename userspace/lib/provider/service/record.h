/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One service key with its versions, as it lies in the keystore: NAME.key. The KEKs
 * in it are wrapped (AES-256-KWP) under the root key's wrap key. Documentation/
 * keystore.md has the format.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/provider/message.h"
#include "userspace/lib/provider/service/root.h"
#include "userspace/lib/provider/service/scheme.h"

#define ENVOL_RECORD_KEK_SIZE 32u
#define ENVOL_RECORD_WRAPPED_SIZE (ENVOL_RECORD_KEK_SIZE + 8)
#define ENVOL_RECORD_VERSIONS ENVOL_MESSAGE_VERSIONS_MAX
#define ENVOL_RECORD_FILE_MAX (256u * 1024)

struct envol_record_version {
	int64_t created;	/* Unix seconds */
	bool enabled;
	uint8_t wrapped[ENVOL_RECORD_WRAPPED_SIZE];
};

struct envol_record {
	char name[ENVOL_SERVICE_NAME_SIZE];
	uint64_t generation;	/* counts the times it was written */
	struct envol_record_version *versions;	/* [0] is version 1 */
	size_t n_versions;
};

#define ENVOL_RECORD_INIT { 0 }
#define _cleanup_record_ _cleanup_(envol_record_free)
void envol_record_free(struct envol_record *record);

/* Into an empty @record. Errors of envol_stamp_check(), -ENOMEM. */
int envol_record_parse(struct envol *ev, const struct envol_root *root,
		       const struct envol_blob *text,
		       struct envol_record *record) _must_check_;
int envol_record_format(struct envol *ev, const struct envol_root *root,
			const struct envol_record *record,
			struct envol_blob *text) _must_check_;

/*
 * Add @kek as the newest version. -EFBIG if there are as many as a record can
 * hold, -EINVAL for a KEK of another size.
 */
int envol_record_add(struct envol *ev, const struct envol_root *root,
		     struct envol_record *record, const struct envol_secret *kek,
		     int64_t created, bool enabled) _must_check_;

/* The KEK of versions[@i] into @kek, which must be empty. */
int envol_record_kek(struct envol *ev, const struct envol_root *root,
		     const struct envol_record *record, size_t i,
		     struct envol_secret *kek) _must_check_;
