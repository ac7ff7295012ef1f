// SPDX-License-Identifier: GPL-2.0-or-later
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "tests/unit/volume/room.h"
#include "userspace/lib/volume/device.h"

#define MIB (1u << 20)

static struct room room;
static struct envol_kek_choice kek = { .uri = "a" };
static struct envol_volume_format format = { .keks = &kek, .n_keks = 1 };
static struct envol_volume_info info;

static void setup(void)
{
	room_open(&room);
	room_make_key(&room, "a");
	format.device = room.image;
}

static int run(void)
{
	return envol_volume_format(room.ev, &format, &info);
}

static void check_refused(int err, const char *sentence)
{
	CHECK_ERR(run(), err);
	CHECK_STR_HAS(envol_error_message(room.ev), sentence);
	CHECK_STR_HAS(envol_error_message(room.ev), "format ");
}

static uint64_t count_bytes(const char *path)
{
	FILE *f = fopen(path, "r");
	uint64_t n = 0;
	int c;

	CHECK(f);
	while ((c = getc_unlocked(f)) != EOF)
		n += c != 0;
	fclose(f);
	return n;
}

TEST(a_volume_is_what_was_asked_for)
{
	struct envol_volume_info again;

	setup();
	format.label = "data";
	format.uuid = "0a1b2c3d-0000-4000-8000-00000000000f";
	format.discards = true;
	format.sector_size = 512;
	CHECK_OK(run());
	CHECK_STR_EQ(info.device, room.image);
	CHECK(!info.header);
	CHECK_STR_EQ(info.label, "data");
	CHECK_STR_EQ(info.uuid, format.uuid);
	CHECK_STR_EQ(info.cipher, "aes-xts-plain64");
	CHECK_EQ(info.key_size, 64);
	CHECK_EQ(info.sector_size, 512);
	CHECK_EQ(info.data_offset, 4 * MIB);
	CHECK_EQ(info.data_size, 4 * MIB);
	CHECK_EQ(info.generation, 1);
	CHECK(info.discards && !info.recovery);
	CHECK_EQ(info.n_wraps, 1);
	CHECK_EQ(strlen(info.fingerprint), 32);
	CHECK_EQ(info.opened_by, -1);
	CHECK_OK(room_test(&room, room.ev, NULL, &again));
	CHECK_STR_EQ(again.fingerprint, info.fingerprint);
	CHECK_STR_EQ(again.volume_id, info.volume_id);
	CHECK_EQ(again.opened_by, 0);
	envol_volume_info_free(&again);
	envol_volume_info_free(&info);
	room_close(&room);
}

TEST(two_volumes_share_nothing)
{
	struct envol_volume_info first;

	setup();
	CHECK_OK(run());
	first = info;
	format.overwrite = true;
	CHECK_OK(run());
	CHECK(strcmp(first.fingerprint, info.fingerprint) != 0);
	CHECK(strcmp(first.volume_id, info.volume_id) != 0);
	CHECK(strcmp(first.uuid, info.uuid) != 0);
	envol_volume_info_free(&first);
	envol_volume_info_free(&info);
	room_close(&room);
}

TEST(aes_128_and_large_sectors)
{
	setup();
	format.key_size = 32;
	format.sector_size = 4096;
	CHECK_OK(run());
	CHECK_EQ(info.key_size, 32);
	CHECK_EQ(info.sector_size, 4096);
	room_check_wraps(&room, "a/1");
	envol_volume_info_free(&info);
	room_close(&room);
}

TEST(parameters_that_make_no_volume_are_named)
{
	static const struct envol_kek_choice twice[] = { { .uri = "a" },
							 { .uri = "service:a" } };
	static const struct envol_kek_choice mixed[] = {
		{ .uri = "a", .second = "b" }, { .uri = "a" }
	};
	struct envol_volume_format good;

	setup();
	good = format;
	format.key_size = 48;
	check_refused(-EINVAL, "48");
	format = good;
	format.sector_size = 1024;
	check_refused(-EINVAL, "1024");
	format = good;
	format.label = "123456789012345678901234567890123456789012345678";
	check_refused(-EINVAL, "more than 47");
	format = good;
	format.uuid = "x";
	check_refused(-EINVAL, "not a UUID");
	format = good;
	format.n_keks = 0;
	check_refused(-EINVAL, "needs a KEK");
	format = good;
	format.keks = twice;
	format.n_keks = 2;
	check_refused(-EINVAL, "given twice");
	format.keks = mixed;
	check_refused(-EINVAL, "would open alone");
	format = good;
	kek.uri = "vault:x";
	check_refused(-EPROTONOSUPPORT, "vault:");
	CHECK_EQ(count_bytes(room.image), 0);
	room_close(&room);
}

