// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens without the mapping, on a disk image, by service keys: what a DEK has to pass. */
#include "tests/unit/volume/room.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/metadata/header.h"
#include "userspace/lib/volume/dek.h"

static struct room room;
static char fingerprint[ENVOL_FINGERPRINT_SIZE];

/* A volume under each of @keks; its fingerprint is kept. */
static void make_volume(const struct envol_kek_choice *keks, size_t n)
{
	_cleanup_secret_ struct envol_secret dek = ENVOL_SECRET_INIT;
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	_cleanup_header_ struct envol_header *h = NULL;
	struct envol_header_format format = {
		.device = room.image,
		.key_size = 64,
		.sector_size = 4096,
		.data_offset = ENVOL_HEADER_SIZE,
	};
	struct envol_volume_info info;
	struct envol_volume_open open = {
		.source.device = room.image,
		.test = true,
	};

	CHECK_OK(envol_random_secret(room.ev, &dek, 64));
	CHECK_OK(envol_random_bytes(room.ev, token.volume_id,
				    sizeof(token.volume_id)));
	token.policy = strdup("");
	for (; token.n_wraps < n; token.n_wraps++)
		CHECK_OK(envol_dek_wrap(room.ev, token.volume_id,
					&keks[token.n_wraps], &dek,
					&token.wraps[token.n_wraps]));
	if (envol_header_format(room.ev, &format, &dek, &token, &h))
		FAIL("%s", envol_error_message(room.ev));
	if (envol_volume_open(room.ev, &open, &info))
		FAIL("%s", envol_error_message(room.ev));
	CHECK_EQ(info.opened_by, 0);
	CHECK_EQ(info.generation, 1);
	CHECK_EQ(info.n_wraps, n);
	CHECK_EQ(strlen(info.fingerprint), 32);
	strcpy(fingerprint, info.fingerprint);
	envol_volume_info_free(&info);
}

static void setup(void)
{
	static const struct envol_kek_choice keks[] = { { .uri = "a" },
							{ .uri = "b" } };

	room_open(&room);
	room_make_key(&room, "a");
	room_make_key(&room, "b");
	room_make_key(&room, "c");
	make_volume(keks, 2);
}

static int test_open(const struct envol_volume_source *how, int *opened_by)
{
	struct envol_volume_open open = { .source = *how, .test = true };
	struct envol_volume_info info;
	int err;

	open.source.device = room.image;
	err = envol_volume_open(room.ev, &open, &info);
	if (opened_by)
		*opened_by = info.opened_by;
	if (!err)
		envol_volume_info_free(&info);
	return err;
}

static void check_said(const char *text)
{
	CHECK_STR_HAS(envol_error_message(room.ev), text);
}

TEST(a_kek_that_is_disabled_lets_the_next_one_open)
{
	const struct envol_volume_source any = { 0 };
	int opened_by;

	setup();
	CHECK_OK(envol_key_disable(room.ev, "a", NULL));
	CHECK_OK(test_open(&any, &opened_by));
	CHECK_EQ(opened_by, 1);
	CHECK_OK(envol_key_disable(room.ev, "b", NULL));
	CHECK_ERR(test_open(&any, NULL), -EKEYREVOKED);
	check_said("none of 2 KEKs opens the volume");
	check_said("service:a");
	check_said("service:b");
	CHECK_OK(envol_key_enable(room.ev, "a", NULL));
	CHECK_OK(test_open(&any, &opened_by));
	CHECK_EQ(opened_by, 0);
	room_close(&room);
}

TEST(only_keks_that_are_allowed_are_used)
{
	static const char *const only_b[] = { "b" }, *const only_c[] = { "c" };
	struct envol_volume_source source = { .keks = only_b, .n_keks = 1 };
	int opened_by;

	setup();
	CHECK_OK(test_open(&source, &opened_by));
	CHECK_EQ(opened_by, 1);
	source.keks = only_c;
	CHECK_ERR(test_open(&source, NULL), -EACCES);
	check_said("(service:a, service:b)");
	source.n_keks = 0;
	CHECK_ERR(test_open(&source, NULL), -EACCES);
	room_close(&room);
}

TEST(another_fingerprint_is_another_volume)
{
	struct envol_volume_source source = { .id = fingerprint };
	char other[ENVOL_FINGERPRINT_SIZE];

	setup();
	CHECK_OK(test_open(&source, NULL));
	strcpy(other, fingerprint);
	other[31] = other[31] == '0' ? '1' : '0';
	source.id = other;
	CHECK_ERR(test_open(&source, NULL), -EKEYREJECTED);
	check_said(fingerprint);
	check_said(other);
	source.id = "0123";
	CHECK_ERR(test_open(&source, NULL), -EINVAL);
	room_close(&room);
}

TEST(unattended_takes_keks_and_a_fingerprint_from_configuration)
{
	static const char *const keks[] = { "a" };
	struct envol_volume_source source = { .unattended = true };

	setup();
	CHECK_ERR(test_open(&source, NULL), -EINVAL);
	check_said("needs the KEKs");
	source.keks = keks;
	source.n_keks = 1;
	CHECK_ERR(test_open(&source, NULL), -EINVAL);
	check_said("fingerprint");
	source.id = fingerprint;
	CHECK_OK(test_open(&source, NULL));
	room_close(&room);
}

