// SPDX-License-Identifier: GPL-2.0-or-later
/* Conformance through PyKMIP, KMIP 1.4: keys of another client's making, by their identifiers. */
#include <stdio.h>

#include "tests/kmip/peer.h"
#include "tests/provider/conformance.h"

static char uri[PEER_URI_SIZE], other_uri[PEER_URI_SIZE], unknown_uri[PEER_URI_SIZE];

static void start(struct place *place)
{
	char ids[2][32];
	int i;

	peer_configure(place->ev);
	peer_set(place->ev, "version", "1.4");
	for (i = 0; i < 2; i++)
		peer_run(ids[i], sizeof(ids[i]), "tests/kmip/key new");
	snprintf(uri, sizeof(uri), "kmip://%s/%s", peer_address(), ids[0]);
	snprintf(other_uri, sizeof(other_uri), "kmip://%s/%s", peer_address(), ids[1]);
	snprintf(unknown_uri, sizeof(unknown_uri), "kmip://%s/999999", peer_address());
}

const struct conformance conformance = {
	.uri = uri,
	.other_uri = other_uri,
	.unknown_uri = unknown_uri,
	.lists = true,
	.start = start,
};
