/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What luks.c and luks_write.c share: the one header that includes libcryptsetup's. */
#pragma once

#include <libcryptsetup.h>

#include "userspace/lib/metadata/copies.h"
#include "userspace/lib/metadata/luks.h"

struct envol_luks {
	struct crypt_device *cd;	/* NULL once it was given up */
	struct envol *ev;		/* whose log it is while a call runs */
	char *path;
	struct envol_copies copies;	/* as they lay when @cd was read */
	char said[256];			/* by libcryptsetup, of the last failure */
	bool is_borrowed;		/* @cd is the caller's, and only to be read */
};

/* A context without a header in it. */
int envol_luks_context(struct envol *ev, const char *path,
		       struct envol_luks **luks) _must_check_;
void envol_luks_listen(int level, const char *message, void *luks);

/* What was being done, why it failed as libcryptsetup has it, and @err. */
int envol_luks_failed(struct envol_luks *luks, int err, const char *fmt, ...)
	_printf_(3, 4);

/* At the start of each call: -EAGAIN if it was given up. */
int envol_luks_check_current(struct envol *ev, struct envol_luks *luks)
	_must_check_;
void envol_luks_give_up(struct envol_luks *luks);

/* -EROFS, -EACCES … before anything is begun. */
int envol_luks_check_writable(struct envol *ev, const char *path) _must_check_;
