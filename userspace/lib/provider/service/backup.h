/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A service key with all its versions as one file under a passphrase: AES-256-GCM
 * under Argon2id, whose parameters and the rest of the head are authenticated.
 * A SHA-256 at the end tells a damaged file from a wrong passphrase. The format
 * is in Documentation/keystore.md.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/provider/service/record.h"

/* The KEKs lie one after the other in @keks, ENVOL_RECORD_KEK_SIZE bytes each. */
struct envol_backup {
	char name[ENVOL_SERVICE_NAME_SIZE];
	struct envol_backup_version {
		int64_t created;	/* Unix seconds */
		bool enabled;
	} *versions;
	size_t n_versions;
	struct envol_secret keks;
};

#define ENVOL_BACKUP_INIT { 0 }
#define _cleanup_backup_ _cleanup_(envol_backup_free)
void envol_backup_free(struct envol_backup *backup);

/* What a guess of the passphrase costs (RFC 9106). */
struct envol_backup_cost {
	uint32_t memory_kib, passes, lanes;
};

/*
 * What is encrypted in the file, into an empty secret or @backup. Pure. -EBADMSG for
 * what encoding would not have made, -ENOMEM.
 */
int envol_backup_encode_text(struct envol *ev,
			     const struct envol_backup *backup,
			     struct envol_secret *text) _must_check_;
int envol_backup_decode_text(struct envol *ev, const struct envol_secret *text,
			     struct envol_backup *backup) _must_check_;

/*
 * Append the file to @file. @cost NULL: 256 MiB, 4 passes, 4 lanes. -ENOMEM, also
 * where there is less memory than that; -EIO.
 */
int envol_backup_encode(struct envol *ev, const struct envol_backup *backup,
			const struct envol_secret *passphrase,
			const struct envol_backup_cost *cost,
			struct envol_blob *file) _must_check_;

/*
 * Into an empty @backup. -EMEDIUMTYPE for a file that is no backup of a service
 * key, -EPROTONOSUPPORT for a newer one, -EBADMSG for one that is damaged or whose
 * parameters are out of bounds, -EKEYREJECTED for another passphrase.
 */
int envol_backup_decode(struct envol *ev, const struct envol_blob *file,
			const struct envol_secret *passphrase,
			struct envol_backup *backup) _must_check_;
