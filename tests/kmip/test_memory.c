// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same as tests/provider/test_memory.c for keys in KMIP servers: what TLS, the codec and
 * we ourselves saw of a key is gone once the operation is over. This program does in itself
 * what kek/kmip does, with its allocator.
 */
#include <stdio.h>

#include "tests/harness/test.h"
#include "tests/kmip/peer.h"
#include "tests/provider/memory.h"
#include "tests/provider/place.h"

static struct place place;
static char uri[PEER_URI_SIZE], other_uri[PEER_URI_SIZE];

static void check_algorithm(const char *algorithm)
{
	struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;

	place_open(&place);
	peer_configure(place.ev);
	peer_new_names(uri, other_uri);
	peer_set(place.ev, "algorithm", algorithm);
	peer_set(place.ev, "allow_key_export", "yes");
	CHECK_OK(envol_key_create(place.ev, uri, NULL));
	memory_wrap(place.ev, uri, &wrapped);
	memory_unwrap(place.ev, uri, &wrapped, NULL);
	place_close(&place);
}

TEST(what_a_server_encrypts_is_gone)
{
	check_algorithm("A256GCM");
}

TEST(what_a_fetched_key_wraps_is_gone)
{
	check_algorithm("A256KWP");
}
