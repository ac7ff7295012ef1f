// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/volume/room.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/volume/dek.h"

static const uint8_t volume_id[ENVOL_SEALED_ID_SIZE] = { 1, 2, 3 };

static void make_dek(struct envol *ev, struct envol_secret *dek)
{
	int i;

	CHECK_OK(envol_secret_alloc(ev, dek, 64));
	for (i = 0; i < 64; i++)
		dek->data[i] = i * 7;
}

static void check_unwraps(struct envol *ev, const struct envol_token_wrap *wrap,
			  const struct envol_secret *dek)
{
	_cleanup_secret_ struct envol_secret got = ENVOL_SECRET_INIT;

	CHECK_OK(envol_dek_unwrap(ev, volume_id, wrap, &got));
	CHECK(envol_secret_equal(&got, dek));
}

TEST(one_kek_wraps_and_unwraps)
{
	_cleanup_secret_ struct envol_secret dek = ENVOL_SECRET_INIT;
	const struct envol_kek_choice kek = { .uri = "a" };
	struct envol_token_wrap wrap = { 0 };
	struct room room;

	room_open(&room);
	room_make_key(&room, "a");
	make_dek(room.ev, &dek);
	CHECK_OK(envol_dek_wrap(room.ev, volume_id, &kek, &dek, &wrap));
	CHECK_EQ(wrap.n_parts, 1);
	CHECK_STR_EQ(wrap.parts[0].uri, "service:a");
	CHECK_STR_EQ(wrap.parts[0].version, "1");
	CHECK(wrap.proved && wrap.created && !wrap.retiring);
	check_unwraps(room.ev, &wrap, &dek);
	envol_token_free_wrap(&wrap);
	room_close(&room);
}

TEST(two_keks_wrap_and_neither_unwraps_alone)
{
	_cleanup_secret_ struct envol_secret dek = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret got = ENVOL_SECRET_INIT;
	const struct envol_kek_choice kek = { .uri = "a", .second = "b" };
	struct envol_token_wrap wrap = { 0 };
	struct envol_token_part swap;
	struct room room;

	room_open(&room);
	room_make_key(&room, "a");
	room_make_key(&room, "b");
	make_dek(room.ev, &dek);
	CHECK_OK(envol_dek_wrap(room.ev, volume_id, &kek, &dek, &wrap));
	CHECK_EQ(wrap.n_parts, 2);
	CHECK_STR_EQ(wrap.parts[1].uri, "service:b");
	CHECK(wrap.dek.len > 64);
	check_unwraps(room.ev, &wrap, &dek);
	/* The bytes of a part are a share, not the DEK. */
	wrap.n_parts = 1;
	CHECK_OK(envol_dek_unwrap(room.ev, volume_id, &wrap, &got));
	CHECK_EQ(got.len, 32);
	envol_secret_wipe(&got);
	wrap.n_parts = 2;
	swap = wrap.parts[0];
	wrap.parts[0] = wrap.parts[1];
	wrap.parts[1] = swap;
	CHECK_ERR(envol_dek_unwrap(room.ev, volume_id, &wrap, &got), -EBADMSG);
	CHECK_STR_HAS(envol_error_message(room.ev), "double key");
	swap = wrap.parts[0];
	wrap.parts[0] = wrap.parts[1];
	wrap.parts[1] = swap;
	CHECK_OK(envol_key_disable(room.ev, "b", NULL));
	CHECK_ERR(envol_dek_unwrap(room.ev, volume_id, &wrap, &got),
		  -EKEYREVOKED);
	CHECK_STR_HAS(envol_error_message(room.ev), "service:b");
	envol_token_free_wrap(&wrap);
	room_close(&room);
}

TEST(a_double_key_takes_two_keks)
{
	_cleanup_secret_ struct envol_secret dek = ENVOL_SECRET_INIT;
	const struct envol_kek_choice kek = { .uri = "a", .second = "service:a" };
	struct envol_token_wrap wrap = { 0 };
	struct room room;

	room_open(&room);
	room_make_key(&room, "a");
	make_dek(room.ev, &dek);
	CHECK_ERR(envol_dek_wrap(room.ev, volume_id, &kek, &dek, &wrap), -EINVAL);
	CHECK_STR_HAS(envol_error_message(room.ev), "service:a is one");
	CHECK_EQ(wrap.n_parts, 0);
	room_close(&room);
}

TEST(a_kek_that_is_no_good_wraps_nothing)
{
	_cleanup_secret_ struct envol_secret dek = ENVOL_SECRET_INIT;
	struct envol_kek_choice kek = { .uri = "a", .second = "none" };
	struct envol_token_wrap wrap = { 0 };
	struct room room;

	room_open(&room);
	room_make_key(&room, "a");
	make_dek(room.ev, &dek);
	CHECK_ERR(envol_dek_wrap(room.ev, volume_id, &kek, &dek, &wrap), -ENOENT);
	CHECK_STR_HAS(envol_error_message(room.ev), "service:none");
	CHECK_EQ(wrap.n_parts, 0);
	kek.second = NULL;
	CHECK_OK(envol_key_disable(room.ev, "a", NULL));
	CHECK_ERR(envol_dek_wrap(room.ev, volume_id, &kek, &dek, &wrap),
		  -EKEYREVOKED);
	kek.uri = "nobody:a";
	CHECK_ERR(envol_dek_wrap(room.ev, volume_id, &kek, &dek, &wrap),
		  -EPROTONOSUPPORT);
	CHECK_EQ(wrap.n_parts, 0);
	room_close(&room);
}

TEST(a_volume_takes_two_if_each_wrap_does)
{
	struct envol_token token = ENVOL_TOKEN_INIT;

	CHECK(!envol_dek_takes_two(&token));
	token.n_wraps = 2;
	token.wraps[0].n_parts = token.wraps[1].n_parts = 2;
	CHECK(envol_dek_takes_two(&token));
	token.wraps[1].n_parts = 1;
	CHECK(!envol_dek_takes_two(&token));
}
