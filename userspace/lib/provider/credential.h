/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secrets that an administrator keeps in files: a client secret, a PIN, a private key. */
#pragma once

#include "userspace/lib/internal.h"

/*
 * The path that a setting of the kind ENVOL_SETTING_FILE stands for, malloc'ed: itself,
 * or for credential:NAME the file of the caller's systemd credential; where the caller
 * was given none, the text as it is, which envol_credential_read() then explains.
 * -EINVAL for what is neither.
 */
int envol_credential_path(struct envol *ev, const char *setting, char **path)
	_must_check_;

/*
 * The content of @path without one newline at its end, into @secret, which must be
 * empty. -ENOENT; -EPERM for a file that others may read or write, with how to mend
 * it; -ENODATA for an empty one; -EFBIG above ENVOL_SECRET_MAX.
 */
int envol_credential_read(struct envol *ev, const char *path,
			  struct envol_secret *secret) _must_check_;
