// SPDX-License-Identifier: GPL-2.0-or-later
/* One suite for every KEK URI: what libenvol promises its callers, whoever keeps the KEK. */
#include "tests/provider/conformance.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/kek.h"

#define SLACK_MS 1500	/* of a loaded machine */

static const uint8_t volume_id[ENVOL_KEK_ID_SIZE] = { 0xe7, 1, 2, 3 };

static struct place place;
static struct envol *ev;
static const char *uri;

static void setup(void)
{
	place_open(&place);
	if (conformance.start)
		conformance.start(&place);
	ev = place.ev;
	uri = conformance.uri;
	if (conformance.creates) {
		CHECK_OK(envol_key_create(ev, uri, NULL));
		CHECK_OK(envol_key_create(ev, conformance.other_uri, NULL));
	}
	if (conformance.made)
		conformance.made(&place);
}

static void teardown(void)
{
	if (conformance.stop)
		conformance.stop(&place);
	place_close(&place);
}

static void wrap_random(size_t len, struct envol_secret *key,
			struct envol_wrapped *wrapped)
{
	CHECK_OK(envol_random_secret(ev, key, len));
	if (envol_kek_wrap(ev, uri, volume_id, key, wrapped))
		FAIL("%zu bytes: %s", len, envol_error_message(ev));
	CHECK(wrapped->version && *wrapped->version);
	CHECK(wrapped->algorithm && *wrapped->algorithm);
	CHECK(wrapped->bytes.len > 0 &&
	      wrapped->bytes.len <= ENVOL_KEK_WRAPPED_MAX);
}

/* 0 and the right key, or an error and none. */
static int unwrap(const char *with, const struct envol_wrapped *wrapped,
		  const struct envol_secret *want)
{
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	int err = envol_kek_unwrap(ev, with, volume_id, wrapped, &back);

	if (err == 0 && !envol_secret_equal(&back, want))
		FAIL("unwrapped to another key, and no error");
	if (err) {
		CHECK(!back.data);
		CHECK_STR_HAS(envol_error_message(ev), with);
	}
	return err;
}

static void check_rejected(const char *what, size_t at,
			   const struct envol_wrapped *wrapped,
			   const struct envol_secret *key)
{
	int err = unwrap(uri, wrapped, key);

	if (err != -EBADMSG && err != -EKEYREJECTED)
		FAIL("%s %zu: %d, %s", what, at, err, envol_error_message(ev));
}

TEST(keys_of_every_size_come_back)
{
	static const size_t lens[] = { 1, 16, 17, 24, 31, 32, 33, 48, 63, 64 };
	size_t i;

	setup();
	for (i = 0; i < TEST_ARRAY_SIZE(lens); i++) {
		_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
		_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;

		if (conformance.eights && (lens[i] < 16 || lens[i] % 8))
			continue;
		wrap_random(lens[i], &key, &wrapped);
		CHECK_OK(unwrap(uri, &wrapped, &key));
		CHECK_OK(unwrap(uri, &wrapped, &key));
	}
	teardown();
}

TEST(a_key_that_is_too_long_or_empty_is_not_wrapped)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;

	setup();
	CHECK_ERR(envol_kek_wrap(ev, uri, volume_id, &key, &wrapped), -EINVAL);
	CHECK_OK(envol_random_secret(ev, &key, ENVOL_KEK_KEY_MAX + 1));
	CHECK_ERR(envol_kek_wrap(ev, uri, volume_id, &key, &wrapped), -EINVAL);
	teardown();
}

TEST(another_kek_does_not_unwrap)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	int err;

	setup();
	wrap_random(64, &key, &wrapped);
	err = unwrap(conformance.other_uri, &wrapped, &key);
	CHECK(err == -EBADMSG || err == -EKEYREJECTED || err == -ENOENT);
	teardown();
}

TEST(every_flipped_byte_of_a_wrap_is_rejected)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	size_t i;

	setup();
	wrap_random(64, &key, &wrapped);
	for (i = 0; i < wrapped.bytes.len; i += conformance.stride + !conformance.stride) {
		wrapped.bytes.data[i] ^= 1 << i % 8;
		check_rejected("flipped byte", i, &wrapped, &key);
		wrapped.bytes.data[i] ^= 1 << i % 8;
	}
	CHECK_OK(unwrap(uri, &wrapped, &key));
	teardown();
}

