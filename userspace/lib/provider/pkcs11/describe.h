/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys of a token as people and enrolment see them. */
#pragma once

#include "userspace/lib/provider/pkcs11/key.h"

/* Of the versions of one KEK, but for the URI. */
int envol_pkcs11_describe(struct envol *ev,
			  const struct envol_pkcs11_token *token,
			  const struct envol_pkcs11_key *keys, size_t n,
			  struct envol_key_info *info) _must_check_;

/* All KEKs of all tokens that the settings know, as list() of a provider. */
int envol_pkcs11_list(struct envol *ev, struct envol_deadline deadline,
		      struct envol_key_info **infos, size_t *n_infos)
	_must_check_;
