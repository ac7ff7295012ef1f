/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sealing (seal.c) has of unsealing, since it proves what it made. */
#pragma once

#include "userspace/lib/provider/service/seal.h"
#include "userspace/lib/provider/service/tpm.h"

/*
 * A PIN of any length becomes 32 bytes. The TPM takes zeros at the end for no part of
 * a value, and libtss2 does not, so that they are cut off.
 */
int envol_unseal_pin_value(struct envol *ev, const struct envol_secret *pin,
			   TPM2B_AUTH *value) _must_check_;

/* Under the policy that @seal says it has: if it has another, the TPM refuses. */
int envol_unseal_one(struct envol_tpm *tpm, const struct envol_seal *seal,
		     const struct envol_secret *pin, struct envol_secret *key)
	_must_check_;
