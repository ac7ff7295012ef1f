/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The strict reader of envol.conf: sections, `key = value`, `#` comments. Pure. */
#pragma once

#include "userspace/lib/internal.h"

/*
 * Called for each line that sets something, in order; "" is the section before
 * the first header. It returns 0, or -EINVAL with a sentence in @ev about the
 * key or the value, to which the reader adds file and line.
 */
typedef int (*envol_ini_fn)(struct envol *ev, const char *section,
			    const char *key, const char *value, void *data);

/* @name is the file's, for messages. -EINVAL for a line that is none, or a key set twice. */
int envol_ini_parse(struct envol *ev, const char *name, const char *text,
		    size_t len, envol_ini_fn fn, void *data) _must_check_;