TEST(places_that_take_no_volume_are_named)
{
	setup();
	format.device = room.top;
	check_refused(-ENOTBLK, "is a directory");
	format.device = "/dev/null";
	check_refused(-ENOTBLK, "character device");
	format.device = "/nonexistent";
	check_refused(-ENOENT, "/nonexistent");
	format.device = room.file;
	room_make_file(room.file, 0);
	check_refused(-ENOSPC, "is empty: a disk image");
	room_make_file(room.file, 4 * MIB);
	check_refused(-ENOSPC, "are too few");
	room_make_file(room.file, 4 * MIB + 4608);
	format.sector_size = 4096;
	check_refused(-EINVAL, "no multiple of the sector size");
	format.sector_size = 0;
	CHECK_OK(run());
	CHECK_EQ(info.sector_size, 512);
	CHECK_EQ(info.data_size, 4608);
	envol_volume_info_free(&info);
	format.header = room.file;
	format.overwrite = true;
	check_refused(-EINVAL, "are one");
	room_close(&room);
}

TEST(what_lies_there_is_named_and_kept)
{
	setup();
	test_run("mke2fs -q -F -t ext4 -L home %s", room.image);
	check_refused(-EEXIST, "ext4 file system labelled home");
	test_run("e2fsck -f -n %s >/dev/null 2>&1", room.image);
	format.overwrite = true;
	CHECK_OK(run());
	envol_volume_info_free(&info);
	format.overwrite = false;
	check_refused(-EEXIST, "LUKS volume");
	room_check_wraps(&room, "a/1");
	room_close(&room);
}

/* A table's spare copy at the end, a RAID's superblock: others would act on them. */
TEST(no_old_signature_survives)
{
	setup();
	test_run("printf 'label: gpt\\n,1M\\n' | sfdisk -q %s", room.image);
	format.overwrite = true;
	CHECK_OK(run());
	test_run("test \"$(wipefs %s | grep -vc 'crypto_LUKS\\|^DEVICE')\" = 0",
		 room.image);
	test_run("test \"$(blkid -p -o value -s TYPE %s)\" = crypto_LUKS",
		 room.image);
	envol_volume_info_free(&info);
	room_close(&room);
}

TEST(a_dry_run_writes_nothing)
{
	struct stat st;

	setup();
	format.dry_run = true;
	format.label = "x";
	CHECK_OK(run());
	CHECK_STR_EQ(info.label, "x");
	CHECK_EQ(info.data_offset, 4 * MIB);
	CHECK_EQ(info.data_size, 4 * MIB);
	CHECK_EQ(info.key_size, 64);
	CHECK_STR_EQ(info.fingerprint, "");
	envol_volume_info_free(&info);
	CHECK_EQ(count_bytes(room.image), 0);
	format.header = room.header;
	CHECK_OK(run());
	CHECK_STR_EQ(info.header, room.header);
	CHECK_EQ(info.data_offset, 0);
	CHECK(stat(room.header, &st) != 0);
	envol_volume_info_free(&info);
	format.header = "/nonexistent/x/header";
	check_refused(-ENOENT, "/nonexistent/x/header");
	/* And still it uses the KEKs. */
	format.header = NULL;
	CHECK_OK(envol_key_disable(room.ev, "a", NULL));
	check_refused(-EKEYREVOKED, "service:a");
	room_close(&room);
}

TEST(a_kek_that_fails_leaves_the_device_alone)
{
	const struct envol_kek_choice keks[] = { { .uri = "a" }, { .uri = "b" } };

	setup();
	format.keks = keks;
	format.n_keks = 2;
	check_refused(-ENOENT, "service:b");
	CHECK_EQ(count_bytes(room.image), 0);
	format.header = room.header;
	check_refused(-ENOENT, "service:b");
	CHECK(access(room.header, F_OK) != 0);
	room_close(&room);
}

TEST(several_keks_each_open_it)
{
	const struct envol_kek_choice keks[] = { { .uri = "a" }, { .uri = "b" } };
	static const char *const only_b[] = { "b" };
	const struct envol_volume_source source = { .keks = only_b, .n_keks = 1 };

	setup();
	room_make_key(&room, "b");
	format.keks = keks;
	format.n_keks = 2;
	CHECK_OK(run());
	envol_volume_info_free(&info);
	room_check_wraps(&room, "a/1 b/1");
	CHECK_OK(room_test(&room, room.ev, &source, &info));
	CHECK_EQ(info.opened_by, 1);
	envol_volume_info_free(&info);
	room_close(&room);
}

