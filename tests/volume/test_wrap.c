// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/volume/room.h"

static struct room room;
static struct envol_volume_source source;
static unsigned int renewed;

static const char *const one[] = { "a" };
static const char *const two[] = { "a", "b" };
static const char *const three[] = { "a", "b", "c" };

static void setup(const char *const *names, size_t n)
{
	room_open(&room);
	room_format(&room, names, n);
	source = (struct envol_volume_source){ .device = room.image };
}

static int add(const char *uri, const char *second, bool alone)
{
	const struct envol_kek_choice kek = { .uri = uri, .second = second,
					      .alone = alone };

	return envol_wrap_add(room.ev, &source, &kek);
}

static void check_says(const char *sentence)
{
	CHECK_STR_HAS(envol_error_message(room.ev), sentence);
	CHECK_STR_HAS(envol_error_message(room.ev), room.image);
}

static uint64_t generation(void)
{
	struct envol_volume_info info;
	uint64_t is;

	CHECK_OK(envol_volume_status(room.ev, room.image, NULL, &info));
	is = info.generation;
	envol_volume_info_free(&info);
	return is;
}

/* ---- add ---- */

TEST(a_second_kek_opens_it_too)
{
	static const char *const only_b[] = { "b" };
	struct envol_volume_info info;

	setup(one, 1);
	room_make_key(&room, "b");
	CHECK_OK(add("b", NULL, false));
	room_check_wraps(&room, "a/1 b/1");
	CHECK_EQ(generation(), 2);
	source.keks = only_b;
	source.n_keks = 1;
	CHECK_OK(room_test(&room, room.ev, &source, &info));
	CHECK_EQ(info.opened_by, 1);
	envol_volume_info_free(&info);
	room_close(&room);
}

TEST(a_version_wraps_once)
{
	setup(one, 1);
	CHECK_ERR(add("service:a", NULL, false), -EEXIST);
	check_says("version 1 of service:a wraps the volume already");
	CHECK_EQ(generation(), 1);
	CHECK_OK(envol_key_rotate(room.ev, "a", NULL));
	CHECK_OK(add("a", NULL, false));
	room_check_wraps(&room, "a/1 a/2");
	room_close(&room);
}

TEST(a_kek_that_is_no_good_is_not_added)
{
	setup(one, 1);
	CHECK_ERR(add("b", NULL, false), -ENOENT);
	check_says("service:b");
	room_make_key(&room, "b");
	CHECK_OK(envol_key_disable(room.ev, "b", NULL));
	CHECK_ERR(add("b", NULL, false), -EKEYREVOKED);
	CHECK_EQ(generation(), 1);
	room_close(&room);
}

TEST(adding_takes_a_kek_that_opens)
{
	setup(one, 1);
	room_make_key(&room, "b");
	CHECK_OK(envol_key_disable(room.ev, "a", NULL));
	CHECK_ERR(add("b", NULL, false), -EKEYREVOKED);
	CHECK_EQ(generation(), 1);
	room_close(&room);
}

TEST(a_double_key_is_not_defeated_unasked)
{
	struct envol_secret recovery = ENVOL_SECRET_INIT;

	room_open(&room);
	source = (struct envol_volume_source){ .device = room.image };
	room_format_double(&room);
	CHECK_ERR(add("c", NULL, false), -EPERM);
	check_says("c would open it alone");
	CHECK_ERR(envol_recovery_create(room.ev, &source, &recovery), -EPERM);
	check_says("without either");
	CHECK_OK(add("a", "c", false));
	room_check_wraps(&room, "a/1+b/1 a/1+c/1");
	CHECK_ERR(add("c", "a", true), 0);
	CHECK_OK(add("c", NULL, true));
	room_check_wraps(&room, "a/1+b/1 a/1+c/1 c/1+a/1 c/1");
	room_close(&room);
}

TEST(a_double_key_beside_a_single_one_is_said_to_be_of_no_use)
{
	struct room_log log = { .wanted = "adds no protection" };

	setup(one, 1);
	room_make_key(&room, "b");
	envol_set_log(room.ev, room_log_line, &log, ENVOL_LOG_WARNING);
	CHECK_OK(add("a", "b", false));
	CHECK(log.seen);
	log.seen = false;
	CHECK_OK(envol_wrap_remove(room.ev, &source, 0));
	room_check_wraps(&room, "a/1+b/1");
	room_make_key(&room, "c");
	CHECK_OK(add("b", "c", false));
	CHECK(!log.seen);
	room_close(&room);
}

/* ---- remove ---- */

TEST(one_of_three_goes)
{
	setup(three, 3);
	CHECK_OK(envol_wrap_remove(room.ev, &source, 1));
	room_check_wraps(&room, "a/1 c/1");
	CHECK_ERR(envol_wrap_remove(room.ev, &source, 2), -ENOENT);
	check_says("only 0 to 1");
	/* It is the one that opens. */
	CHECK_OK(envol_wrap_remove(room.ev, &source, 0));
	room_check_wraps(&room, "c/1");
	CHECK_ERR(envol_wrap_remove(room.ev, &source, 0), -EPERM);
	check_says("last wrap");
	room_check_wraps(&room, "c/1");
	room_close(&room);
}

