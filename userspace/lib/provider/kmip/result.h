/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a server's reason for an error means to us. Pure. */
#pragma once

#include "userspace/lib/provider/kmip/message.h"

/* The -errno of the contract in provider.h, and in @hint what to do, or "". */
int envol_kmip_result_errno(uint32_t reason, const char **hint);

/*
 * Could the bytes that were to be decrypted be the cause? Servers answer a tag that does not
 * fit with many things.
 */
bool envol_kmip_result_blames_data(uint32_t reason);
