/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Double key encryption: a DEK that two KEKs open together and neither alone.
 *
 * Each KEK wraps a share of 32 random bytes of ours. The DEK lies under AES-256-KWP
 * with the key HKDF-SHA-256(share 1 || share 2), without a salt, whose info is a
 * list in which each value stands behind its le32 length: "envol double key 1", the
 * volume id, then URI and version of the first KEK and of the second. So a share that
 * was wrapped for one place in one volume is of no use in another.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

#define ENVOL_DOUBLE_ID_SIZE 16
#define ENVOL_DOUBLE_SHARE_SIZE 32

/* What the derived key is bound to. The strings are as they stand in the header. */
struct envol_double {
	uint8_t volume_id[ENVOL_DOUBLE_ID_SIZE];
	struct {
		const char *uri, *version;
	} parts[2];
};

/*
 * Both shares have ENVOL_DOUBLE_SHARE_SIZE bytes, else -EINVAL; other errors as
 * envol_keywrap_wrap(). @wrapped is replaced.
 */
int envol_double_wrap(struct envol *ev, const struct envol_double *bound,
		      const struct envol_secret shares[2],
		      const struct envol_secret *dek, struct envol_blob *wrapped)
	_must_check_;

/*
 * The reverse, into @dek, which must be empty. -EBADMSG for other shares, for
 * shares in the other order, another volume, or changed bytes.
 */
int envol_double_unwrap(struct envol *ev, const struct envol_double *bound,
			const struct envol_secret shares[2],
			const struct envol_blob *wrapped,
			struct envol_secret *dek) _must_check_;
