/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `cryptsetup luksDump` shows of the token. */
#pragma once

#include <libcryptsetup.h>

#include "userspace/include/envol.h"

/* No KEK is asked, nothing is written: it is what the token says, not what is true. */
void envol_dump_token(struct envol *ev, struct crypt_device *cd, const char *json);
