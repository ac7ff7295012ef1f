/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small secret in a file of its own that the TPM opens, so that it can lie in an
 * initramfs: a client's secret, a token's PIN, a private key.
 *
 *	envol-sealed 1
 *	for https.client_secret_file boot	or any: whose it is, and when it opens
 *	seal POLICY TIME			and its four lines, as in a root key (rootfile.h)
 *	data HEX				the secret, wrapped (AES-256-KWP)
 *
 * A random value is sealed. HKDF-SHA-256 of it, with both first lines as info, gives the
 * key that wraps: a file opens for the setting that it was made for and no other, and
 * neither does a root key's seal open a file nor a file's seal a keystore.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

/*
 * @setting is SCHEME.KEY. -EINVAL for a policy with a PIN, -EFBIG for more than
 * ENVOL_KEYWRAP_MAX bytes, errors of envol_seal_seal().
 */
int envol_sealfile_make(struct envol *ev, const char *setting,
			const struct envol_secret *content,
			const struct envol_key_reseal *how,
			struct envol_blob *file) _must_check_;

/*
 * Errors of envol_credential_take_head(), -EBADMSG for one that is damaged, errors of
 * envol_seal_unseal().
 */
int envol_sealfile_open(struct envol *ev, const char *setting,
			const struct envol_blob *file,
			struct envol_secret *content) _must_check_;
