/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making a volume's mapping, so that a process that is killed over it leaves nothing
 * that the next one does not clear away:
 *
 *	key into the thread's keyring	goes with the process
 *	mapping created, table loaded	a mapping without a live table: cleared away
 *	resumed				complete; its key is the mapping's alone
 *	key published
 */
#pragma once

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/kernel/block.h"
#include "userspace/lib/kernel/target.h"
#include "userspace/lib/metadata/header.h"
#include "userspace/lib/volume/device.h"

struct envol_activate_plan {
	const char *name;		/* checked */
	const char *luks_uuid;
	const struct envol_device *device;	/* block device that the table names */
	struct envol_header *volume;	/* whose key it is; NULL for a throwaway one */
	const char *header;		/* detached, or NULL: both to be remembered */
	const char *fingerprint;
	const char *type;		/* of the target */
	struct envol_table table;	/* key_description is set here */
	uint64_t len_sectors;
	bool read_only;
};

/*
 * Any failure takes back what was done. -EEXIST for a name that is in use, -EBUSY for a
 * device that is: others may have come since it was taken. -EBADMSG for a volume whose
 * header is another's by now.
 */
int envol_activate_mapping(struct envol *ev, const struct envol_activate_plan *plan,
			   const struct envol_secret *dek) _must_check_;

/*
 * Remove @name if it is a LUKS2 mapping without a live table. One that is being
 * made is waited for and left alone. -EEXIST for any other mapping of that name,
 * 0 if there is none (any more).
 */
int envol_activate_clear(struct envol *ev, const char *name) _must_check_;

/*
 * The same of all mappings that lie on a device; others are left for
 * envol_holder_check() to tell of.
 */
int envol_activate_clear_device(struct envol *ev, const struct envol_block *block)
	_must_check_;
