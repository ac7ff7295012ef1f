// SPDX-License-Identifier: GPL-2.0-or-later
#include <sched.h>
#include <sys/mount.h>

#include "tests/unit/volume/room.h"

static struct room room;
static struct envol_volume_source source;
static char copy[96];

static const char *const one[] = { "a" };
static const char *const two[] = { "a", "b" };

static void setup(const char *const *names, size_t n)
{
	room_open(&room);
	room_format(&room, names, n);
	source = (struct envol_volume_source){ .device = room.image };
	snprintf(copy, sizeof(copy), "%s/copy", room.top);
}

static void backup(void)
{
	CHECK_OK(envol_header_backup(room.ev, room.image, NULL, room.file));
}

static int restore(bool force)
{
	return envol_header_restore(room.ev, &source, room.file, force);
}

static void check_says(const char *sentence)
{
	CHECK_STR_HAS(envol_error_message(room.ev), sentence);
}

static void wipe(size_t from_kib, size_t len_kib)
{
	test_run("dd if=/dev/zero of=%s bs=1k seek=%zu count=%zu conv=notrunc status=none",
		 room.image, from_kib, len_kib);
}

static void keep_image(void)
{
	test_run("cp --sparse=always %s %s", room.image, copy);
}

static void check_image_is_as_kept(void)
{
	test_run("cmp %s %s", room.image, copy);
}

