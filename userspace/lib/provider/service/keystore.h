/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The directory that service keys lie in: root and boot (root.h), index (index.h), and
 * NAME.key (record.h) for each. Every file is replaced whole. Those that read take no
 * lock; those that write hold the one on the file "lock".
 *
 * Order makes it safe. A reader takes the index before a record and a writer
 * stores the record before the index, so that nobody ever sees a record behind
 * the index; the root key is stored last of a new keystore's first two files, so
 * that a keystore is there when its root key is.
 */
#pragma once

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/provider/service/index.h"
#include "userspace/lib/provider/service/record.h"
#include "userspace/lib/provider/service/root.h"

enum envol_keystore_mode {
	ENVOL_KEYSTORE_READ,
	ENVOL_KEYSTORE_WRITE,	/* and lock */
	ENVOL_KEYSTORE_RESEAL,	/* the same, to change what protects the root key */
	ENVOL_KEYSTORE_CREATE,	/* and make one if there is none, for a new key */
};

struct envol_keystore {
	struct envol *ev;
	int dir, lock;		/* descriptors; -1: none */
	struct envol_deadline deadline;
	struct envol_root root;
	struct envol_index index;
};

#define ENVOL_KEYSTORE_INIT { .dir = -1, .lock = -1 }
#define _cleanup_keystore_ _cleanup_(envol_keystore_close)

/*
 * The handle's keystore. -ENOENT if there is none, -EPERM if others could write
 * it, -EBUSY if it stays locked, -EINVAL to create where settings name a TPM and
 * the root key lies in a file; errors of envol_root_load() and of the index,
 * -EROFS, -ENOSPC …
 */
int envol_keystore_open(struct envol *ev, enum envol_keystore_mode mode,
			struct envol_deadline deadline,
			struct envol_keystore *ks) _must_check_;
void envol_keystore_close(struct envol_keystore *ks);

/*
 * -ENOENT; -ESTALE for a record older than the index knows, -EBADMSG for one that
 * is damaged or another key's, and what else envol_record_parse() and the file
 * can say.
 */
int envol_keystore_load(struct envol_keystore *ks, const char *name,
			struct envol_record *record) _must_check_;

/*
 * Change what protects the root key, see envol_enrol_change(); nothing else is written.
 * @ks is open to reseal.
 */
int envol_keystore_reseal(struct envol_keystore *ks,
			  const struct envol_key_reseal *how, char **advice)
	_must_check_;

/* Store @record with the next generation. An error leaves the old one, or the new one whole. */
int envol_keystore_store(struct envol_keystore *ks, struct envol_record *record)
	_must_check_;

/* 1 if there is a record's file or the index knows it, 0, -errno. */
int envol_keystore_has(struct envol_keystore *ks, const char *name) _must_check_;

/*
 * Names of the keys that have a file or are in the index, sorted; malloc'ed, in a
 * malloc'ed array.
 */
int envol_keystore_list(struct envol_keystore *ks, char ***names,
			size_t *n_names) _must_check_;
