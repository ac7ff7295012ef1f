/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One value of a JSON object, where it stands in the text: for answers that hold a
 * key or a token, which a reader that builds a tree would copy. Pure.
 */
#pragma once

#include "userspace/lib/internal.h"

struct envol_json_member {
	const char *text;	/* in the document; a string without its quotes, escapes as they are */
	size_t len;
	bool is_string;
};

/*
 * What the outermost object of @text holds under @name, which must be plain ASCII.
 * -ENOENT if nothing, -EBADMSG for a text that envol_json_scan() refuses or that is
 * no object, -ENOMEM.
 */
int envol_json_member_find(const char *text, size_t len, const char *name,
			   struct envol_json_member *member) _must_check_;