TEST(what_stays_has_to_open)
{
	setup(two, 2);
	CHECK_OK(envol_key_disable(room.ev, "b", NULL));
	CHECK_ERR(envol_wrap_remove(room.ev, &source, 0), -EKEYREVOKED);
	check_says("no other wrap opens the volume now");
	CHECK_OK(envol_wrap_remove(room.ev, &source, 1));
	room_check_wraps(&room, "a/1");
	room_close(&room);
}

TEST(what_stays_has_to_be_allowed)
{
	static const char *const only_a[] = { "a" };

	setup(two, 2);
	source.keks = only_a;
	source.n_keks = 1;
	CHECK_ERR(envol_wrap_remove(room.ev, &source, 0), -EACCES);
	CHECK_OK(envol_wrap_remove(room.ev, &source, 1));
	room_close(&room);
}

/* ---- renew ---- */

TEST(nothing_newer_changes_nothing)
{
	setup(two, 2);
	CHECK_OK(envol_wrap_renew(room.ev, &source, 0, &renewed));
	CHECK_EQ(renewed, 0);
	CHECK_EQ(generation(), 1);
	room_close(&room);
}

TEST(the_old_one_stays_for_the_settle_time)
{
	setup(two, 2);
	CHECK_OK(envol_key_rotate(room.ev, "a", NULL));
	CHECK_OK(envol_wrap_renew(room.ev, &source, 3600, &renewed));
	CHECK_EQ(renewed, 1);
	CHECK_EQ(generation(), 2);
	room_check_wraps(&room, "a/2 b/1 a/1~");
	/* Once. */
	CHECK_OK(envol_wrap_renew(room.ev, &source, 3600, &renewed));
	CHECK_EQ(renewed, 0);
	CHECK_EQ(generation(), 2);
	CHECK_OK(envol_wrap_renew(room.ev, &source, 0, &renewed));
	CHECK_EQ(renewed, 0);
	room_check_wraps(&room, "a/2 b/1");
	CHECK_EQ(generation(), 3);
	room_close(&room);
}

TEST(without_a_settle_time_it_goes_at_once)
{
	setup(one, 1);
	CHECK_OK(envol_key_rotate(room.ev, "a", NULL));
	CHECK_OK(envol_key_rotate(room.ev, "a", NULL));
	CHECK_OK(envol_wrap_renew(room.ev, &source, 0, &renewed));
	CHECK_EQ(renewed, 1);
	room_check_wraps(&room, "a/3");
	CHECK_EQ(generation(), 2);
	room_close(&room);
}

TEST(the_old_one_stays_while_the_new_one_does_not_open)
{
	setup(two, 2);
	CHECK_OK(envol_key_rotate(room.ev, "a", NULL));
	CHECK_OK(envol_wrap_renew(room.ev, &source, 3600, &renewed));
	CHECK_OK(envol_key_disable(room.ev, "a", "2"));
	CHECK_ERR(envol_wrap_renew(room.ev, &source, 0, &renewed), -EKEYREVOKED);
	check_says("service:a");
	room_check_wraps(&room, "a/2 b/1 a/1~");
	CHECK_OK(envol_key_enable(room.ev, "a", "2"));
	CHECK_OK(envol_wrap_renew(room.ev, &source, 0, &renewed));
	room_check_wraps(&room, "a/2 b/1");
	room_close(&room);
}

TEST(one_kek_that_fails_does_not_stop_the_others)
{
	setup(three, 3);
	CHECK_OK(envol_key_rotate(room.ev, "a", NULL));
	CHECK_OK(envol_key_rotate(room.ev, "c", NULL));
	test_run("rm %s/keys/b.key", room.top);
	CHECK_ERR(envol_wrap_renew(room.ev, &source, 3600, &renewed), -ENOENT);
	check_says("service:b");
	CHECK_EQ(renewed, 2);
	room_check_wraps(&room, "a/2 b/1 c/2 a/1~ c/1~");
	room_close(&room);
}

TEST(a_newer_version_that_is_disabled_is_none)
{
	setup(one, 1);
	CHECK_OK(envol_key_rotate(room.ev, "a", NULL));
	CHECK_OK(envol_key_disable(room.ev, "a", "2"));
	CHECK_OK(envol_wrap_renew(room.ev, &source, 0, &renewed));
	CHECK_EQ(renewed, 0);
	CHECK_EQ(generation(), 1);
	room_close(&room);
}

