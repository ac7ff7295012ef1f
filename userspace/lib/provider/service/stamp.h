/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all files of a keystore but its root key have: a first line with kind and
 * format, a second with the root key's id, and a last one with an HMAC-SHA-256
 * over everything before it.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/provider/service/root.h"
#include "userspace/lib/provider/service/text.h"

/* The two first lines into an empty @text. -ENOMEM. */
int envol_stamp_begin(struct envol *ev, const struct envol_root *root,
		      const char *kind, struct envol_blob *text) _must_check_;

/* More lines, as printf() has it. -ENOMEM. */
int envol_stamp_add(struct envol *ev, struct envol_blob *text, const char *fmt,
		    ...) _printf_(3, 4) _must_check_;

/* The last line. */
int envol_stamp_end(struct envol *ev, const struct envol_root *root,
		    struct envol_blob *text) _must_check_;

/*
 * Check all three; @body is what lies between. -EPROTONOSUPPORT for a newer format,
 * -EKEYREJECTED for another root key, -EBADMSG for anything else.
 */
int envol_stamp_check(struct envol *ev, const struct envol_root *root,
		      const char *kind, const struct envol_blob *text,
		      struct envol_text *body) _must_check_;
