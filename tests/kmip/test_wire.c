// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server that is far away: a wire to PyKMIP with a round trip of 200 ms on which 5 % of
 * what is sent is lost once, as TCP makes up for it. An open takes a second or two, and works.
 */
#include <errno.h>
#include <stdio.h>

#include "tests/kmip/peer.h"
#include "tests/unit/volume/room.h"
#include "userspace/lib/base/deadline.h"

#define OPENS 5

static struct room room;
static struct peer_double wire;
static struct envol_volume_info info;
static char uri[PEER_URI_SIZE], other_uri[PEER_URI_SIZE];

static struct envol_kek_choice kek = { .uri = uri };
static struct envol_volume_format format = { .keks = &kek, .n_keks = 1 };
static struct envol_volume_open open_test = { .test = true, .name = "volume" };

static void setup(const char *options)
{
	char wire_options[128];

	room_open(&room);
	peer_configure(room.ev);
	peer_new_names(uri, other_uri);
	format.device = open_test.source.device = room.image;
	CHECK_OK(envol_key_create(room.ev, uri, NULL));
	CHECK_OK(envol_volume_format(room.ev, &format, &info));
	snprintf(wire_options, sizeof(wire_options), "--to %s %s", peer_address(), options);
	peer_start(&wire, wire_options);
	peer_set(room.ev, "servers", wire.address);
}

static int try_open(void)
{
	int err;

	envol_volume_info_free(&info);
	err = envol_volume_open(room.ev, &open_test, &info);
	return err;
}

TEST(a_volume_opens_from_afar)
{
	int64_t began, took, longest = 0;
	int i;

	setup("--delay 200 --loss 5");
	for (i = 0; i < OPENS; i++) {
		began = envol_deadline_now_ms();
		CHECK_OK(try_open());
		took = envol_deadline_now_ms() - began;
		if (took > longest)
			longest = took;
	}
	printf("# %d opens at 200 ms and 5 %%: the longest took %lld ms\n", OPENS,
	       (long long)longest);
	/* Six round trips; the rest of half a minute is for loss and a machine under load. */
	CHECK(longest >= 1200);
	CHECK(longest < 30000);
	peer_stop(&wire);
	room_close(&room);
}

TEST(a_deadline_that_is_too_short_for_the_way_is_kept)
{
	int64_t began;

	setup("--delay 2000");
	CHECK_OK(envol_set_timeout(room.ev, 1000));
	began = envol_deadline_now_ms();
	CHECK_ERR(try_open(), -ETIMEDOUT);
	CHECK(envol_deadline_now_ms() - began < 5000);
	peer_stop(&wire);
	room_close(&room);
}
