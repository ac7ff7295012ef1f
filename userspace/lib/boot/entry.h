/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of a line of /etc/envol/volumes. Pure. */
#pragma once

#include "userspace/include/envol_boot.h"
#include "userspace/lib/internal.h"

/* What a line said of itself, beside its volume. */
struct envol_entry {
	struct envol_boot_volume volume;
	uint32_t given;		/* a bit for each option */
	bool network_is_given;
};

/*
 * Take one word, "discard" or "kek=URI". -EINVAL with a sentence for one that is not known,
 * not valid or there twice; -ENOMEM.
 */
int envol_entry_take(struct envol *ev, struct envol_entry *line,
		      const char *word) _must_check_;

/*
 * What fits together and what is missing, the @n'th rule of it: -EINVAL with a sentence where
 * the line breaks it, -ENOENT behind the last.
 */
int envol_entry_check(struct envol *ev, const struct envol_entry *line,
		       size_t n) _must_check_;

/* A device or a header: a path, or TAG=VALUE; @what names it in the sentence. */
int envol_entry_check_device(struct envol *ev, const char *what,
			      const char *device) _must_check_;
