// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whatever the moment at which a change of the header is cut short, the volume is the old
 * one or the new one: a header that opens and that the DEK vouches for. Of a format it
 * may also be none, of which no tool says that it is one.
 */
#include "tests/fault/tape.h"
#include "tests/unit/volume/room.h"
#include "userspace/lib/metadata/header.h"
#include "userspace/lib/volume/unwrap.h"

static struct room room;
static struct envol_volume_source source;
static struct envol_secret dek = ENVOL_SECRET_INIT, new_dek = ENVOL_SECRET_INIT;
static char base[96], cut[96];
static unsigned int n_old, n_new, n_none;

static const char *const two[] = { "a", "b" };

static void unwrap(struct envol_secret *into)
{
	_cleanup_header_ struct envol_header *h = NULL;

	CHECK_OK(envol_header_open(room.ev, room.image, NULL, &h));
	CHECK_OK(envol_unwrap_dek(room.ev, &h, &source, into, NULL));
}

static void keep_base(void)
{
	test_run("cp --sparse=always %s %s", room.image, base);
}

static void setup(void)
{
	room_open(&room);
	snprintf(base, sizeof(base), "%s/base", room.top);
	snprintf(cut, sizeof(cut), "%s/cut", room.top);
	source = (struct envol_volume_source){ .device = room.image };
	room_format(&room, two, 2);
	room_make_key(&room, "c");
	unwrap(&dek);
	keep_base();
}

static void finish(void)
{
	envol_secret_wipe(&dek);
	envol_secret_wipe(&new_dek);
	room_close(&room);
}

/* What the header says, for comparing: generation, wraps, recovery. */
static void describe(const struct envol_header *h, char *text, size_t size)
{
	const struct envol_token *token = envol_header_token(h);
	size_t len;
	uint32_t i;

	snprintf(text, size, "generation %llu, pending %u, recovery %d:",
		 (unsigned long long)token->generation, token->pending_keyslot,
		 envol_header_info(h)->recovery);
	for (i = 0; i < token->n_wraps; i++) {
		len = strlen(text);
		snprintf(text + len, size - len, " %s/%s%s",
			 token->wraps[i].parts[0].uri,
			 token->wraps[i].parts[0].version,
			 token->wraps[i].retiring ? "~" : "");
	}
}

struct expected {
	char old[512], new[512];
	bool in_between;	/* steps of which each is a header that opens */
};

static void describe_file(const char *path, char *text, size_t size)
{
	_cleanup_header_ struct envol_header *h = NULL;

	CHECK_OK(envol_header_open(room.ev, path, NULL, &h));
	describe(h, text, size);
}

static void check_volume(const char *state, void *data)
{
	_cleanup_header_ struct envol_header *h = NULL;
	const struct expected *expected = data;
	char text[512];

	if (envol_header_open(room.ev, cut, NULL, &h) ||
	    envol_header_verify(room.ev, h, &dek))
		FAIL("%s: %s", state, envol_error_message(room.ev));
	describe(h, text, sizeof(text));
	if (strcmp(text, expected->old) == 0)
		n_old++;
	else if (strcmp(text, expected->new) == 0)
		n_new++;
	else if (!expected->in_between)
		FAIL("%s: %s", state, text);
}

/* Between tape_start() and this, the change. */
static void check_cuts(bool in_between)
{
	struct expected expected = { .in_between = in_between };
	size_t n;

	tape_stop();
	describe_file(base, expected.old, sizeof(expected.old));
	describe_file(room.image, expected.new, sizeof(expected.new));
	CHECK(strcmp(expected.old, expected.new) != 0);
	n = tape_states(base, cut, check_volume, &expected);
	printf("# %zu writes, %zu states: %u old, %u new\n", tape_writes(), n,
	       n_old, n_new);
	CHECK(n > 10 && n_old > 2 && n_new > 2);
}

TEST(a_wrap_is_added_or_not)
{
	const struct envol_kek_choice kek = { .uri = "c" };

	setup();
	tape_start(room.image);
	CHECK_OK(envol_wrap_add(room.ev, &source, &kek));
	check_cuts(false);
	finish();
}

TEST(a_wrap_is_removed_or_not)
{
	setup();
	tape_start(room.image);
	CHECK_OK(envol_wrap_remove(room.ev, &source, 0));
	check_cuts(false);
	finish();
}

