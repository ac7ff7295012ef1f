// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/volume/room.h"

static struct room room;
static struct envol_volume_source source;
static char told[8192];

static const char *const one[] = { "a" };
static const char *const three[] = { "a", "b", "c" };

static void keep(enum envol_check_result result, const char *what,
		 const char *sentence, void *data)
{
	static const char *const results[] = { "ok", "warning", "failed" };
	size_t len = strlen(told);

	(void)data;
	CHECK(*sentence);
	snprintf(told + len, sizeof(told) - len, "%s %s: %s\n", results[result],
		 what, sentence);
}

static int check(void)
{
	told[0] = 0;
	return envol_volume_check(room.ev, &source, keep, NULL);
}

static void setup(const char *const *names, size_t n)
{
	room_open(&room);
	room_format(&room, names, n);
	source = (struct envol_volume_source){ .device = room.image };
}

static void finish(void)
{
	room_close(&room);
}

static void keep_image(void)
{
	test_run("cp --sparse=always %s %s", room.image, room.file);
}

static void check_nothing_changed(void)
{
	test_run("cmp %s %s", room.image, room.file);
}

static void write_at(off_t at, const char *bytes, size_t len)
{
	int fd = open(room.image, O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_EQ(pwrite(fd, bytes, len, at), len);
	close(fd);
}

TEST(a_sound_volume_passes)
{
	setup(three, 3);
	keep_image();
	CHECK_OK(check());
	CHECK_STR_HAS(told, "ok device: ");
	CHECK_STR_HAS(told, "ok header copy 1: intact, write ");
	CHECK_STR_HAS(told, "ok header copy 2: intact, write ");
	CHECK_STR_HAS(told, "ok header: aes-xts-plain64, AES-256, sectors of ");
	CHECK_STR_HAS(told, "ok data: 4.0 MiB from byte 4194304 on");
	CHECK_STR_HAS(told, "ok wrap 0: service:a, version 1, A256KWP: opens");
	CHECK_STR_HAS(told, "ok wrap 2: service:c");
	CHECK_STR_HAS(told, "ok seal: ");
	CHECK_STR_HAS(told, "ok fingerprint: ");
	CHECK_STR_HAS(told, "ok generation: 1, and 1 was seen here before");
	CHECK(!strstr(told, "warning"));
	check_nothing_changed();
	finish();
}

TEST(it_leaves_no_trace_on_the_host)
{
	setup(one, 1);
	test_run("rm -r %s/state", room.top);
	CHECK_OK(check());
	CHECK_STR_HAS(told, "ok generation: 1, the first that this host sees");
	test_run("test ! -e %s/state/volumes", room.top);
	finish();
}

TEST(one_way_in_is_said_to_be_one)
{
	struct envol_secret key = ENVOL_SECRET_INIT;

	setup(one, 1);
	CHECK_OK(check());
	CHECK_STR_HAS(told, "warning recovery key: none, and only one wrap");
	CHECK_OK(envol_recovery_create(room.ev, &source, &key));
	CHECK_OK(check());
	CHECK_STR_HAS(told, "ok recovery key: there is one; it was not given");
	source.recovery = &key;
	CHECK_OK(check());
	CHECK_STR_HAS(told, "ok recovery key: opens the volume");
	key.data[0] = key.data[0] == 'b' ? 'c' : 'b';
	CHECK_ERR(check(), -EPERM);
	CHECK_STR_HAS(told, "failed recovery key: ");
	CHECK_STR_HAS(told, "ok wrap 0: ");
	envol_secret_wipe(&key);
	finish();
}

TEST(each_copy_is_looked_at_and_none_repaired)
{
	struct room_log log = { .wanted = "" };

	setup(one, 1);
	write_at(4200, "x", 1);
	keep_image();
	/* Of a repair nothing is logged, for there is none. */
	envol_set_log(room.ev, room_log_line, &log, ENVOL_LOG_WARNING);
	CHECK_OK(check());
	CHECK(!log.seen);
	envol_set_log(room.ev, NULL, NULL, ENVOL_LOG_WARNING);
	CHECK_STR_HAS(told, "warning header copy 1: damaged; the next open repairs");
	CHECK_STR_HAS(told, "ok header copy 2: intact");
	CHECK_STR_HAS(told, "ok seal");
	check_nothing_changed();
	CHECK_OK(room_test(&room, room.ev, &source, NULL));
	CHECK_OK(check());
	CHECK_STR_HAS(told, "ok header copy 1: intact");
	write_at(65536, "\0\0\0\0\0\0", 6);
	keep_image();
	CHECK_OK(check());
	CHECK_STR_HAS(told, "ok header copy 1: intact");
	CHECK_STR_HAS(told, "warning header copy 2: missing; the next open");
	check_nothing_changed();
	write_at(4200, "y", 1);
	keep_image();
	CHECK_ERR(check(), -EBADMSG);
	CHECK_STR_HAS(told, "failed header copy 1: damaged");
	CHECK_STR_HAS(told, "failed header copy 2: missing");
	CHECK_STR_HAS(told, "failed header: ");
	CHECK(!strstr(told, "/proc/self/fd"));
	CHECK_STR_HAS(envol_error_message(room.ev), "check ");
	check_nothing_changed();
	finish();
}

/* A kill between the two copies leaves one a write behind. */
TEST(an_older_copy_is_told_from_a_damaged_one)
{
	const struct envol_kek_choice kek = { .uri = "b" };

	setup(one, 1);
	keep_image();
	room_make_key(&room, "b");
	CHECK_OK(envol_wrap_add(room.ev, &source, &kek));
	test_run("dd if=%s of=%s bs=64k skip=1 seek=1 count=1 conv=notrunc status=none",
		 room.file, room.image);
	CHECK_OK(check());
	CHECK_STR_HAS(told, "ok header copy 1: intact, write ");
	CHECK_STR_HAS(told, "warning header copy 2: intact, but older");
	CHECK_STR_HAS(told, "ok wrap 1: service:b");
	finish();
}

TEST(one_kek_that_fails_hides_no_other)
{
	setup(three, 3);
	CHECK_OK(envol_key_disable(room.ev, "a", NULL));
	test_run("rm %s/keys/b.key", room.top);
	CHECK_ERR(check(), -EKEYREVOKED);
	CHECK_STR_HAS(told, "failed wrap 0: ");
	CHECK_STR_HAS(told, "failed wrap 1: ");
	CHECK_STR_HAS(told, "ok wrap 2: service:c");
	CHECK_STR_HAS(told, "ok seal");
	CHECK_STR_HAS(envol_error_message(room.ev), "service:a");
	CHECK_OK(envol_key_disable(room.ev, "c", NULL));
	CHECK_ERR(check(), -EKEYREVOKED);
	CHECK_STR_HAS(told, "failed wrap 2: ");
	CHECK_STR_HAS(told, "warning seal: not checked");
	CHECK(!strstr(told, "fingerprint"));
	finish();
}

TEST(a_newer_version_and_a_retiring_wrap_are_told)
{
	unsigned int renewed;

	setup(one, 1);
	CHECK_OK(envol_key_rotate(room.ev, "a", NULL));
	CHECK_OK(check());
	CHECK_STR_HAS(told, "warning wrap 0: service:a has a newer version, 2");
	CHECK_OK(envol_wrap_renew(room.ev, &source, 60, &renewed));
	CHECK_OK(envol_key_disable(room.ev, "a", "1"));
	CHECK_OK(check());
	CHECK_STR_HAS(told, "ok wrap 0: service:a, version 2");
	CHECK_STR_HAS(told, "warning wrap 1: ");
	CHECK_OK(envol_key_enable(room.ev, "a", "1"));
	CHECK_OK(check());
	CHECK_STR_HAS(told, "a newer wrap stands in its place");
	finish();
}

TEST(only_what_is_allowed_is_tried)
{
	static const char *const only_b[] = { "b" };

	setup(three, 3);
	source.keks = only_b;
	source.n_keks = 1;
	CHECK_OK(check());
	CHECK_STR_HAS(told, "warning wrap 0: service:a: not among the KEKs");
	CHECK_STR_HAS(told, "ok wrap 1: service:b");
	CHECK_STR_HAS(told, "warning wrap 2: ");
	finish();
}

TEST(another_fingerprint_and_an_older_header_fail)
{
	const struct envol_kek_choice kek = { .uri = "b" };
	struct envol_volume_info info;

	setup(one, 1);
	keep_image();
	room_make_key(&room, "b");
	CHECK_OK(room_test(&room, room.ev, &source, &info));
	source.id = info.fingerprint;
	CHECK_OK(check());
	CHECK_STR_HAS(told, "as it should be");
	source.id = "00000000000000000000000000000000";
	CHECK_ERR(check(), -EKEYREJECTED);
	CHECK_STR_HAS(told, "failed fingerprint: ");
	source.id = NULL;
	CHECK_OK(envol_wrap_add(room.ev, &source, &kek));
	test_run("cp %s %s", room.file, room.image);
	CHECK_ERR(check(), -ESTALE);
	CHECK_STR_HAS(told, "failed generation: 1, although 2 was seen here");
	source.allow_older = true;
	CHECK_OK(check());
	CHECK_STR_HAS(told, "warning generation: ");
	/* It was told of, and not taken note of. */
	source.allow_older = false;
	CHECK_ERR(check(), -ESTALE);
	envol_volume_info_free(&info);
	finish();
}

static void change_often(const char *name)
{
	const struct envol_kek_choice kek = { .uri = name };
	struct envol_volume_info info;
	size_t i;
	int tries;

	room.ev = room_handle(&room);
	for (tries = 0; tries < 4; tries++) {
		if (envol_wrap_add(room.ev, &source, &kek) ||
		    envol_volume_status(room.ev, room.image, NULL, &info))
			_exit(1);
		for (i = 0; i < info.n_wraps; i++)
			if (strstr(info.wraps[i].parts[0].uri, name))
				break;
		envol_volume_info_free(&info);
		/* The other's wrap may have gone before it and moved it. */
		if (i && envol_wrap_remove(room.ev, &source, i))
			return;
	}
}

/* What is written while it looks is neither a rollback nor damage. */
TEST(writers_meanwhile_are_no_fault_of_the_volume)
{
	static const char *const names[] = { "bbbb", "cccc" };
	int status, i, left = 2;
	pid_t pids[2];

	setup(one, 1);
	for (i = 0; i < 2; i++) {
		room_make_key(&room, names[i]);
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			change_often(names[i]);
			_exit(0);
		}
	}
	while (left) {
		if (check())
			FAIL("%s", told);
		CHECK(!strstr(told, "older"));
		for (i = 0; i < 2; i++)
			if (pids[i] && waitpid(pids[i], &status, WNOHANG) == pids[i]) {
				pids[i] = 0;
				left--;
			}
	}
	finish();
}

