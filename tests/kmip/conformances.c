// SPDX-License-Identifier: GPL-2.0-or-later
/* Conformance of keys in a KMIP server: a row is a version, a server and a use, and a program test_ROW. */
#include <errno.h>
#include <stdio.h>

#include "tests/harness/test.h"
#include "tests/kmip/peer.h"
#include "tests/provider/conformance.h"

static const struct row {
	const char *name;
	const char *version;	/* NULL: the newest of both */
	bool is_double;		/* which has Re-key, KMIP 2.1 and TLS 1.3; else PyKMIP */
	bool is_foreign;	/* made by another client, and called by identifiers */
	bool is_fetched;	/* for each use */
} rows[] = {
	{ "named", NULL, .is_double = false },	/* 2.0 */
	{ "identifier", "1.4", .is_foreign = true },
	{ "export", "1.2", .is_fetched = true },
	{ "rotated", NULL, .is_double = true },
};

static char uri[PEER_URI_SIZE], other_uri[PEER_URI_SIZE], unknown_uri[PEER_URI_SIZE + 8];
static struct peer_double peer;

static void start(struct place *place);

struct conformance conformance = {
	.uri = uri,
	.other_uri = other_uri,
	.unknown_uri = unknown_uri,
	.lists = true,
	.start = start,
};

static const struct row *find_row(void)
{
	const char *name = program_invocation_short_name + strlen("test_");
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	FAIL("no row %s", name);
}

static void stop(struct place *place)
{
	peer_stop(&peer);
}

static void start_double(struct place *place)
{
	peer_start(&peer, "--tls13");
	CHECK_OK(envol_set_provider(place->ev, "kmip", peer.address, "ca_file",
				    peer_file("ca.pem")));
	snprintf(uri, sizeof(uri), "kmip://%s/?name=new", peer.address);
	snprintf(other_uri, sizeof(other_uri), "kmip://%s/?name=other", peer.address);
	conformance.stop = stop;
}

static void call_by_identifiers(void)
{
	char ids[2][32];
	int i;

	for (i = 0; i < 2; i++)
		peer_run(ids[i], sizeof(ids[i]), "tests/kmip/key new");
	snprintf(uri, sizeof(uri), "kmip://%s/%s", peer_address(), ids[0]);
	snprintf(other_uri, sizeof(other_uri), "kmip://%s/%s", peer_address(), ids[1]);
	snprintf(unknown_uri, sizeof(unknown_uri), "kmip://%s/999999", peer_address());
}

static void start(struct place *place)
{
	const struct row *row = find_row();

	peer_configure(place->ev);
	if (row->version)
		peer_set(place->ev, "version", row->version);
	if (row->is_fetched)
		peer_set(place->ev, "allow_key_export", "yes");
	if (row->is_double)
		start_double(place);
	else
		peer_new_names(uri, other_uri);
	snprintf(unknown_uri, sizeof(unknown_uri), "%s-none", uri);
	if (row->is_foreign)
		call_by_identifiers();
	conformance.creates = !row->is_foreign;
	conformance.rotates = row->is_double;
}