TEST(a_backup_is_a_new_file_that_only_its_owner_reads)
{
	struct stat st;

	setup(one, 1);
	backup();
	CHECK_EQ(stat(room.file, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0400);
	CHECK(st.st_size >= 1 << 20);
	CHECK_ERR(envol_header_backup(room.ev, room.image, NULL, room.file),
		  -EEXIST);
	check_says(room.file);
	CHECK_ERR(envol_header_backup(room.ev, room.image, NULL,
				      "/nonexistent/file"), -ENOENT);
	CHECK_ERR(envol_header_backup(room.ev, room.image, NULL, "/dev/null"),
		  -EEXIST);
	room_make_file(room.header, 1 << 20);
	CHECK_ERR(envol_header_backup(room.ev, room.header, NULL, copy),
		  -ENODATA);
	CHECK(access(copy, F_OK) != 0);
	room_close(&room);
}

TEST(a_full_disk_is_said_to_be_full)
{
	char small[96], file[128];

	setup(one, 1);
	CHECK_EQ(unshare(CLONE_NEWNS), 0);
	CHECK_EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	snprintf(small, sizeof(small), "%s/small", room.top);
	CHECK_EQ(mkdir(small, 0700), 0);
	CHECK_EQ(mount("tmpfs", small, "tmpfs", 0, "size=2m"), 0);
	snprintf(file, sizeof(file), "%s/backup", small);
	CHECK_ERR(envol_header_backup(room.ev, room.image, NULL, file), -ENOSPC);
	check_says(file);
	test_run("test -z \"$(ls -A %s)\"", small);
	CHECK_EQ(umount(small), 0);
	room_close(&room);
}

TEST(a_header_that_is_gone_comes_back)
{
	static const size_t damages[][2] = { { 0, 64 }, { 64, 64 }, { 0, 4096 } };
	size_t i;

	setup(two, 2);
	backup();
	keep_image();
	for (i = 0; i < TEST_ARRAY_SIZE(damages); i++) {
		wipe(damages[i][0], damages[i][1]);
		CHECK_OK(restore(false));
		check_image_is_as_kept();
		room_check_wraps(&room, "a/1 b/1");
	}
	room_close(&room);
}

TEST(it_comes_back_with_the_recovery_key_where_no_kek_is_left)
{
	struct envol_secret key = ENVOL_SECRET_INIT;

	setup(one, 1);
	CHECK_OK(envol_recovery_create(room.ev, &source, &key));
	backup();
	wipe(0, 4096);
	CHECK_OK(envol_key_disable(room.ev, "a", NULL));
	CHECK_ERR(restore(false), -EKEYREVOKED);
	check_says("prove backup");
	CHECK_ERR(room_test(&room, room.ev, &source, NULL), -ENODATA);
	source.recovery = &key;
	CHECK_OK(restore(false));
	CHECK_OK(room_test(&room, room.ev, &source, NULL));
	envol_secret_wipe(&key);
	room_close(&room);
}

TEST(an_older_backup_is_refused_unless_asked_for)
{
	const struct envol_kek_choice kek = { .uri = "b" };

	setup(one, 1);
	room_make_key(&room, "b");
	backup();
	CHECK_OK(envol_wrap_add(room.ev, &source, &kek));
	keep_image();
	CHECK_ERR(restore(false), -ESTALE);
	check_says("generation");
	check_image_is_as_kept();
	/* Also where this host has seen nothing newer, from the header itself. */
	test_run("rm -r %s/state", room.top);
	CHECK_ERR(restore(false), -ESTALE);
	check_says("is sound");
	check_image_is_as_kept();
	source.allow_older = true;
	CHECK_OK(restore(false));
	room_check_wraps(&room, "a/1");
	room_close(&room);
}

TEST(an_older_backup_is_refused_when_the_header_is_gone_too)
{
	const struct envol_kek_choice kek = { .uri = "b" };

	setup(one, 1);
	room_make_key(&room, "b");
	backup();
	CHECK_OK(envol_wrap_add(room.ev, &source, &kek));
	wipe(0, 4096);
	CHECK_ERR(restore(false), -ESTALE);
	source.allow_older = true;
	CHECK_OK(restore(false));
	room_check_wraps(&room, "a/1");
	room_close(&room);
}

TEST(a_backup_of_another_volume_is_refused)
{
	const struct envol_kek_choice kek = { .uri = "a" };
	const struct envol_volume_format again = {
		.device = room.image, .keks = &kek, .n_keks = 1, .overwrite = true,
	};

	setup(one, 1);
	backup();
	CHECK_OK(envol_volume_format(room.ev, &again, NULL));
	keep_image();
	CHECK_ERR(restore(false), -EEXIST);
	check_says("another volume");
	check_image_is_as_kept();
	CHECK_OK(restore(true));
	room_check_wraps(&room, "a/1");
	room_close(&room);
}

TEST(what_lies_there_now_is_not_lost_unasked)
{
	setup(one, 1);
	backup();
	test_run("wipefs -q -a %s && mke2fs -q -F -t ext4 -L home %s", room.image,
		 room.image);
	keep_image();
	CHECK_ERR(restore(false), -EEXIST);
	check_says("ext4 file system labelled home");
	check_image_is_as_kept();
	room_close(&room);
}

TEST(the_remains_of_this_header_are_known)
{
	setup(one, 1);
	backup();
	/* Both copies lose their JSON; the binary headers stand. */
	wipe(4, 4);
	wipe(68, 4);
	CHECK_ERR(room_test(&room, room.ev, &source, NULL), -EBADMSG);
	CHECK_OK(restore(false));
	room_check_wraps(&room, "a/1");
	room_close(&room);
}

TEST(another_luks_volume_is_not_lost_unasked)
{
	setup(one, 1);
	backup();
	test_run("wipefs -q -a %s && printf x | cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --luks2-keyslots-size 1m %s - >/dev/null 2>&1",
		 room.image, room.image);
	keep_image();
	CHECK_ERR(restore(false), -EEXIST);
	check_says("LUKS volume");
	check_image_is_as_kept();
	room_close(&room);
}

TEST(what_is_no_backup_is_refused_even_if_forced)
{
	setup(one, 1);
	keep_image();
	CHECK_ERR(restore(true), -ENOENT);
	room_make_file(room.file, 4 << 20);
	CHECK_ERR(restore(false), -ENODATA);
	check_says(room.file);
	CHECK_ERR(restore(true), -ENODATA);
	check_image_is_as_kept();
	room_close(&room);
}

TEST(a_backup_that_was_changed_is_refused)
{
	setup(one, 1);
	backup();
	wipe(0, 4096);
	test_run("chmod 600 %s && dd if=/dev/zero of=%s bs=1 seek=4200 count=1 conv=notrunc status=none && dd if=/dev/zero of=%s bs=1 seek=69736 count=1 conv=notrunc status=none",
		 room.file, room.file, room.file);
	CHECK_ERR(restore(false), -EBADMSG);
	CHECK_ERR(room_test(&room, room.ev, &source, NULL), -ENODATA);
	room_close(&room);
}

TEST(a_device_that_is_too_small_takes_no_backup)
{
	setup(one, 1);
	backup();
	test_run("truncate -s 0 %s && truncate -s 4M %s", room.image, room.image);
	CHECK(restore(false) < 0);
	CHECK(restore(true) < 0);
	test_run("test \"$(tr -d '\\0' < %s | wc -c)\" = 0", room.image);
	room_close(&room);
}

TEST(a_detached_header_that_is_lost_comes_back)
{
	const struct envol_kek_choice kek = { .uri = "a" };
	const struct envol_volume_format format = {
		.device = room.image, .header = room.header,
		.keks = &kek, .n_keks = 1, .overwrite = true,
	};
	struct stat st;

	setup(one, 1);
	source.header = room.header;
	CHECK_OK(envol_volume_format(room.ev, &format, NULL));
	CHECK_OK(envol_header_backup(room.ev, room.image, room.header, room.file));
	CHECK_EQ(unlink(room.header), 0);
	CHECK_OK(restore(false));
	CHECK_EQ(stat(room.header, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	CHECK_OK(room_test(&room, room.ev, &source, NULL));
	/* What fails makes no file. */
	CHECK_EQ(unlink(room.header), 0);
	CHECK_OK(envol_key_disable(room.ev, "a", NULL));
	CHECK_ERR(restore(false), -EKEYREVOKED);
	CHECK(access(room.header, F_OK) != 0);
	room_close(&room);
}
