/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A TPM 2.0 as far as sealing needs it: a connection, primary keys, and a session
 * whose parameters are encrypted. What it made in the TPM goes with it.
 */
#pragma once

#include <tss2/tss2_esys.h>

#include "userspace/lib/base/blob.h"
#include "userspace/lib/internal.h"

struct envol_tpm {
	struct envol *ev;
	const char *tcti;
	TSS2_TCTI_CONTEXT *io;
	ESYS_CONTEXT *esys;
	ESYS_TR storage, session;
	ESYS_TR policy;	/* a second session, see pcr.h */
	struct envol_blob storage_name;
};

/* Errors as over envol_seal_seal(). @tcti must outlive @tpm. */
int envol_tpm_open(struct envol *ev, const char *tcti, struct envol_tpm *tpm)
	_must_check_;

/* The same without the storage key. */
int envol_tpm_connect(struct envol *ev, const char *tcti,
		      struct envol_tpm *tpm) _must_check_;

void envol_tpm_close(struct envol_tpm *tpm);

/*
 * An HMAC session salted to the storage key: what goes over the bus is encrypted,
 * in both directions, under a secret that only that key can decrypt. Take it only
 * when the storage key is known to be the right one, or a new secret goes in.
 */
int envol_tpm_start_session(struct envol_tpm *tpm) _must_check_;

/* Flush tpm->policy, if there is one. */
void envol_tpm_end_policy(struct envol_tpm *tpm);

/* Name of a key that stays the same when the TPM is cleared. */
int envol_tpm_endorsement_name(struct envol_tpm *tpm, struct envol_blob *name)
	_must_check_;

/* -errno for @rc, with a sentence: what was being done, the cause, what to do. */
int envol_tpm_error(struct envol_tpm *tpm, TSS2_RC rc, const char *doing);
