// SPDX-License-Identifier: GPL-2.0-or-later
/* The file that a service key is backed up in, and its way into a keystore. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/service/transfer.h"

#define HEAD_SIZE 68
#define MEMORY_AT 8
#define PASSES_AT 12
#define LANES_AT 16
#define LENGTH_AT 64

/* The least that is taken: what it costs is not what most tests are about. */
static const struct envol_backup_cost cheap = { 8 * 1024, 1, 1 };

static struct envol *ev;
static struct envol_secret passphrase;
static char top[] = "/tmp/envol-backup-XXXXXX";

static void setup(void)
{
	CHECK_OK(envol_new(&ev));
	CHECK(mkdtemp(top));
	CHECK_OK(envol_set_keystore(ev, top));
	CHECK_OK(envol_set_tpm(ev, "none"));
	CHECK_OK(envol_secret_copy(ev, &passphrase, (uint8_t *)"horse", 5));
}

static void teardown(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", top);
	CHECK_EQ(system(command), 0);
	envol_secret_wipe(&passphrase);
	envol_free(ev);
}

static void fill(struct envol_backup *backup, const char *name, size_t n)
{
	size_t i;

	strcpy(backup->name, name);
	backup->versions = calloc(n, sizeof(*backup->versions));
	CHECK(backup->versions);
	backup->n_versions = n;
	for (i = 0; i < n; i++) {
		backup->versions[i].created = 1767225600 + (int64_t)i;
		backup->versions[i].enabled = i % 3 != 1;
	}
	CHECK_OK(envol_random_secret(ev, &backup->keks,
				     n * ENVOL_RECORD_KEK_SIZE));
}

static void check_same(const struct envol_backup *a, const struct envol_backup *b)
{
	size_t i;

	CHECK_STR_EQ(a->name, b->name);
	CHECK_EQ(a->n_versions, b->n_versions);
	CHECK(envol_secret_equal(&a->keks, &b->keks));
	for (i = 0; i < a->n_versions; i++) {
		CHECK_EQ(a->versions[i].created, b->versions[i].created);
		CHECK_EQ(a->versions[i].enabled, b->versions[i].enabled);
	}
}

static void check_decode(const struct envol_blob *file, int want,
			 const char *sentence)
{
	struct envol_backup out = ENVOL_BACKUP_INIT;

	CHECK_ERR(envol_backup_decode(ev, file, &passphrase, &out), want);
	CHECK_STR_HAS(envol_error_message(ev), sentence);
	CHECK(!out.keks.data && !out.versions);
}

/* As somebody would who knows the format. */
static void redo_checksum(struct envol_blob *file)
{
	size_t summed = file->len - ENVOL_DIGEST_SIZE;

	CHECK_OK(envol_digest_sha256(ev, file->data, summed,
				     file->data + summed));
}

TEST(a_backup_comes_back_of_the_fewest_and_the_most_versions)
{
	static const size_t counts[] = { 1, ENVOL_RECORD_VERSIONS };
	size_t i;

	setup();
	for (i = 0; i < TEST_ARRAY_SIZE(counts); i++) {
		_cleanup_backup_ struct envol_backup in = ENVOL_BACKUP_INIT;
		_cleanup_backup_ struct envol_backup out = ENVOL_BACKUP_INIT;
		_cleanup_blob_ struct envol_blob file = ENVOL_BLOB_INIT;

		fill(&in, "disk7", counts[i]);
		CHECK_OK(envol_backup_encode(ev, &in, &passphrase, &cheap, &file));
		CHECK(file.len < ENVOL_MESSAGE_FILE_MAX);
		CHECK_OK(envol_backup_decode(ev, &file, &passphrase, &out));
		check_same(&in, &out);
	}
	teardown();
}

TEST(another_passphrase_is_told_from_damage)
{
	_cleanup_backup_ struct envol_backup in = ENVOL_BACKUP_INIT;
	_cleanup_blob_ struct envol_blob file = ENVOL_BLOB_INIT;

	setup();
	fill(&in, "disk7", 2);
	CHECK_OK(envol_backup_encode(ev, &in, &passphrase, &cheap, &file));
	passphrase.data[0] ^= 1;
	check_decode(&file, -EKEYREJECTED, "another passphrase");
	passphrase.data[0] ^= 1;
	file.data[HEAD_SIZE] ^= 1;
	check_decode(&file, -EBADMSG, "damaged");
	teardown();
}

