/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a volume needs in an initramfs: the parts that have a file of their own. */
#pragma once

#include "userspace/include/envol_boot.h"
#include "userspace/lib/internal.h"

struct envol_needs {
	struct envol *ev;
	const struct envol_boot_volume *volume;
	envol_boot_need_fn fn;
	void *data;
	bool has_module;	/* of PKCS#11, by a setting */
};

/* -EPERM for a secret that may not lie there, else what the caller's function returns. */
int envol_needs_tell(struct envol_needs *needs, const char *kind,
		     const char *fmt, ...) _must_check_ _printf_(3, 4);

/* A PKCS#11 module by its path, with what it is known to load. */
int envol_needs_module(struct envol_needs *needs, const char *path)
	_must_check_;

/* All those that p11-kit is configured for, and that configuration. */
int envol_needs_modules(struct envol_needs *needs) _must_check_;

/* NAME=VALUE ... that a module wants: a value that is a path is needed. */
int envol_needs_environment(struct envol_needs *needs, const char *text)
	_must_check_;
