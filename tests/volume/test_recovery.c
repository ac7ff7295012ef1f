// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/volume/room.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/volume/recovery.h"

static const char *const names[] = { "a" };

static const uint8_t zeros[] =
	"bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb";

TEST(a_recovery_key_opens_when_no_kek_does)
{
	struct envol_secret key = ENVOL_SECRET_INIT;
	struct envol_volume_source by_kek, by_key;
	struct envol_volume_info info;
	struct room room;

	room_open(&room);
	room_format(&room, names, 1);
	by_kek = (struct envol_volume_source){ .device = room.image };
	by_key = by_kek;
	by_key.recovery = &key;
	CHECK_OK(envol_recovery_create(room.ev, &by_kek, &key));
	CHECK_EQ(key.len, ENVOL_RECOVERY_TEXT_SIZE);
	CHECK_OK(envol_key_disable(room.ev, "a", NULL));
	CHECK_ERR(room_test(&room, room.ev, &by_kek, NULL), -EKEYREVOKED);
	CHECK_OK(room_test(&room, room.ev, &by_key, &info));
	CHECK(info.recovery);
	CHECK_EQ(info.opened_by, -1);
	CHECK_EQ(strlen(info.fingerprint), 32);
	envol_volume_info_free(&info);
	key.data[3] = key.data[3] == 'b' ? 'c' : 'b';
	CHECK_ERR(room_test(&room, room.ev, &by_key, NULL), -EPERM);
	CHECK_STR_HAS(envol_error_message(room.ev), "groups 1 to 4");
	/* Well-formed, and another volume's. */
	envol_secret_wipe(&key);
	CHECK_OK(envol_secret_copy(room.ev, &key, zeros, sizeof(zeros) - 1));
	CHECK_ERR(room_test(&room, room.ev, &by_key, NULL), -EPERM);
	CHECK_STR_HAS(envol_error_message(room.ev), "recovery key");
	envol_secret_wipe(&key);
	room_close(&room);
}

TEST(stock_tools_take_it_as_it_is_printed)
{
	struct envol_secret key = ENVOL_SECRET_INIT;
	struct envol_volume_source source;
	struct room room;
	FILE *f;

	room_open(&room);
	room_format(&room, names, 1);
	source = (struct envol_volume_source){ .device = room.image };
	CHECK_OK(envol_recovery_create(room.ev, &source, &key));
	f = fopen(room.file, "w");
	CHECK(f);
	CHECK_EQ(fwrite(key.data, 1, key.len, f), key.len);
	CHECK_EQ(fclose(f), 0);
	test_run("cryptsetup open --test-passphrase --key-file %s %s", room.file,
		 room.image);
	envol_secret_wipe(&key);
	room_close(&room);
}

TEST(there_is_one_recovery_key_and_it_can_go)
{
	struct envol_secret key = ENVOL_SECRET_INIT, again = ENVOL_SECRET_INIT;
	struct envol_volume_source source, by_key;
	struct room room;

	room_open(&room);
	room_format(&room, names, 1);
	source = (struct envol_volume_source){ .device = room.image };
	by_key = source;
	by_key.recovery = &key;
	CHECK_ERR(envol_recovery_remove(room.ev, &source), -ENOENT);
	CHECK_OK(envol_recovery_create(room.ev, &source, &key));
	CHECK_ERR(envol_recovery_create(room.ev, &source, &again), -EEXIST);
	CHECK_EQ(again.len, 0);
	CHECK_OK(room_test(&room, room.ev, &by_key, NULL));
	CHECK_OK(envol_recovery_remove(room.ev, &source));
	CHECK_ERR(room_test(&room, room.ev, &by_key, NULL), -ENOENT);
	room_check_wraps(&room, "a/1");
	CHECK_OK(envol_recovery_create(room.ev, &source, &again));
	CHECK_ERR(room_test(&room, room.ev, &by_key, NULL), -EPERM);
	by_key.recovery = &again;
	CHECK_OK(room_test(&room, room.ev, &by_key, NULL));
	envol_secret_wipe(&key);
	envol_secret_wipe(&again);
	room_close(&room);
}

/* The last KEK is gone: with the recovery key a new one is added. */
TEST(it_brings_a_new_kek_to_the_volume)
{
	const struct envol_kek_choice kek = { .uri = "b" };
	struct envol_secret key = ENVOL_SECRET_INIT;
	struct envol_volume_source source;
	struct room room;

	room_open(&room);
	room_format(&room, names, 1);
	source = (struct envol_volume_source){ .device = room.image };
	CHECK_OK(envol_recovery_create(room.ev, &source, &key));
	room_make_key(&room, "b");
	CHECK_OK(envol_key_disable(room.ev, "a", NULL));
	source.recovery = &key;
	CHECK_OK(envol_wrap_add(room.ev, &source, &kek));
	CHECK_OK(envol_wrap_remove(room.ev, &source, 0));
	CHECK_ERR(envol_wrap_remove(room.ev, &source, 0), -EPERM);
	room_check_wraps(&room, "b/1");
	envol_secret_wipe(&key);
	room_close(&room);
}