TEST(every_flipped_bit_and_every_cut_is_refused)
{
	_cleanup_backup_ struct envol_backup in = ENVOL_BACKUP_INIT;
	_cleanup_blob_ struct envol_blob file = ENVOL_BLOB_INIT;
	size_t i, len;
	int bit;

	setup();
	fill(&in, "disk7", 2);
	CHECK_OK(envol_backup_encode(ev, &in, &passphrase, &cheap, &file));
	for (i = 0; i < file.len; i++)
		for (bit = 1; bit < 256; bit <<= 1) {
			file.data[i] ^= bit;
			check_decode(&file, i < 7 ? -EMEDIUMTYPE :
				     i == 7 ? -EPROTONOSUPPORT : -EBADMSG, "");
			file.data[i] ^= bit;
		}
	len = file.len;
	for (file.len = 0; file.len < len; file.len++)
		check_decode(&file, file.len < 8 ? -EMEDIUMTYPE : -EBADMSG, "");
	CHECK_OK(envol_blob_append(&file, "", 1));
	check_decode(&file, -EBADMSG, "");
	teardown();
}

/* The checksum keeps nobody out; the tag does. Where work is chosen by the file it is bounded. */
TEST(a_file_that_was_changed_with_care_is_refused)
{
	static const size_t places[] = { 20, 51, 52, 63, HEAD_SIZE,
					 HEAD_SIZE + 5, HEAD_SIZE + 60 };
	_cleanup_backup_ struct envol_backup in = ENVOL_BACKUP_INIT;
	_cleanup_blob_ struct envol_blob file = ENVOL_BLOB_INIT;
	size_t i;

	setup();
	fill(&in, "disk7", 2);
	CHECK_OK(envol_backup_encode(ev, &in, &passphrase, &cheap, &file));
	for (i = 0; i < TEST_ARRAY_SIZE(places); i++) {
		file.data[places[i]] ^= 0x10;
		redo_checksum(&file);
		check_decode(&file, -EKEYREJECTED, "changed");
		file.data[places[i]] ^= 0x10;
	}
	/* The tag itself. */
	file.data[file.len - ENVOL_DIGEST_SIZE - 1] ^= 1;
	redo_checksum(&file);
	check_decode(&file, -EKEYREJECTED, "changed");
	teardown();
}

TEST(a_file_may_not_ask_for_boundless_work)
{
	static const struct {
		size_t at;
		uint32_t value;
	} cases[] = {
		{ MEMORY_AT, 0 }, { MEMORY_AT, 8 * 1024 - 1 },
		{ MEMORY_AT, 1024 * 1024 + 1 }, { MEMORY_AT, UINT32_MAX },
		{ PASSES_AT, 0 }, { PASSES_AT, 17 },
		{ LANES_AT, 0 }, { LANES_AT, 17 },
		{ LENGTH_AT, 0 }, { LENGTH_AT, 1 }, { LENGTH_AT, UINT32_MAX },
	};
	_cleanup_backup_ struct envol_backup in = ENVOL_BACKUP_INIT;
	_cleanup_blob_ struct envol_blob file = ENVOL_BLOB_INIT;
	size_t i;

	setup();
	fill(&in, "disk7", 1);
	CHECK_OK(envol_backup_encode(ev, &in, &passphrase, &cheap, &file));
	alarm(10);
	for (i = 0; i < TEST_ARRAY_SIZE(cases); i++) {
		uint8_t saved[4];

		memcpy(saved, file.data + cases[i].at, 4);
		memcpy(file.data + cases[i].at, &cases[i].value, 4);
		redo_checksum(&file);
		check_decode(&file, -EBADMSG, "out of bounds");
		memcpy(file.data + cases[i].at, saved, 4);
	}
	teardown();
}

/* Who knows the passphrase can write any content: it is checked like the rest. */
TEST(content_that_is_no_key_is_refused)
{
	static const char *const names[] = { "", "../root", "a b", ".x" };
	size_t i;

	setup();
	for (i = 0; i < TEST_ARRAY_SIZE(names); i++) {
		_cleanup_backup_ struct envol_backup in = ENVOL_BACKUP_INIT;
		_cleanup_blob_ struct envol_blob file = ENVOL_BLOB_INIT;

		fill(&in, names[i], 1);
		CHECK_OK(envol_backup_encode(ev, &in, &passphrase, &cheap, &file));
		check_decode(&file, -EBADMSG, "not a key");
	}
	for (i = 0; i < 2; i++) {
		_cleanup_backup_ struct envol_backup in = ENVOL_BACKUP_INIT;
		_cleanup_blob_ struct envol_blob file = ENVOL_BLOB_INIT;

		fill(&in, "a", 1);
		if (i == 0)
			in.versions[0].created = -1;
		else
			in.n_versions = 0;
		CHECK_OK(envol_backup_encode(ev, &in, &passphrase, &cheap, &file));
		check_decode(&file, -EBADMSG, "not a key");
	}
	teardown();
}

