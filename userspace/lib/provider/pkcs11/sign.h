/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signatures by a key in a token: of RSA, for who proves with it who he is. */
#pragma once

#include "userspace/lib/provider/pkcs11/key.h"

/*
 * @digest by @algorithm (PS256, PS384, PS512, RS256, RS384 or RS512 of RFC 7518), into
 * @signature, which is empty. -EINVAL for what does not go together; errors of the token,
 * after which session->rv says what it said.
 */
int envol_pkcs11_sign(struct envol_pkcs11_session *session,
		      const struct envol_pkcs11_key *key, const char *algorithm,
		      const struct envol_blob *digest,
		      struct envol_blob *signature) _must_check_;
