/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of what protects the root key: its seals, in the files "root" and "boot". */
#pragma once

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/provider/service/root.h"

/*
 * As envol_key_reseal() says. One file is replaced, or removed, or nothing changes. What
 * a file was is overwritten on the disk if it held the key itself. @advice, malloc'ed,
 * tells what the seals are and are not worth.
 */
int envol_enrol_change(struct envol *ev, int dir,
		       struct envol_deadline deadline,
		       const struct envol_key_reseal *how, char **advice)
	_must_check_;

/* The policy that @how asks for, or the default; with the PCR of boot where it is for that. */
int envol_enrol_policy(struct envol *ev, const struct envol_key_reseal *how,
		       struct envol_policy *policy) _must_check_;