/* Documentation/keystore.md, to the byte. */
TEST(the_file_is_as_documented)
{
	_cleanup_backup_ struct envol_backup in = ENVOL_BACKUP_INIT;
	_cleanup_backup_ struct envol_backup out = ENVOL_BACKUP_INIT;
	_cleanup_blob_ struct envol_blob file = ENVOL_BLOB_INIT;
	static const uint8_t head[] = { 'E', 'N', 'V', 'O', 'L', 'K', 'B', '1',
					0, 0, 4, 0, 4, 0, 0, 0, 4, 0, 0, 0 };

	setup();
	fill(&in, "disk7", 3);
	CHECK_OK(envol_backup_encode(ev, &in, &passphrase, NULL, &file));
	CHECK_MEM_EQ(file.data, head, sizeof(head));
	CHECK_EQ(file.data[LENGTH_AT] | file.data[LENGTH_AT + 1] << 8,
		 4 + 5 + 4 + 3 * 44);
	CHECK_EQ(file.len, HEAD_SIZE + 4 + 5 + 4 + 3 * 44 + 16 + 32);
	CHECK_OK(envol_backup_decode(ev, &file, &passphrase, &out));
	check_same(&in, &out);
	teardown();
}

/* ---- into a keystore ------------------------------------------------------------- */

static int import(const struct envol_backup *backup, bool replace)
{
	_cleanup_keystore_ struct envol_keystore ks = ENVOL_KEYSTORE_INIT;

	CHECK_OK(envol_keystore_open(ev, ENVOL_KEYSTORE_CREATE,
				     envol_deadline_in(1000), &ks));
	return envol_transfer_import(&ks, backup, replace);
}

static void check_exports_as(const struct envol_backup *want)
{
	_cleanup_keystore_ struct envol_keystore ks = ENVOL_KEYSTORE_INIT;
	_cleanup_record_ struct envol_record record = ENVOL_RECORD_INIT;
	_cleanup_backup_ struct envol_backup got = ENVOL_BACKUP_INIT;

	CHECK_OK(envol_keystore_open(ev, ENVOL_KEYSTORE_READ,
				     envol_deadline_in(1000), &ks));
	CHECK_OK(envol_keystore_load(&ks, want->name, &record));
	CHECK_OK(envol_transfer_export(&ks, &record, &got));
	check_same(&got, want);
}

static void break_key(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/disk7.key", top);
	CHECK_EQ(truncate(path, 100), 0);
}

TEST(a_restored_key_is_what_was_backed_up)
{
	_cleanup_backup_ struct envol_backup one = ENVOL_BACKUP_INIT;
	_cleanup_backup_ struct envol_backup other = ENVOL_BACKUP_INIT;

	setup();
	fill(&one, "disk7", 4);
	fill(&other, "disk8", 1);
	CHECK_OK(import(&one, false));
	CHECK_OK(import(&other, false));
	check_exports_as(&one);
	check_exports_as(&other);
	teardown();
}

TEST(an_existing_key_is_replaced_only_if_told_and_only_if_nothing_is_lost)
{
	_cleanup_backup_ struct envol_backup two = ENVOL_BACKUP_INIT;
	_cleanup_backup_ struct envol_backup three = ENVOL_BACKUP_INIT;
	char path[64];

	setup();
	fill(&two, "disk7", 2);
	fill(&three, "disk7", 3);
	CHECK_OK(import(&two, true));
	CHECK_ERR(import(&three, false), -EEXIST);
	check_exports_as(&two);
	CHECK_OK(import(&three, true));
	check_exports_as(&three);
	CHECK_ERR(import(&two, true), -ESTALE);
	CHECK_STR_HAS(envol_error_message(ev), "3 versions");
	check_exports_as(&three);

	/* A damaged one has nothing to lose, but is not replaced unasked either. */
	break_key();
	CHECK_ERR(import(&two, false), -EEXIST);
	CHECK_STR_HAS(envol_error_message(ev), "damaged");
	CHECK_OK(import(&two, true));
	check_exports_as(&two);

	/* One whose file is gone is no longer there. */
	snprintf(path, sizeof(path), "%s/disk7.key", top);
	CHECK_EQ(unlink(path), 0);
	CHECK_OK(import(&three, false));
	check_exports_as(&three);
	teardown();
}

TEST(a_key_that_can_not_be_judged_is_left_alone)
{
	_cleanup_backup_ struct envol_backup one = ENVOL_BACKUP_INIT;
	char path[64];

	setup();
	fill(&one, "disk7", 1);
	CHECK_OK(import(&one, false));
	snprintf(path, sizeof(path), "%s/disk7.key", top);
	CHECK_EQ(chmod(path, 0666), 0);
	CHECK_ERR(import(&one, true), -EPERM);
	CHECK_STR_HAS(envol_error_message(ev), "others may write");
	teardown();
}
