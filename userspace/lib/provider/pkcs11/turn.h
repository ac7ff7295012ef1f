/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SoftHSM 2.6 writes its token's file anew at each login and gives up the file's lock
 * before all is written. A process that starts SoftHSM meanwhile reads a token without a
 * PIN, and writes that back at its own login: then the PIN is gone for good. So the
 * start of SoftHSM and the login are one process's at a time, of ours at least.
 */
#pragma once

#include <p11-kit/pkcs11.h>

#include "userspace/lib/internal.h"

/*
 * Before C_Initialize of @module, to be ended after the login. Of other modules nothing;
 * where no lock can be had (an initramfs without STATE) nothing either: better to open
 * without a turn than not to open.
 */
void envol_pkcs11_turn_await(struct envol *ev, CK_FUNCTION_LIST *module);
void envol_pkcs11_turn_end(void);
