/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Policies (policy.h) in a TPM, and its protection against guesses of PINs. */
#pragma once

#include "userspace/lib/provider/service/policy.h"
#include "userspace/lib/provider/service/tpm.h"

/*
 * The values that @pcrs have now: now->pcrs and ->known are set with them. -EOPNOTSUPP
 * for a TPM whose bank sha256 is off.
 */
int envol_pcr_read(struct envol_tpm *tpm, uint32_t pcrs,
		   struct envol_policy *now) _must_check_;

/* Extend the PCR of boot, and see that it is not zero any more. */
int envol_pcr_lock(struct envol_tpm *tpm) _must_check_;

/* What an object under @policy has as its authPolicy; all values are known. */
int envol_pcr_digest(struct envol_tpm *tpm, const struct envol_policy *policy,
		     TPM2B_DIGEST *digest) _must_check_;

/*
 * A salted session in tpm->policy that proves @policy. -EKEYREJECTED where PCRs have
 * other values.
 */
int envol_pcr_prove(struct envol_tpm *tpm, const struct envol_policy *policy)
	_must_check_;

/* -ENOANO or, for one that takes no more guesses now, -EACCES: the TPM refused a PIN with @rc. */
int envol_pcr_refused(struct envol_tpm *tpm, TSS2_RC rc);

/* -ENOANO where one more wrong PIN would lock the TPM. */
int envol_pcr_check_guesses(struct envol_tpm *tpm) _must_check_;

/* Is @rc the TPM's word for a wrong PIN, or for too many of them? */
bool envol_pcr_is_refusal(TSS2_RC rc);
