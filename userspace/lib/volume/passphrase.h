/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a stock tool needs to open a volume: the passphrase of the keyslot that is for
 * them. Who has it has the DEK, so it is given only after every check of an open.
 */
#pragma once

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/volume/unwrap.h"

struct crypt_device;

/*
 * Of the header that the caller has read into @cd, which is what it will go on with; its
 * token @number is to be the one that the caller asks for. @passphrase must be empty.
 * Errors as envol_header_borrow() and envol_unwrap_dek().
 */
int envol_passphrase_get(struct envol *ev, struct crypt_device *cd,
			 unsigned int number,
			 const struct envol_volume_source *source,
			 struct envol_secret *passphrase,
			 struct envol_unwrapped *how) _must_check_;
