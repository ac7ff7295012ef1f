/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The token of NSS (Debian packages libnss3, libnss3-tools), its database in a place of a test. */
#pragma once

#include "tests/provider/place.h"

#define NSS_SUBJECT "token=NSS%20Certificate%20DB;serial=0000000000000000"

/* Its module, which reads $NSS_DIRECTORY. */
const char *nss_module(void);

/* A token that envol is set up for: module, environment, a file with the PIN (PLACE/pin-nss). */
void nss_start(struct place *place);
