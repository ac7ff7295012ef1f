/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What names a key in a KMIP server. */
#pragma once

#include "userspace/lib/base/uri.h"
#include "userspace/lib/internal.h"

#define ENVOL_KMIP_ID_SIZE 256	/* of an identifier or a name, with its NUL */

/* A server, or what stands for several that hold the same keys. */
struct envol_kmip_place {
	char host[256];		/* lower case; an address of IPv6 in its brackets */
	uint16_t port;
	char subject[272];	/* HOST:PORT, as sections of envol.conf are named */
};

struct envol_kmip_id {
	struct envol_kmip_place place;
	/* One of the two; the other is "". */
	char uid[ENVOL_KMIP_ID_SIZE];	/* the server's own identifier: one object */
	char name[ENVOL_KMIP_ID_SIZE];	/* its Name attribute, which a Re-key hands on */
};

/* HOST or HOST:PORT. -EINVAL. */
int envol_kmip_scheme_place(struct envol *ev, const char *text,
			    struct envol_kmip_place *place) _must_check_;

/* -EINVAL with what a URI of ours looks like. */
int envol_kmip_scheme_parse(struct envol *ev, const struct envol_uri *uri,
			    struct envol_kmip_id *id) _must_check_;

/* The one spelling, malloc'ed. -EINVAL if it is too long for a URI. */
int envol_kmip_scheme_format(struct envol *ev, const struct envol_kmip_id *id,
			     char **text) _must_check_;
