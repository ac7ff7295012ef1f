// SPDX-License-Identifier: LGPL-2.1-or-later
/* What its URIs look like: template:NAME. This half is part of the library. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/provider.h"

#define CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-"

/* Many URIs for one KEK would be many KEKs to whoever compares them: give one, or refuse. */
static int template_canonical(struct envol *ev, const struct envol_uri *uri,
			      char **text)
{
	size_t len = strlen(uri->path);

	if (len == 0 || len > 63 || strspn(uri->path, CHARACTERS) != len ||
	    *uri->host || strchr(uri->text, '?'))
		return envol_error(ev, -EINVAL,
				   "KEK %.200s: not template:NAME, NAME being of a-z 0-9 -",
				   uri->text);
	if (asprintf(text, "template:%s", uri->path) < 0)
		return envol_error(ev, -ENOMEM, "out of memory");
	return 0;
}

ENVOL_SCHEME(template) = {
	.scheme = "template",
	.summary = "a key in a file: an example for those who write providers",
	.canonical = template_canonical,
};
