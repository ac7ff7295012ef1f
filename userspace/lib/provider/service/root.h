/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The root key of a keystore: 32 random bytes, under which its KEKs are wrapped and
 * its files authenticated. It lies in the file "root" of the keystore, sealed by
 * the TPM or as it is, readable by root alone.
 */
#pragma once

#include "userspace/lib/internal.h"
#include "userspace/lib/util/deadline.h"
#include "userspace/lib/util/secret.h"

#define ENVOL_ROOT_FILE "root"
#define ENVOL_ROOT_KEY_SIZE 32u
#define ENVOL_ROOT_ID_SIZE 16u

struct envol_root {
	char id[2 * ENVOL_ROOT_ID_SIZE + 1];	/* derived from the key; says nothing of it */
	bool sealed;				/* by the TPM */
	struct envol_secret wrap_key, mac_key;	/* derived */
};

void envol_root_wipe(struct envol_root *root);

/*
 * -ENOENT if there is none, -EPERM for a file that others may read or that is not
 * ours, -EBADMSG for one that is damaged, -EPROTONOSUPPORT for a newer format;
 * errors of the TPM as envol_seal_unseal().
 */
int envol_root_load(struct envol *ev, int dir, struct envol_deadline deadline,
		    struct envol_root *root) _must_check_;

/* A new key in @key, and what is derived from it in @root. Nothing is stored yet. */
int envol_root_new(struct envol *ev, struct envol_secret *key,
		   struct envol_root *root) _must_check_;

/*
 * Store @key, sealed if a TPM is to be used, replacing what is there; sets
 * root->sealed. Errors of envol_seal_seal() and of writing the file.
 */
int envol_root_store(struct envol *ev, int dir, const struct envol_secret *key,
		     struct envol_root *root) _must_check_;

/*
 * Load the key and store it sealed by the TPM @to, "none" for none, NULL for that of
 * the settings or the default; the file is the old one or the new one. -ENODEV where
 * there is no such TPM; sets root->sealed. What the file was is overwritten on the
 * disk if it held the key itself.
 */
int envol_root_reseal(struct envol *ev, int dir, struct envol_deadline deadline,
		      const char *to, struct envol_root *root) _must_check_;