TEST(only_what_is_allowed_is_renewed)
{
	static const char *const only_b[] = { "b" };

	setup(two, 2);
	CHECK_OK(envol_key_rotate(room.ev, "a", NULL));
	CHECK_OK(envol_key_rotate(room.ev, "b", NULL));
	source.keks = only_b;
	source.n_keks = 1;
	CHECK_OK(envol_wrap_renew(room.ev, &source, 0, &renewed));
	CHECK_EQ(renewed, 1);
	room_check_wraps(&room, "a/1 b/2");
	room_close(&room);
}

TEST(a_double_key_is_renewed_whole)
{
	struct envol_kek_choice kek = { .uri = "a", .second = "b" };
	const struct envol_volume_format format = {
		.device = room.image, .keks = &kek, .n_keks = 1,
	};

	room_open(&room);
	source = (struct envol_volume_source){ .device = room.image };
	room_make_key(&room, "a");
	room_make_key(&room, "b");
	CHECK_OK(envol_volume_format(room.ev, &format, NULL));
	CHECK_OK(envol_key_rotate(room.ev, "b", NULL));
	CHECK_OK(envol_wrap_renew(room.ev, &source, 60, &renewed));
	CHECK_EQ(renewed, 1);
	room_check_wraps(&room, "a/1+b/2 a/1+b/1~");
	CHECK_OK(envol_wrap_renew(room.ev, &source, 0, &renewed));
	room_check_wraps(&room, "a/1+b/2");
	room_close(&room);
}

/* A KEK that was brought back from a backup has its old version for its newest. */
TEST(what_was_to_go_comes_back_as_new)
{
	struct envol_secret passphrase = ENVOL_SECRET_INIT;

	setup(one, 1);
	CHECK_OK(envol_secret_alloc(room.ev, &passphrase, 8));
	CHECK_OK(envol_key_backup(room.ev, "a", room.file, &passphrase));
	CHECK_OK(envol_key_rotate(room.ev, "a", NULL));
	CHECK_OK(envol_wrap_renew(room.ev, &source, 60, &renewed));
	room_check_wraps(&room, "a/2 a/1~");
	test_run("rm %s/keys/a.key", room.top);
	CHECK_OK(envol_key_restore(room.ev, room.file, &passphrase, true, NULL));
	CHECK_OK(add("a", NULL, false));
	room_check_wraps(&room, "a/2 a/1");
	CHECK_OK(envol_wrap_remove(room.ev, &source, 0));
	room_check_wraps(&room, "a/1");
	envol_secret_wipe(&passphrase);
	room_close(&room);
}

/* ---- many at once ---- */

TEST(who_adds_at_once_is_there_at_the_end)
{
	static const char *const names[] = { "b", "c", "d", "e" };
	struct envol_volume_info info;
	int i, status;
	pid_t pids[4];

	setup(one, 1);
	for (i = 0; i < 4; i++)
		room_make_key(&room, names[i]);
	for (i = 0; i < 4; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			room.ev = room_handle(&room);
			if (add(names[i], NULL, false)) {
				printf("# %s\n", envol_error_message(room.ev));
				fflush(stdout);
				_exit(1);
			}
			_exit(0);
		}
	}
	for (i = 0; i < 4; i++) {
		CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
		CHECK_EQ(status, 0);
	}
	CHECK_OK(room_test(&room, room.ev, NULL, &info));
	CHECK_EQ(info.n_wraps, 5);
	CHECK_EQ(info.generation, 5);
	envol_volume_info_free(&info);
	room_close(&room);
}

/* An open whose header is overtaken while it asks a KEK is no rollback. */
TEST(who_opens_meanwhile_is_not_told_of_an_older_header)
{
	static const char *const names[] = { "b", "c", "d" };
	int i, status;
	pid_t pid;

	setup(one, 1);
	for (i = 0; i < 3; i++)
		room_make_key(&room, names[i]);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		room.ev = room_handle(&room);
		for (i = 0; i < 3; i++)
			if (add(names[i], NULL, false))
				_exit(1);
		for (i = 3; i > 0; i--)
			if (envol_wrap_remove(room.ev, &source, i))
				_exit(2);
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		CHECK_OK(room_test(&room, room.ev, NULL, NULL));
	CHECK_EQ(status, 0);
	room_check_wraps(&room, "a/1");
	room_close(&room);
}

/* Neither may be the last, and they can't both go. */
TEST(of_two_that_remove_each_others_wrap_one_fails)
{
	int i, status, done = 0;
	pid_t pids[2];

	setup(two, 2);
	for (i = 0; i < 2; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			room.ev = room_handle(&room);
			_exit(envol_wrap_remove(room.ev, &source, i) != 0);
		}
	}
	for (i = 0; i < 2; i++) {
		CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
		CHECK(WIFEXITED(status));
		done += WEXITSTATUS(status) == 0;
	}
	CHECK_EQ(done, 1);
	CHECK_OK(room_test(&room, room.ev, NULL, NULL));
	room_close(&room);
}