TEST(what_is_no_volume_is_said_once)
{
	room_open(&room);
	source = (struct envol_volume_source){ .device = room.image };
	CHECK_ERR(check(), -ENODATA);
	CHECK_STR_HAS(told, "ok device: ");
	CHECK_STR_HAS(told, "failed header: ");
	CHECK(!strstr(told, "copy"));
	CHECK(!strstr(told, "/proc/self/fd"));
	source.device = "/dev/null";
	CHECK_ERR(check(), -ENOTBLK);
	CHECK_STR_HAS(told, "failed device: /dev/null is a character device");
	finish();
}

TEST(a_recovery_key_beside_a_double_key_is_warned_of)
{
	const struct envol_kek_choice single = { .uri = "c", .alone = true };
	struct envol_secret key = ENVOL_SECRET_INIT;

	room_open(&room);
	source = (struct envol_volume_source){ .device = room.image };
	room_format_double(&room);
	CHECK_OK(check());
	CHECK_STR_HAS(told, "ok wrap 0: service:a and service:b, version 1");
	CHECK_OK(envol_wrap_add(room.ev, &source, &single));
	CHECK_OK(envol_recovery_create(room.ev, &source, &key));
	CHECK_OK(envol_wrap_remove(room.ev, &source, 1));
	CHECK_OK(check());
	CHECK_STR_HAS(told, "warning recovery key: there is one, which opens the volume without either");
	envol_secret_wipe(&key);
	finish();
}
