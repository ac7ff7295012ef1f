// SPDX-License-Identifier: GPL-2.0-or-later
/* Conformance through PyKMIP, KMIP 2.0: keys that envol created by a name, and that stay in the server. */
#include <stdio.h>

#include "tests/kmip/peer.h"
#include "tests/provider/conformance.h"

static char uri[PEER_URI_SIZE], other_uri[PEER_URI_SIZE], unknown_uri[PEER_URI_SIZE + 8];

static void start(struct place *place)
{
	peer_configure(place->ev);
	peer_new_names(uri, other_uri);
	snprintf(unknown_uri, sizeof(unknown_uri), "%s-none", uri);
}

const struct conformance conformance = {
	.uri = uri,
	.other_uri = other_uri,
	.unknown_uri = unknown_uri,
	.creates = true,
	.lists = true,
	.start = start,
};