TEST(a_wrap_of_another_length_is_rejected)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	static const uint8_t more[16];
	size_t len;

	setup();
	wrap_random(64, &key, &wrapped);
	len = wrapped.bytes.len;
	for (wrapped.bytes.len = 0; wrapped.bytes.len < len;
	     wrapped.bytes.len += len / 9)
		check_rejected("length", wrapped.bytes.len, &wrapped, &key);
	wrapped.bytes.len = len;
	while (wrapped.bytes.len < len + 16) {
		CHECK_OK(envol_blob_append(&wrapped.bytes, more, 4));
		check_rejected("length", wrapped.bytes.len, &wrapped, &key);
	}
	while (wrapped.bytes.len <= ENVOL_KEK_WRAPPED_MAX)
		CHECK_OK(envol_blob_append(&wrapped.bytes, more, sizeof(more)));
	check_rejected("length", wrapped.bytes.len, &wrapped, &key);
	teardown();
}

static void replace(char **string, const char *with)
{
	free(*string);
	*string = strdup(with);
	CHECK(*string);
}

TEST(another_version_or_algorithm_is_rejected)
{
	static const char *const versions[] = { "", "0", "2", "00", " 1",
						"no-such-version", "../1" };
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	_cleanup_free_ char *version = NULL;
	size_t i;
	int err;

	setup();
	wrap_random(64, &key, &wrapped);
	version = strdup(wrapped.version);
	CHECK(version);
	for (i = 0; i < TEST_ARRAY_SIZE(versions); i++) {
		replace(&wrapped.version, versions[i]);
		err = unwrap(uri, &wrapped, &key);
		if (err != -ENOENT && err != -EBADMSG && err != -EKEYREJECTED)
			FAIL("version \"%s\": %d", versions[i], err);
	}
	replace(&wrapped.version, version);
	replace(&wrapped.algorithm, "ROT13");
	CHECK_ERR(unwrap(uri, &wrapped, &key), -EBADMSG);
	replace(&wrapped.algorithm, "");
	CHECK_ERR(unwrap(uri, &wrapped, &key), -EBADMSG);
	teardown();
}

/* Some algorithms bind it and some can't: never a wrong key, whichever it is. */
TEST(another_volume_gets_the_key_or_an_error)
{
	const uint8_t other_id[ENVOL_KEK_ID_SIZE] = { 9 };
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	int err;

	setup();
	wrap_random(64, &key, &wrapped);
	err = envol_kek_unwrap(ev, uri, other_id, &wrapped, &back);
	CHECK(err ? err == -EBADMSG || err == -EKEYREJECTED :
		    envol_secret_equal(&key, &back));
	teardown();
}

TEST(an_unknown_key_is_named)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	_cleanup_wrapped_ struct envol_wrapped none = ENVOL_WRAPPED_INIT;
	const char *unknown = conformance.unknown_uri;

	setup();
	wrap_random(64, &key, &wrapped);
	CHECK_ERR(envol_key_show(ev, unknown, NULL), -ENOENT);
	CHECK_STR_HAS(envol_error_message(ev), unknown);
	CHECK_ERR(envol_kek_wrap(ev, unknown, volume_id, &key, &none), -ENOENT);
	CHECK_STR_HAS(envol_error_message(ev), unknown);
	CHECK_ERR(unwrap(unknown, &wrapped, &key), -ENOENT);
	CHECK_ERR(envol_kek_enrol(ev, unknown, volume_id, NULL), -ENOENT);
	teardown();
}

TEST(a_key_is_described_and_enrolled)
{
	struct envol_key_info info = { 0 };
	size_t i;

	setup();
	CHECK_OK(envol_key_show(ev, uri, &info));
	CHECK_STR_EQ(info.uri, uri);
	CHECK(info.type && *info.type);
	CHECK(info.protection && *info.protection);
	CHECK(info.n_versions > 0);
	for (i = 0; i < info.n_versions; i++)
		CHECK(info.versions[i].version && *info.versions[i].version);
	envol_key_info_free(&info);
	CHECK_OK(envol_kek_enrol(ev, uri, volume_id, NULL));
	teardown();
}

TEST(an_existing_key_is_not_created_again)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;

	setup();
	wrap_random(64, &key, &wrapped);
	CHECK_ERR(envol_key_create(ev, uri, NULL),
		  conformance.creates ? -EEXIST : -EOPNOTSUPP);
	CHECK_OK(unwrap(uri, &wrapped, &key));
	teardown();
}

