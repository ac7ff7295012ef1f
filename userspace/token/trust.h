/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose volume it has to be, and which KEKs may be asked for it. A header can say
 * neither: it is written by whoever can write the disk. So:
 *
 *   - where a line of TRUST_VOLUMES has the device, its id= and kek= are what counts, as
 *     for envol boot open, also when a person is there
 *   - else, in the foreground of a terminal, it is as with envol open: the header's KEKs,
 *     and the person sees the fingerprint
 *   - else nobody has said anything, and nothing is handed out
 *
 * The program that asks does not tell the name of the mapping. So a line is found by
 * the device, and several lines that have it must pin the same volume.
 */
#pragma once

#include <libcryptsetup.h>

#include "userspace/include/envol.h"
#include "userspace/include/envol_boot.h"
#include "userspace/lib/base/attr.h"

#define TRUST_CONFIG  "/etc/envol/envol.conf"
#define TRUST_VOLUMES ENVOL_BOOT_TABLE

struct trust {
	struct envol_volume_source source;	/* borrows from @table */
	struct envol_boot_table table;
};

#define TRUST_INIT { 0 }
#define _cleanup_trust_ _cleanup_(envol_trust_free)
void envol_trust_free(struct trust *trust);

/* The handle's settings from TRUST_CONFIG, if it is there. */
int envol_trust_config(struct envol *ev) _must_check_;

/*
 * All settings, and what is trusted of the device that @cd has. -EACCES where nothing is
 * said of it, -EKEYREJECTED where two lines contradict each other, else errors of the
 * two files.
 */
int envol_trust_load(struct envol *ev, struct crypt_device *cd, struct trust *trust)
	_must_check_;
