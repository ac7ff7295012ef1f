/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The root key sealed by the TPM 2.0: only the TPM that sealed it gives it back, and
 * only to who meets the policy (policy.h). A seal without one is not hurt by updates of
 * firmware and kernel; a disk that is taken out of the machine stays closed.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/provider/service/policy.h"

#define ENVOL_SEAL_BLOB_MAX 1024u	/* bytes of each of the four */

/* What is sealed, in sentences. */
struct envol_seal_subject {
	const char *name;	/* "the root key" */
	const char *lost;	/* what to do where its TPM is gone for good */
	const char *changed;	/* what to do where PCRs differ */
};

struct envol_seal {
	const struct envol_seal_subject *subject;	/* NULL: the keystore's root key */
	struct envol_policy policy;
	int64_t created;	/* Unix seconds; 0: not known */
	struct envol_blob public, private;	/* of the sealed object, as the TPM gave them */
	struct envol_blob storage;	/* name of the storage key that it was sealed under */
	struct envol_blob endorsement;	/* name of a key of the endorsement hierarchy; empty: not known */
};

#define ENVOL_SEAL_INIT { 0 }
#define _cleanup_seal_ _cleanup_(envol_seal_free)
void envol_seal_free(struct envol_seal *seal);

const struct envol_seal_subject *envol_seal_subject(const struct envol_seal *seal);

/*
 * The TCTI of the TPM to use, malloc'ed: the handle's, or the default device. NULL,
 * and 0, where there is none or none is to be used.
 */
int envol_seal_find(struct envol *ev, char **tcti) _must_check_;

/* The word for no TPM. */
#define ENVOL_SEAL_NO_TPM "none"

/* Do the settings name one, so that nothing else will do? */
bool envol_seal_is_asked_for(const struct envol *ev);

/*
 * All three: -ENODEV for a TPM that can't be reached, -EBUSY for a device that another
 * process holds, -EAGAIN for a TPM that is busy, -EACCES for one that refuses (the
 * owner hierarchy has a password or is disabled, lockout), -EIO for one that
 * fails; the sentence says which, and what to do.
 */

/*
 * Into @seal, which is empty but for its policy; values that this leaves open become
 * those of now. It is proved to give @key back; where its PCRs differ from those of
 * now, a twin is that asks for these.
 */
int envol_seal_seal(struct envol *ev, const char *tcti,
		    const struct envol_secret *key,
		    const struct envol_secret *pin, struct envol_seal *seal)
	_must_check_;

/*
 * The first of @n_seals that gives a key: those without a PIN before those with one, of
 * which only one is tried, since wrong PINs are counted. @key must be empty, and so
 * may be @pin.
 *
 * -EKEYREJECTED for another TPM and for one that was cleared since, which are
 * told apart, and where PCRs differ, which are named; -EBADMSG for a seal that is
 * damaged; -ENOANO for a PIN that is missing or wrong.
 */
int envol_seal_unseal(struct envol *ev, const char *tcti,
		      const struct envol_seal *seals, size_t n_seals,
		      const struct envol_secret *pin, struct envol_secret *key)
	_must_check_;

/* -ENOANO where one more wrong PIN would lock the TPM, so that nobody's file should be tried. */
int envol_seal_check_guesses(struct envol *ev, const char *tcti) _must_check_;

/* Nothing that is sealed for boot opens any more until the machine starts again. */
int envol_seal_lock(struct envol *ev, const char *tcti) _must_check_;