TEST(the_list_has_the_keys)
{
	struct envol_key_info *infos = NULL;
	size_t i, n = 0, found = 0;
	char scheme[16] = "";
	int err;

	setup();
	strncat(scheme, uri, strcspn(uri, ":"));
	err = envol_key_list(ev, scheme, &infos, &n);
	CHECK_ERR(err, conformance.lists ? 0 : -EOPNOTSUPP);
	for (i = 0; i < n; i++) {
		found += strcmp(infos[i].uri, uri) == 0 ||
			 strcmp(infos[i].uri, conformance.other_uri) == 0;
		CHECK(infos[i].type && infos[i].n_versions);
		envol_key_info_free(&infos[i]);
	}
	free(infos);
	CHECK_EQ(found, conformance.lists ? 2 : 0);
	teardown();
}

TEST(a_new_version_wraps_and_the_old_goes_on_unwrapping)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret newer_key = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	_cleanup_wrapped_ struct envol_wrapped newer = ENVOL_WRAPPED_INIT;
	struct envol_key_info info = { 0 };

	setup();
	wrap_random(64, &key, &wrapped);
	CHECK_ERR(envol_key_rotate(ev, uri, &info),
		  conformance.rotates ? 0 : -EOPNOTSUPP);
	if (conformance.rotates) {
		wrap_random(64, &newer_key, &newer);
		CHECK(strcmp(newer.version, wrapped.version) != 0);
		CHECK_STR_EQ(info.versions[info.n_versions - 1].version,
			     newer.version);
		CHECK_OK(unwrap(uri, &wrapped, &key));
		CHECK_OK(unwrap(uri, &newer, &newer_key));
		/* The version is not decoration. */
		replace(&newer.version, wrapped.version);
		check_rejected("other version", 0, &newer, &newer_key);
		envol_key_info_free(&info);
	}
	teardown();
}

TEST(a_disabled_key_neither_wraps_nor_unwraps)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	_cleanup_wrapped_ struct envol_wrapped none = ENVOL_WRAPPED_INIT;

	setup();
	wrap_random(64, &key, &wrapped);
	CHECK_ERR(envol_key_disable(ev, uri, NULL),
		  conformance.disables ? 0 : -EOPNOTSUPP);
	if (conformance.disables) {
		CHECK_ERR(envol_kek_wrap(ev, uri, volume_id, &key, &none),
			  -EKEYREVOKED);
		CHECK_STR_HAS(envol_error_message(ev), "enable");
		CHECK_ERR(unwrap(uri, &wrapped, &key), -EKEYREVOKED);
		CHECK_STR_HAS(envol_error_message(ev), "enable");
		CHECK_ERR(envol_kek_enrol(ev, uri, volume_id, NULL), -EKEYREVOKED);
		CHECK_OK(envol_key_enable(ev, uri, NULL));
		CHECK_OK(unwrap(uri, &wrapped, &key));
		CHECK_OK(envol_kek_wrap(ev, uri, volume_id, &key, &none));
	}
	teardown();
}

TEST(one_version_can_be_disabled_by_itself)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	_cleanup_wrapped_ struct envol_wrapped newer = ENVOL_WRAPPED_INIT;

	setup();
	if (conformance.disables && conformance.rotates) {
		wrap_random(64, &key, &wrapped);
		CHECK_OK(envol_key_rotate(ev, uri, NULL));
		CHECK_OK(envol_kek_wrap(ev, uri, volume_id, &key, &newer));
		CHECK_OK(envol_key_disable(ev, uri, wrapped.version));
		CHECK_ERR(unwrap(uri, &wrapped, &key), -EKEYREVOKED);
		CHECK_OK(unwrap(uri, &newer, &key));
		CHECK_ERR(envol_key_enable(ev, uri, "no-such-version"),
			  -ENOENT);
		CHECK_OK(envol_key_enable(ev, uri, wrapped.version));
		CHECK_OK(unwrap(uri, &wrapped, &key));
	}
	teardown();
}

