/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between a record, which only its keystore can read, and a backup, which any can. */
#pragma once

#include "userspace/lib/internal.h"
#include "userspace/lib/provider/service/backup.h"
#include "userspace/lib/provider/service/keystore.h"

/* Into an empty @backup. */
int envol_transfer_export(struct envol_keystore *ks,
			  const struct envol_record *record,
			  struct envol_backup *backup) _must_check_;

/*
 * Make the key of @backup one of @ks, which is open for writing. -EEXIST if there
 * is one of its name, unless @replace; -ESTALE, in spite of that, where the one
 * that is there has more versions, which no other file may hold.
 */
int envol_transfer_import(struct envol_keystore *ks,
			  const struct envol_backup *backup, bool replace)
	_must_check_;
