/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text of the files "root" and "boot" of a keystore: the root key as it is, or
 * sealed once or several times. One that a TPM sealed once, without a policy, is
 * written as envol wrote it before there were policies.
 */
#pragma once

#include "userspace/lib/internal.h"
#include "userspace/lib/provider/service/seal.h"

#define ENVOL_ROOTFILE_KEY_SIZE 32u
#define ENVOL_ROOTFILE_ID_SIZE 16u
#define ENVOL_ROOTFILE_SEALS_MAX 8u

struct envol_rootfile {
	char id[2 * ENVOL_ROOTFILE_ID_SIZE + 1];
	struct envol_secret key;	/* empty in one that is sealed */
	struct envol_seal seals[ENVOL_ROOTFILE_SEALS_MAX];
	size_t n_seals;
};

#define ENVOL_ROOTFILE_INIT { .n_seals = 0 }
#define _cleanup_rootfile_ _cleanup_(envol_rootfile_free)
void envol_rootfile_free(struct envol_rootfile *file);

/*
 * File @name of directory @dir into @file, which is empty. -ENOENT if there is none,
 * -EPERM for one that others may read or that is not ours, -EBADMSG for one that is
 * damaged, -EPROTONOSUPPORT for a newer format.
 */
int envol_rootfile_load(struct envol *ev, int dir, const char *name,
			struct envol_rootfile *file) _must_check_;

/* Replace it: with @file->n_seals 0 by the key itself. */
int envol_rootfile_store(struct envol *ev, int dir, const char *name,
			 const struct envol_rootfile *file) _must_check_;

/* The five lines of a seal with its policy. False for what is none. */
struct envol_text;
bool envol_rootfile_take_seal(struct envol *ev, struct envol_text *text,
			      struct envol_seal *seal);
int envol_rootfile_put_seal(struct envol *ev, struct envol_blob *text,
			    const struct envol_seal *seal) _must_check_;

/* -EBADMSG, with the way out, for the file @name. */
int envol_rootfile_damaged(struct envol *ev, const char *name);