TEST(a_double_key_takes_both)
{
	static const char *const only_b[] = { "b" };
	const struct envol_volume_source source = { .keks = only_b, .n_keks = 1 };

	setup();
	room_make_key(&room, "b");
	kek.second = "b";
	CHECK_OK(run());
	envol_volume_info_free(&info);
	room_check_wraps(&room, "a/1+b/1");
	CHECK_ERR(room_test(&room, room.ev, &source, NULL), -EACCES);
	CHECK_OK(envol_key_disable(room.ev, "a", NULL));
	CHECK_ERR(room_test(&room, room.ev, NULL, NULL), -EKEYREVOKED);
	room_close(&room);
}

TEST(a_detached_header_leaves_the_data_alone)
{
	struct envol_volume_source source = { .header = room.header };
	struct stat st;

	setup();
	test_run("mke2fs -q -F -t ext4 %s && cp %s %s", room.image, room.image,
		 room.file);
	format.header = room.header;
	check_refused(-EEXIST, "ext4");
	CHECK(access(room.header, F_OK) != 0);
	format.overwrite = true;
	CHECK_OK(run());
	CHECK_STR_EQ(info.header, room.header);
	CHECK_EQ(info.data_offset, 0);
	CHECK_EQ(info.data_size, 8 * MIB);
	envol_volume_info_free(&info);
	test_run("cmp %s %s", room.image, room.file);
	CHECK_EQ(stat(room.header, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	CHECK(st.st_size >= (off_t)MIB);
	CHECK_OK(room_test(&room, room.ev, &source, NULL));
	CHECK_ERR(room_test(&room, room.ev, NULL, NULL), -ENODATA);
	/* Another volume's header is not lost for the asking. */
	format.overwrite = false;
	test_run("truncate -s 0 %s && truncate -s 8M %s", room.image, room.image);
	check_refused(-EEXIST, room.header);
	CHECK_OK(room_test(&room, room.ev, &source, NULL));
	room_close(&room);
}

/* Whoever waited for the lock would overwrite what the winner has just told of. */
TEST(one_format_at_a_time)
{
	_cleanup_device_ struct envol_device dev = ENVOL_DEVICE_INIT;

	setup();
	CHECK_OK(envol_device_open(room.ev, room.image, O_RDWR, &dev));
	CHECK_OK(envol_device_lock(room.ev, &dev));
	format.overwrite = true;
	check_refused(-EBUSY, "locked by another program");
	CHECK_EQ(count_bytes(room.image), 0);
	envol_device_close(&dev);
	CHECK_OK(run());
	envol_volume_info_free(&info);
	room_close(&room);
}

TEST(of_many_at_once_one_wins_and_no_mix_remains)
{
	int i, status, won = 0, busy = 0;
	pid_t pids[4];

	setup();
	for (i = 0; i < 4; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			room.ev = room_handle(&room);
			_exit(-run());
		}
	}
	for (i = 0; i < 4; i++) {
		CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
		CHECK(WIFEXITED(status));
		won += WEXITSTATUS(status) == 0;
		busy += WEXITSTATUS(status) == EBUSY ||
			WEXITSTATUS(status) == EEXIST;
	}
	CHECK_EQ(won, 1);
	CHECK_EQ(busy, 3);
	room_check_wraps(&room, "a/1");
	room_close(&room);
}

/* In a mount namespace of its own, with room for less than a header. */
TEST(a_full_disk_is_said_and_leaves_no_volume)
{
	char path[128];

	setup();
	CHECK_EQ(unshare(CLONE_NEWNS), 0);
	CHECK_EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	snprintf(path, sizeof(path), "%s/small", room.top);
	CHECK_EQ(mkdir(path, 0700), 0);
	CHECK_EQ(mount("tmpfs", path, "tmpfs", 0, "size=2m"), 0);
	snprintf(room.header, sizeof(room.header), "%s/small/header", room.top);
	format.header = room.header;
	check_refused(-ENOSPC, room.header);
	CHECK(access(room.header, F_OK) != 0);
	/* A sparse image whose header does not fit. */
	format.header = NULL;
	snprintf(room.image, sizeof(room.image), "%s/small/image", room.top);
	room_make_file(room.image, 8 * MIB);
	check_refused(-ENOSPC, room.image);
	CHECK_STR_HAS(envol_error_message(room.ev), "make room for a header");
	CHECK_ERR(room_test(&room, room.ev, NULL, NULL), -ENODATA);
	CHECK_EQ(umount(path), 0);
	room_close(&room);
}

TEST(memory_that_can_not_be_locked_is_said)
{
	static const struct rlimit none = { 0, 0 };

	setup();
	/* Root may lock what it likes, so somebody else formats. */
	test_run("chown -R 65534:65534 %s", room.top);
	CHECK_EQ(setgid(65534), 0);
	CHECK_EQ(setuid(65534), 0);
	CHECK_EQ(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	check_refused(-ENOMEM, "RLIMIT_MEMLOCK");
	CHECK_EQ(count_bytes(room.image), 0);
	room_close(&room);
}
