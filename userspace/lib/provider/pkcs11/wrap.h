/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The KEK's own two operations, see struct envol_provider; which algorithm, and what an error means. */
#pragma once

#include "userspace/lib/provider/kek.h"
#include "userspace/lib/provider/pkcs11/kek.h"

int envol_pkcs11_kek_wrap(struct envol_kek *kek,
			  const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
			  const struct envol_secret *key,
			  struct envol_wrapped *wrapped) _must_check_;
int envol_pkcs11_kek_unwrap(struct envol_kek *kek,
			    const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
			    const struct envol_wrapped *wrapped,
			    struct envol_secret *key) _must_check_;
