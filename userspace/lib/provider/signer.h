/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In the program of a provider: signatures by a key in a token, which the program of
 * pkcs11: makes, in a process of its own. What is the token's - which module, which PIN,
 * and that one which was refused is not tried again - is there, and the same as for KEKs.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/deadline.h"
#include "userspace/lib/internal.h"

/*
 * @digest by the key @uri, see envol_pkcs11_sign(), into @signature, which is empty. -EINVAL
 * where there is no such key, which must not look as if a KEK were not there; -ENOANO for a
 * PIN; else the errors of envol_child_run() and of tokens, but for those that are said of
 * KEKs and headers.
 */
int envol_signer_sign(struct envol *ev, const char *uri, const char *algorithm,
		      const uint8_t *digest, size_t len,
		      struct envol_deadline deadline,
		      struct envol_blob *signature) _must_check_;
