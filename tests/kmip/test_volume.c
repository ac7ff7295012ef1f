// SPDX-License-Identifier: GPL-2.0-or-later
/* The way of a user: a volume in a file, its KEK in PyKMIP, and what becomes of it there. */
#include "tests/kmip/peer.h"
#include "tests/unit/volume/room.h"

static struct room room;
static char uri[PEER_URI_SIZE], other_uri[PEER_URI_SIZE], line[64];
static struct envol_volume_info info;

static struct envol_kek_choice keks[2] = { { .uri = uri }, { .uri = other_uri } };
static struct envol_volume_format format = { .keks = keks, .n_keks = 1 };
static struct envol_volume_open open_test = { .test = true, .name = "volume" };

static void setup(void)
{
	room_open(&room);
	peer_configure(room.ev);
	peer_new_names(uri, other_uri);
	format.device = open_test.source.device = room.image;
	CHECK_OK(envol_key_create(room.ev, uri, NULL));
}

static int try_open(void)
{
	int err;

	envol_volume_info_free(&info);
	err = envol_volume_open(room.ev, &open_test, &info);
	return err;
}

TEST(a_volume_is_made_and_opens)
{
	setup();
	CHECK_OK(envol_volume_format(room.ev, &format, &info));
	CHECK_EQ(info.n_wraps, 1);
	CHECK_STR_EQ(info.wraps[0].parts[0].uri, uri);
	CHECK_STR_EQ(info.wraps[0].parts[0].algorithm, "A256GCM");
	CHECK(info.wraps[0].proved);
	CHECK_OK(try_open());
	CHECK_EQ(info.opened_by, 0);
	envol_volume_info_free(&info);
	room_close(&room);
}

TEST(a_volume_whose_key_was_revoked_stays_shut)
{
	setup();
	CHECK_OK(envol_volume_format(room.ev, &format, &info));
	peer_run(line, sizeof(line), "tests/kmip/key compromised %s",
		 info.wraps[0].parts[0].version);
	CHECK_ERR(try_open(), -EKEYREVOKED);
	CHECK_STR_HAS(envol_error_message(room.ev), "compromised");
	CHECK_STR_HAS(envol_error_message(room.ev), room.image);
	room_close(&room);
}

TEST(a_second_wrap_opens_when_the_server_is_gone)
{
	setup();
	room_make_key(&room, "spare");
	strcpy(other_uri, "service:spare");
	format.n_keks = 2;
	CHECK_OK(envol_volume_format(room.ev, &format, &info));
	CHECK_OK(envol_set_timeout(room.ev, 1500));
	peer_set(room.ev, "servers", "127.0.0.1:1");
	CHECK_OK(try_open());
	CHECK_EQ(info.opened_by, 1);
	format.n_keks = 1;
	room_close(&room);
}

TEST(a_volume_without_its_server_is_worth_another_try)
{
	setup();
	CHECK_OK(envol_volume_format(room.ev, &format, &info));
	CHECK_OK(envol_set_timeout(room.ev, 1500));
	peer_set(room.ev, "servers", "127.0.0.1:1");
	CHECK_ERR(try_open(), -EHOSTUNREACH);
	CHECK_STR_HAS(envol_error_message(room.ev), "refused");
	CHECK_OK(envol_set_timeout(room.ev, 30000));
	peer_set(room.ev, "servers", peer_address());
	CHECK_OK(try_open());
	room_close(&room);
}

/* Both in one server, neither enough. */
TEST(two_keys_open_together)
{
	setup();
	CHECK_OK(envol_key_create(room.ev, other_uri, NULL));
	keks[0].second = other_uri;
	CHECK_OK(envol_volume_format(room.ev, &format, &info));
	keks[0].second = NULL;
	CHECK_EQ(info.wraps[0].n_parts, 2);
	CHECK_OK(try_open());
	peer_run(line, sizeof(line), "tests/kmip/key compromised %s",
		 info.wraps[0].parts[1].version);
	CHECK_ERR(try_open(), -EKEYREVOKED);
	room_close(&room);
}
