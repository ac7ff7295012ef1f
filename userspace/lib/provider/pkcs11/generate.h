/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* New KEKs, made by the token. */
#pragma once

#include "userspace/lib/provider/pkcs11/key.h"

/*
 * One more key with the label that @name has. Its kind is @like's; without one, what
 * the setting key_type says, or @name's type=, or what the token can. The session
 * must be writable.
 */
int envol_pkcs11_generate(struct envol_pkcs11_session *session,
			  const struct envol_pkcs11_name *name,
			  const struct envol_pkcs11_key *like) _must_check_;