TEST(wraps_are_renewed_or_not)
{
	unsigned int renewed;

	setup();
	CHECK_OK(envol_key_rotate(room.ev, "a", NULL));
	CHECK_OK(envol_key_rotate(room.ev, "b", NULL));
	tape_start(room.image);
	CHECK_OK(envol_wrap_renew(room.ev, &source, 3600, &renewed));
	CHECK_EQ(renewed, 2);
	check_cuts(false);
	finish();
}

/* Several writes of the header, of which each leaves one that opens. */
TEST(a_recovery_key_is_made_and_removed)
{
	struct envol_secret key = ENVOL_SECRET_INIT;

	setup();
	tape_start(room.image);
	CHECK_OK(envol_recovery_create(room.ev, &source, &key));
	check_cuts(true);
	envol_secret_wipe(&key);
	keep_base();
	n_old = n_new = 0;
	tape_start(room.image);
	CHECK_OK(envol_recovery_remove(room.ev, &source));
	check_cuts(true);
	finish();
}

/* What was cut short is finished by doing it again. */
static void check_can_be_done_again(const char *state, void *data)
{
	struct envol_secret key = ENVOL_SECRET_INIT;
	struct envol_volume_source at = source;

	(void)data;
	at.device = cut;
	at.allow_older = true;
	if (envol_recovery_create(room.ev, &at, &key) &&
	    (envol_recovery_remove(room.ev, &at) ||
	     envol_recovery_create(room.ev, &at, &key)))
		FAIL("%s: %s", state, envol_error_message(room.ev));
	at.recovery = &key;
	CHECK_OK(room_test(&room, room.ev, &at, NULL));
	envol_secret_wipe(&key);
}

TEST(a_recovery_key_that_was_half_made_is_made_again)
{
	static struct envol_secret key = ENVOL_SECRET_INIT;
	size_t n;

	setup();
	tape_start(room.image);
	CHECK_OK(envol_recovery_create(room.ev, &source, &key));
	n = tape_writes();
	tape_stop();
	/* A few moments are enough: each takes three uses of a slow hash. */
	CHECK(n > 12);
	for (n = n / 8; n < tape_writes(); n += tape_writes() / 4) {
		pid_t pid = fork();
		int status;

		CHECK(pid >= 0);
		if (pid == 0) {
			test_run("cp --sparse=always %s %s", base, cut);
			source.device = cut;
			source.allow_older = true;
			room.ev = room_handle(&room);
			envol_secret_wipe(&key);
			tape_kill_at(cut, n);
			_exit(envol_recovery_create(room.ev, &source, &key) != 0);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status));
		check_can_be_done_again("killed", NULL);
	}
	envol_secret_wipe(&key);
	finish();
}

/* ---- format ---- */

static void check_format(const char *state, void *data)
{
	_cleanup_header_ struct envol_header *h = NULL;
	bool had_volume = data;
	int err = envol_header_open(room.ev, cut, NULL, &h);

	if (err == -ENODATA || err == -EBADMSG) {
		CHECK_STR_HAS(envol_error_message(room.ev), "format was cut short");
		n_none++;
		return;
	}
	if (err)
		FAIL("%s: %s", state, envol_error_message(room.ev));
	if (!envol_header_verify(room.ev, h, &new_dek))
		n_new++;
	else if (had_volume && !envol_header_verify(room.ev, h, &dek))
		n_old++;
	else
		FAIL("%s: a header of neither volume: %s", state,
		     envol_error_message(room.ev));
}

static void format_again(bool had_volume)
{
	const struct envol_kek_choice kek = { .uri = "c" };
	const struct envol_volume_format format = {
		.device = room.image, .keks = &kek, .n_keks = 1,
		.overwrite = had_volume,
	};
	size_t n;

	tape_start(room.image);
	CHECK_OK(envol_volume_format(room.ev, &format, NULL));
	tape_stop();
	unwrap(&new_dek);
	n = tape_states(base, cut, check_format, had_volume ? &dek : NULL);
	printf("# %zu writes, %zu states: %u old, %u none, %u new\n",
	       tape_writes(), n, n_old, n_none, n_new);
	CHECK(n_none > 10 && n_new > 2);
}

TEST(a_format_leaves_no_half_volume)
{
	setup();
	test_run("truncate -s 0 %s && truncate -s 8M %s", room.image, room.image);
	keep_base();
	format_again(false);
	CHECK_EQ(n_old, 0);
	finish();
}

TEST(a_format_over_a_volume_leaves_no_mix)
{
	setup();
	format_again(true);
	CHECK(n_old > 0);
	finish();
}

