// SPDX-License-Identifier: GPL-2.0-or-later
/* The library's half of the provider in double.c. */
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/provider/provider.h"

static int double_canonical(struct envol *ev, const struct envol_uri *uri,
			    char **text)
{
	*text = strdup(uri->text);
	if (!*text)
		abort();
	return 0;
}

ENVOL_SCHEME(double) = {
	.scheme = "double",
	.summary = "misbehaves",
	.canonical = double_canonical,
};