/* The log says for how long it waited, so that nothing hangs on this machine's clock. */
static unsigned int waits, longest_ms;

static void note_wait(enum envol_log_level level, const char *line, void *data)
{
	const char *at = strstr(line, ": in ");
	unsigned int ms;

	if (!at || sscanf(at, ": in %u ms, within the spread", &ms) != 1)
		return;
	waits++;
	longest_ms = ms > longest_ms ? ms : longest_ms;
}

TEST(only_an_unattended_open_waits_for_its_turn)
{
	static const char *const keks[] = { "a" };
	struct envol_volume_source source = { .keks = keks, .n_keks = 1 };
	unsigned int i;

	setup();
	source.id = fingerprint;
	envol_set_log(room.ev, note_wait, NULL, ENVOL_LOG_INFO);
	CHECK_OK(envol_set_spread(room.ev, 3600000));
	CHECK_OK(test_open(&source, NULL));
	CHECK_EQ(waits, 0);
	source.unattended = true;
	CHECK_OK(envol_set_spread(room.ev, 0));
	CHECK_OK(test_open(&source, NULL));
	CHECK_EQ(waits, 0);
	CHECK_OK(envol_set_spread(room.ev, 50));
	for (i = 0; i < 10; i++)
		CHECK_OK(test_open(&source, NULL));
	CHECK(waits > 5 && longest_ms > 5 && longest_ms < 50);
	room_close(&room);
}

/* Another volume with the same KEK in its place: what only the fingerprint shows. */
TEST(a_volume_that_took_anothers_place)
{
	static const struct envol_kek_choice kek = { .uri = "a" };
	struct envol_volume_source source = { 0 };
	char first[ENVOL_FINGERPRINT_SIZE];

	setup();
	strcpy(first, fingerprint);
	room_make_file(room.image, 8 << 20);
	make_volume(&kek, 1);
	CHECK_OK(test_open(&source, NULL));
	source.id = first;
	CHECK_ERR(test_open(&source, NULL), -EKEYREJECTED);
	room_close(&room);
}

TEST(a_header_older_than_one_that_was_seen)
{
	struct envol_volume_source source = { 0 };

	setup();
	/* as if a change had been made and its header been replaced by this one */
	test_run("cd %s/state/volumes && f=$(ls) && printf 'envol volume 1\\ngeneration 4\\n' >$f",
		 room.top);
	CHECK_ERR(test_open(&source, NULL), -ESTALE);
	check_said("generation 1, but 4 ");
	source.allow_older = true;
	CHECK_OK(test_open(&source, NULL));
	source.allow_older = false;
	CHECK_OK(test_open(&source, NULL));
	room_close(&room);
}

TEST(a_double_key_needs_both)
{
	static const struct envol_kek_choice both = { .uri = "a", .second = "b" };
	static const char *const only_a[] = { "a" }, *const all[] = { "b", "a" };
	struct envol_volume_source source = { .keks = only_a, .n_keks = 1 };

	setup();
	room_make_file(room.image, 8 << 20);
	make_volume(&both, 1);
	CHECK_ERR(test_open(&source, NULL), -EACCES);
	source.keks = all;
	source.n_keks = 2;
	CHECK_OK(test_open(&source, NULL));
	CHECK_OK(envol_key_disable(room.ev, "b", NULL));
	CHECK_ERR(test_open(&source, NULL), -EKEYREVOKED);
	check_said("service:b");
	room_close(&room);
}

TEST(what_is_no_volume_and_what_is_not_there)
{
	struct envol_volume_source source = { 0 };
	struct envol_volume_info info;

	setup();
	room_make_file(room.file, 8 << 20);
	test_run("cp %s %s", room.file, room.image);
	CHECK_ERR(test_open(&source, NULL), -ENODATA);
	check_said(room.image);
	CHECK_EQ(unlink(room.image), 0);
	CHECK_ERR(test_open(&source, NULL), -ENOENT);
	CHECK_ERR(envol_volume_status(room.ev, room.image, NULL, &info), -ENOENT);
	CHECK_EQ(info.opened_by, -1);
	room_close(&room);
}

TEST(status_of_an_image_uses_no_kek)
{
	struct envol_volume_info info;

	setup();
	CHECK_OK(envol_key_disable(room.ev, "a", NULL));
	CHECK_OK(envol_key_disable(room.ev, "b", NULL));
	CHECK_OK(envol_volume_status(room.ev, room.image, NULL, &info));
	CHECK_STR_EQ(info.device, room.image);
	CHECK_STR_EQ(info.cipher, "aes-xts-plain64");
	CHECK_EQ(info.sector_size, 4096);
	CHECK_EQ(info.key_size, 64);
	CHECK_EQ(info.data_offset, ENVOL_HEADER_SIZE);
	CHECK_EQ(info.data_size, (8 << 20) - ENVOL_HEADER_SIZE);
	CHECK_STR_EQ(info.wraps[1].parts[0].uri, "service:b");
	CHECK_STR_EQ(info.fingerprint, "");
	CHECK_EQ(info.opened_by, -1);
	CHECK(!info.name);
	envol_volume_info_free(&info);
	room_close(&room);
}
