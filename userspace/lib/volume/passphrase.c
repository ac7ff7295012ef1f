// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/metadata/header.h"
#include "userspace/lib/volume/passphrase.h"

int envol_passphrase_get(struct envol *ev, struct crypt_device *cd,
			 unsigned int number,
			 const struct envol_volume_source *source,
			 struct envol_secret *passphrase,
			 struct envol_unwrapped *how)
{
	_cleanup_secret_ struct envol_secret dek = ENVOL_SECRET_INIT;
	_cleanup_header_ struct envol_header *h = NULL;
	int err = envol_header_borrow(ev, cd, &h);

	if (!err && envol_header_token_number(h) != number)
		err = envol_error(ev, -EBADMSG,
				  "header.tokens: number %u is asked for, not %u, which is envol's",
				  number, envol_header_token_number(h));
	if (!err)
		envol_unwrap_await_turn(ev, source);
	if (!err)
		err = envol_unwrap_dek(ev, &h, source, &dek, how);
	return err ? err : envol_digest_passphrase(ev, &dek, passphrase);
}