static void check_backup(const struct envol_secret *passphrase)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret wrong = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	struct envol_key_info info = { 0 };
	char file[256];

	snprintf(file, sizeof(file), "%s", place_path(&place, "backup"));
	wrap_random(64, &key, &wrapped);
	CHECK_OK(envol_key_backup(ev, uri, file, passphrase));
	CHECK_ERR(envol_key_backup(ev, uri, file, passphrase), -EEXIST);
	CHECK_ERR(envol_key_restore(ev, file, passphrase, false, NULL),
		  -EEXIST);
	CHECK_OK(envol_random_secret(ev, &wrong, 9));
	CHECK_ERR(envol_key_restore(ev, file, &wrong, true, NULL),
		  -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(ev), file);
	CHECK_OK(unwrap(uri, &wrapped, &key));
	CHECK_OK(envol_key_restore(ev, file, passphrase, true, &info));
	CHECK_STR_EQ(info.uri, uri);
	envol_key_info_free(&info);
	CHECK_OK(unwrap(uri, &wrapped, &key));
	CHECK_ERR(envol_key_restore(ev, "/etc/passwd", passphrase, true, NULL),
		  -EMEDIUMTYPE);
}

TEST(a_backup_makes_the_key_again)
{
	_cleanup_secret_ struct envol_secret passphrase = ENVOL_SECRET_INIT;

	setup();
	CHECK_OK(envol_random_secret(ev, &passphrase, 20));
	if (conformance.backs_up)
		check_backup(&passphrase);
	else if (!conformance.backs_up_elsewhere)
		CHECK_ERR(envol_key_backup(ev, uri, place_path(&place, "x"),
					   &passphrase), -EOPNOTSUPP);
	teardown();
}

TEST(eight_processes_use_a_kek_at_once)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	uint8_t sum[64];
	int i, status;

	setup();
	wrap_random(64, &key, &wrapped);
	memcpy(sum, key.data, sizeof(sum));
	for (i = 0; i < 8; i++)
		if (fork() == 0) {
			_cleanup_secret_ struct envol_secret back =
				ENVOL_SECRET_INIT;
			int n, bad = 0;

			/* A secret is zero after a fork; what is compared with is not one. */
			for (n = 0; n < 4 && !bad; n++) {
				bad = envol_kek_unwrap(ev, uri, volume_id,
						       &wrapped, &back) ||
				      memcmp(back.data, sum, sizeof(sum)) != 0;
				envol_secret_wipe(&back);
			}
			if (bad)
				printf("# %s\n", envol_error_message(ev));
			fflush(stdout);
			_exit(bad);
		}
	for (i = 0; i < 8; i++) {
		CHECK(wait(&status) > 0);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	teardown();
}

TEST(the_deadline_is_kept_however_short)
{
	static const unsigned int timeouts_ms[] = { 1, 2, 5, 10, 20, 40, 80 };
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	size_t i;

	setup();
	wrap_random(64, &key, &wrapped);
	for (i = 0; i < TEST_ARRAY_SIZE(timeouts_ms); i++) {
		int64_t began = envol_deadline_now_ms();
		int err;

		CHECK_OK(envol_set_timeout(ev, timeouts_ms[i]));
		err = unwrap(uri, &wrapped, &key);
		CHECK(envol_deadline_now_ms() - began <
		      timeouts_ms[i] + SLACK_MS);
		if (err && err != -ETIMEDOUT && err != -EBUSY)
			FAIL("%u ms: %d, %s", timeouts_ms[i], err,
			     envol_error_message(ev));
		if (conformance.mend)
			conformance.mend(&place);
	}
	CHECK_OK(envol_set_timeout(ev, 30000));
	CHECK_OK(unwrap(uri, &wrapped, &key));
	teardown();
}

TEST(every_use_leaves_an_audit_record)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	char want[1200];

	setup();
	unlink(place_path(&place, "state/audit.log"));
	wrap_random(64, &key, &wrapped);
	snprintf(want, sizeof(want),
		 "\"operation\":\"wrap\",\"uri\":\"%s\",\"kek_version\":\"%s\",\"volume\":\"e7010203000000000000000000000000\",\"result\":\"ok\"",
		 uri, wrapped.version);
	CHECK_STR_HAS(place_text(&place, "state/audit.log"), want);
	unlink(place_path(&place, "state/audit.log"));
	wrapped.bytes.data[0] ^= 1;
	CHECK(unwrap(uri, &wrapped, &key) != 0);
	CHECK_STR_HAS(place_text(&place, "state/audit.log"),
		      "\"operation\":\"unwrap\"");
	CHECK_STR_HAS(place_text(&place, "state/audit.log"), "\"result\":\"E");
	CHECK_STR_HAS(place_text(&place, "state/audit.log"), "\"message\":\"");
	teardown();
}