/* ---- restore ---- */

static void check_restore(const char *state, void *data)
{
	struct expected *expected = data;
	_cleanup_header_ struct envol_header *h = NULL;
	struct envol_volume_source at = source;
	char text[512];
	int err;

	err = envol_header_open(room.ev, cut, NULL, &h);
	if (!err)
		err = envol_header_verify(room.ev, h, &dek);
	if (!err) {
		describe(h, text, sizeof(text));
		n_old += strcmp(text, expected->old) == 0;
		n_new += strcmp(text, expected->new) == 0;
		if (strcmp(text, expected->old) && strcmp(text, expected->new))
			FAIL("%s: %s", state, text);
		return;
	}
	/* Where nothing was sound before, it can be done again. */
	if (expected->old[0])
		FAIL("%s: %s", state, envol_error_message(room.ev));
	at.device = cut;
	if (envol_header_restore(room.ev, &at, room.file, false))
		FAIL("%s: %s", state, envol_error_message(room.ev));
	n_none++;
}

static void restore(struct expected *expected)
{
	size_t n;

	source.allow_older = true;
	tape_start(room.image);
	CHECK_OK(envol_header_restore(room.ev, &source, room.file, false));
	tape_stop();
	describe_file(room.image, expected->new, sizeof(expected->new));
	n = tape_states(base, cut, check_restore, expected);
	printf("# %zu writes, %zu states: %u old, %u none, %u new\n",
	       tape_writes(), n, n_old, n_none, n_new);
	CHECK(n_new > 0);
}

TEST(a_restore_over_a_sound_header_leaves_one_of_the_two)
{
	const struct envol_kek_choice kek = { .uri = "c" };
	struct expected expected = { 0 };

	setup();
	CHECK_OK(envol_header_backup(room.ev, room.image, NULL, room.file));
	CHECK_OK(envol_wrap_add(room.ev, &source, &kek));
	keep_base();
	describe_file(base, expected.old, sizeof(expected.old));
	restore(&expected);
	CHECK(n_old > 0);
	finish();
}

/* Another recovery key: other keyslots than those that lie there. */
TEST(a_restore_with_other_keyslots_leaves_wraps_that_open)
{
	struct envol_secret key = ENVOL_SECRET_INIT;
	struct expected expected = { 0 };

	setup();
	CHECK_OK(envol_recovery_create(room.ev, &source, &key));
	CHECK_OK(envol_header_backup(room.ev, room.image, NULL, room.file));
	CHECK_OK(envol_recovery_remove(room.ev, &source));
	envol_secret_wipe(&key);
	CHECK_OK(envol_recovery_create(room.ev, &source, &key));
	envol_secret_wipe(&key);
	keep_base();
	describe_file(base, expected.old, sizeof(expected.old));
	restore(&expected);
	CHECK(n_old > 0);
	CHECK_EQ(n_none, 0);
	CHECK(tape_writes() >= 3);
	finish();
}

TEST(a_restore_over_nothing_can_be_done_again)
{
	struct expected expected = { 0 };

	setup();
	CHECK_OK(envol_header_backup(room.ev, room.image, NULL, room.file));
	test_run("dd if=/dev/zero of=%s bs=1M count=4 conv=notrunc status=none",
		 room.image);
	keep_base();
	restore(&expected);
	CHECK(n_none > 0);
	finish();
}

/* ---- killed ---- */

/* With a real kill: locks go, and who comes next finds a volume. */
TEST(who_is_killed_at_any_write_hinders_nobody)
{
	const struct envol_kek_choice kek = { .uri = "c" };
	int status, killed = 0;
	size_t n;
	pid_t pid;

	setup();
	for (n = 0;; n++) {
		pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			room.ev = room_handle(&room);
			tape_kill_at(room.image, n);
			_exit(envol_wrap_add(room.ev, &source, &kek) != 0);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_OK(room_test(&room, room.ev, NULL, NULL));
		if (!WIFSIGNALED(status))
			break;
		CHECK_EQ(WTERMSIG(status), SIGKILL);
		killed++;
		test_run("cp --sparse=always %s %s && rm -rf %s/state", base,
			 room.image, room.top);
	}
	CHECK_EQ(status, 0);
	CHECK(killed >= 6);
	printf("# killed %d times\n", killed);
	room_check_wraps(&room, "a/1 b/1 c/1");
	finish();
}
