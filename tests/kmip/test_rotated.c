// SPDX-License-Identifier: GPL-2.0-or-later
/* Conformance through the double, KMIP 2.1 and TLS 1.3: keys that a Re-key replaces. */
#include <stdio.h>

#include "tests/harness/test.h"
#include "tests/kmip/peer.h"
#include "tests/provider/conformance.h"

static char uri[PEER_URI_SIZE], other_uri[PEER_URI_SIZE], unknown_uri[PEER_URI_SIZE];
static struct peer_double peer;

static void start(struct place *place)
{
	peer_start(&peer, "--tls13");
	peer_configure(place->ev);
	CHECK_OK(envol_set_provider(place->ev, "kmip", peer.address, "ca_file",
				    peer_file("ca.pem")));
	snprintf(uri, sizeof(uri), "kmip://%s/?name=new", peer.address);
	snprintf(other_uri, sizeof(other_uri), "kmip://%s/?name=other", peer.address);
	snprintf(unknown_uri, sizeof(unknown_uri), "kmip://%s/?name=none", peer.address);
}

static void stop(struct place *place)
{
	peer_stop(&peer);
}

const struct conformance conformance = {
	.uri = uri,
	.other_uri = other_uri,
	.unknown_uri = unknown_uri,
	.creates = true,
	.lists = true,
	.rotates = true,
	.start = start,
	.stop = stop,
};
