/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The root key of a keystore: 32 random bytes, under which its KEKs are wrapped and
 * its files authenticated. It lies in the file "root" of the keystore, sealed by
 * the TPM or as it is, readable by root alone; and in the file "boot", where there is
 * one, sealed so that it opens early in a boot and not later. That one alone goes into
 * an initramfs, whose keystore has no file "root".
 */
#pragma once

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/provider/service/rootfile.h"

#define ENVOL_ROOT_FILE "root"
#define ENVOL_ROOT_BOOT_FILE "boot"
#define ENVOL_ROOT_KEY_SIZE ENVOL_ROOTFILE_KEY_SIZE
#define ENVOL_ROOT_ID_SIZE ENVOL_ROOTFILE_ID_SIZE

struct envol_root {
	char id[2 * ENVOL_ROOT_ID_SIZE + 1];	/* derived from the key; says nothing of it */
	bool sealed;				/* by the TPM */
	struct envol_secret wrap_key, mac_key;	/* derived */
};

void envol_root_wipe(struct envol_root *root);

/*
 * -ENOENT if there is none; errors of envol_rootfile_load() and of envol_seal_unseal().
 */
int envol_root_load(struct envol *ev, int dir, struct envol_deadline deadline,
		    struct envol_root *root) _must_check_;

/* The same, with the key in @file. */
int envol_root_load_file(struct envol *ev, int dir,
			 struct envol_deadline deadline,
			 struct envol_rootfile *file) _must_check_;

/* A new key in @key, and what is derived from it in @root. Nothing is stored yet. */
int envol_root_new(struct envol *ev, struct envol_secret *key,
		   struct envol_root *root) _must_check_;

/*
 * Store @key, sealed if a TPM is to be used, replacing what is there; sets
 * root->sealed. Errors of envol_seal_seal() and of writing the file.
 */
int envol_root_store(struct envol *ev, int dir, const struct envol_secret *key,
		     struct envol_root *root) _must_check_;

/* For people: where the key lies, and under which policies. */
int envol_root_describe(struct envol *ev, int dir, char **text) _must_check_;

/*
 * One process of ours at a time: a TPM without a resource manager takes one caller
 * and has memory for three keys. A descriptor to close, or -errno.
 */
int envol_root_lock_tpm(struct envol *ev, int dir,
			struct envol_deadline deadline) _must_check_;

/*
 * What a later use of a key does with the seals of @file, under that lock: into its
 * key, which is empty. Errors of envol_seal_unseal().
 */
int envol_root_unseal(struct envol *ev, struct envol_rootfile *file)
	_must_check_;
