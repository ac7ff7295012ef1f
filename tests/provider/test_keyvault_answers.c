// SPDX-License-Identifier: GPL-2.0-or-later
/* What becomes of every kind of answer that the double of Key Vault can give. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/test.h"
#include "tests/provider/keyvault.h"
#include "userspace/lib/base/deadline.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/kek.h"

#define DISK7 "https://corp.vault.azure.net/keys/disk7"
#define HSM   "https://bank.managedhsm.azure.net/keys/disk7"

static const uint8_t volume_id[ENVOL_KEK_ID_SIZE] = { 7 };

static struct keyvault keyvault;
static struct place place;
static struct envol *ev;
static struct envol_secret key;
static struct envol_wrapped wrapped;

static void set(const char *name, const char *value)
{
	CHECK_OK(envol_set_provider(ev, "https", NULL, name, value));
}

/* @uri NULL: no key is made. */
static void setup(const char *uri)
{
	place_open(&place);
	keyvault_start(&keyvault, &place);
	ev = place.ev;
	if (!uri)
		return;
	CHECK_OK(envol_key_create(ev, uri, NULL));
	CHECK_OK(envol_random_secret(ev, &key, 64));
	CHECK_OK(envol_kek_wrap(ev, uri, volume_id, &key, &wrapped));
}

static void teardown(void)
{
	envol_secret_wipe(&key);
	envol_wrapped_free(&wrapped);
	keyvault_stop(&keyvault);
	place_close(&place);
}

static int unwrap(const char *uri)
{
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	int err = envol_kek_unwrap(ev, uri, volume_id, &wrapped, &back);

	if (!err)
		CHECK(envol_secret_equal(&back, &key));
	return err;
}

struct row {
	const char *tell;
	int err;
	const char *says;
};

static void check_rows(const struct row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		int64_t began = envol_deadline_now_ms();
		int err;

		keyvault_tell(&keyvault, "%s", rows[i].tell);
		err = unwrap(DISK7);
		if (err != rows[i].err ||
		    (err && !strstr(envol_error_message(ev), rows[i].says)))
			FAIL("%s: %d, %s", rows[i].tell, err,
			     envol_error_message(ev));
		if (err)
			CHECK_STR_HAS(envol_error_message(ev), DISK7);
		/* Who was throttled stays away for the limits' window. */
		CHECK(envol_deadline_now_ms() - began < 30000);
		keyvault_tell(&keyvault, "heal");
		keyvault_tell(&keyvault,
			      "access vault=corp denied='[]' style=rbac network=open");
		keyvault_tell(&keyvault, "key name=disk7 vault=corp enabled=true");
	}
	CHECK_OK(envol_set_timeout(ev, 30000));
	CHECK_OK(unwrap(DISK7));
}

TEST(refusals_say_what_to_do)
{
	static const struct row rows[] = {
		{ "access vault=corp denied='[\"unwrapKey\"]'", -EACCES, "Key Vault Crypto Service Encryption User" },
		{ "access vault=corp denied='[\"unwrapKey\"]' style=policy", -EACCES, "key permission unwrapKey" },
		{ "access vault=corp network=firewall", -ENETUNREACH, "firewall" },
		{ "access vault=corp network=connection", -ENETUNREACH, "private endpoint" },
		{ "key name=disk7 vault=corp enabled=false", -EKEYREVOKED, "envol key enable " DISK7 },
		{ "fault do=status status=404 code=KeyNotFound path=unwrapkey", -ENOENT, "no such key" },
		{ "fault do=status status=401 path=unwrapkey", -EACCES, "tenant" },
		{ "fault do=redirect to=https://evil.vault.azure.net/ path=unwrapkey", -EPROTO, "redirect" },
		{ "fault do=status status=400 code=BadParameter message=no path=unwrapkey", -EBADMSG, "wrapped" },
		{ "fault do=throttle path=unwrapkey retry_after=600", -EAGAIN, "too often; again in 600 s" },
		{ "fault do=throttle path=unwrapkey times=1 retry_after=1", 0, "" },
		{ "fault do=status status=503 path=unwrapkey times=2", 0, "" },
		{ "fault do=reset path=unwrapkey times=1", 0, "" },
	};

	setup(DISK7);
	check_rows(rows, TEST_ARRAY_SIZE(rows));
	CHECK_STR_HAS(place.log, "again in");
	teardown();
}

TEST(what_is_throttled_is_tried_again_when_the_service_said)
{
	int64_t began;

	setup(DISK7);
	keyvault_tell(&keyvault, "fault do=throttle path=unwrapkey times=1 retry_after=2");
	began = envol_deadline_now_ms();
	CHECK_OK(unwrap(DISK7));
	CHECK(envol_deadline_now_ms() - began >= 2000);
	teardown();
}

TEST(what_makes_no_sense_is_refused_and_bounded)
{
	static const struct row rows[] = {
		{ "fault do=garbage path=unwrapkey", -EPROTO, "no JSON" },
		{ "fault do=html path=unwrapkey", -EPROTO, "no JSON" },
		{ "fault do=empty path=unwrapkey", -EPROTO, "no JSON" },
		{ "fault do=half_json path=unwrapkey", -EPROTO, "no JSON" },
		{ "fault do=not_object path=unwrapkey", -EPROTO, "no JSON" },
		{ "fault do=deep_json path=unwrapkey", -EMSGSIZE, "more than 65536 bytes" },
		{ "fault do=not_http path=unwrapkey", -EPROTO, "corp.vault.azure.net" },
		{ "fault do=endless path=unwrapkey", -EMSGSIZE, "more than 65536 bytes" },
		{ "fault do=huge size=70000 path=unwrapkey", -EMSGSIZE, "more than 65536 bytes" },
		{ "fault do=endless_headers path=unwrapkey", -EMSGSIZE, "headers" },
		{ "fault do=wrong_kid path=unwrapkey", -EPROTO, "another key" },
		{ "fault do=wrong_length by=1 path=unwrapkey", -EPROTO, "65 bytes" },
		{ "fault do=bad_base64 path=unwrapkey", -EPROTO, "base64url" },
	};

	setup(DISK7);
	check_rows(rows, TEST_ARRAY_SIZE(rows));
	teardown();
}

TEST(what_does_not_come_is_waited_for_until_the_deadline)
{
	static const struct row rows[] = {
		{ "fault do=hang path=unwrapkey", -ETIMEDOUT, "in time" },
		{ "fault do=drip seconds=1 path=unwrapkey", -ETIMEDOUT, "in time" },
		{ "fault do=cut path=unwrapkey", -EHOSTUNREACH, "can't be reached" },
		{ "fault do=close path=unwrapkey", -EHOSTUNREACH, "can't be reached" },
		{ "fault do=status status=503 path=unwrapkey", -EAGAIN, "not available" },
	};

	setup(DISK7);
	CHECK_OK(envol_set_timeout(ev, 3000));
	check_rows(rows, TEST_ARRAY_SIZE(rows));
	teardown();
}

TEST(a_deleted_key_is_told_from_one_that_never_was)
{
	setup(DISK7);
	keyvault_tell(&keyvault, "fault do=status status=404 code=KeyNotFound path=unwrapkey");
	keyvault_tell(&keyvault, "fault do=status status=200 path=deletedkeys");
	CHECK_ERR(unwrap(DISK7), -ENOENT);
	CHECK_STR_HAS(envol_error_message(ev), "can be recovered: az keyvault key recover");
	keyvault_tell(&keyvault, "heal");
	CHECK_ERR(envol_key_show(ev, "https://corp.vault.azure.net/keys/none", NULL),
		  -ENOENT);
	CHECK_STR_HAS(envol_error_message(ev), "there is no such key");
	teardown();
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* Continuous access evaluation: the token has hours left, and the vault wants another. */
TEST(a_claims_challenge_is_met_once)
{
	static const char fetched[] = "new access token";
	struct envol_key_info info = { 0 };
	size_t before;

	setup(DISK7);
	before = count(place.log, fetched);
	keyvault_tell(&keyvault, "tokens demand=c1");
	CHECK_OK(unwrap(DISK7));
	CHECK_EQ(count(place.log, fetched), before + 1);
	/* What was got for it serves the next process. */
	CHECK_OK(unwrap(DISK7));
	CHECK_EQ(count(place.log, fetched), before + 1);
	CHECK_STR_HAS(place.log, "/unwrapkey: 401");
	/* A request that makes a version is not done twice by it. */
	keyvault_tell(&keyvault, "tokens demand=c2");
	CHECK_OK(envol_key_rotate(ev, DISK7, &info));
	CHECK_EQ(info.n_versions, 2);
	envol_key_info_free(&info);
	/* Where Entra ID does not give what is asked for, that is the end. */
	before = count(place.log, fetched);
	keyvault_tell(&keyvault, "tokens demand=c3 deaf=true");
	CHECK_ERR(unwrap(DISK7), -EACCES);
	CHECK_STR_HAS(envol_error_message(ev), "conditional access policy");
	CHECK_EQ(count(place.log, fetched), before + 1);
	keyvault_tell(&keyvault, "tokens demand=");
	CHECK_OK(unwrap(DISK7));
	/* A token that is over and then one that lacks something: each is mended once. */
	keyvault_tell(&keyvault, "tokens demand=c4 revoke=%s",
		      keyvault_fact(&keyvault, "CLIENT_ID"));
	keyvault_tell(&keyvault, "clock forward=2");
	CHECK_OK(unwrap(DISK7));
	keyvault_tell(&keyvault,
		      "fault do=status status=401 path=unwrapkey headers='{\"WWW-Authenticate\":\"Bearer error=\\\"insufficient_claims\\\", claims=\\\"e30\\\"\"}'");
	CHECK_ERR(unwrap(DISK7), -EPROTO);
	CHECK_STR_HAS(envol_error_message(ev), "another access token");
	teardown();
}

TEST(each_right_by_itself_does_what_it_is_for)
{
	setup(DISK7);
	keyvault_tell(&keyvault, "access vault=corp granted='[\"unwrapKey\"]'");
	CHECK_OK(unwrap(DISK7));
	CHECK_ERR(envol_key_show(ev, DISK7, NULL), -EACCES);
	CHECK_STR_HAS(envol_error_message(ev), "do get with the key");
	keyvault_tell(&keyvault, "access vault=corp granted='[\"get\"]'");
	CHECK_OK(envol_key_show(ev, DISK7, NULL));
	CHECK_ERR(envol_kek_enrol(ev, DISK7, volume_id, NULL), -EACCES);
	CHECK_STR_HAS(envol_error_message(ev), "do unwrapKey with the key");
	CHECK_ERR(envol_key_rotate(ev, DISK7, NULL), -EACCES);
	CHECK_STR_HAS(envol_error_message(ev), "Key Vault Crypto Officer");
	teardown();
}

/* The service does it, and then the connection breaks: twice would be one version too many. */
TEST(what_was_done_without_an_answer_is_not_done_twice)
{
	struct envol_key_info info = { 0 };

	setup(NULL);
	keyvault_tell(&keyvault, "fault do=reset path=create times=1");
	CHECK_OK(envol_key_create(ev, DISK7, &info));
	CHECK_EQ(info.n_versions, 1);
	envol_key_info_free(&info);
	CHECK_STR_HAS(place.log, "but it was done: there is version");
	keyvault_tell(&keyvault, "fault do=cut path=rotate times=1");
	CHECK_OK(envol_key_rotate(ev, DISK7, &info));
	CHECK_EQ(info.n_versions, 2);
	envol_key_info_free(&info);
	/* A server may be out of order just after it did it. */
	keyvault_tell(&keyvault, "fault do=status status=503 path=rotate times=1");
	CHECK_OK(envol_key_rotate(ev, DISK7, &info));
	CHECK_EQ(info.n_versions, 3);
	envol_key_info_free(&info);
	teardown();
}

/* Told, with how to see it, and not asked for again: exit code 6. */
static void check_in_doubt(int err, size_t n_versions)
{
	struct envol_key_info info = { 0 };

	CHECK_ERR(err, -ETIMEDOUT);
	CHECK_STR_HAS(envol_error_message(ev),
		      "whether it was done is not known: see `envol key show " DISK7 "`");
	keyvault_tell(&keyvault, "heal");
	CHECK_OK(envol_key_show(ev, DISK7, &info));
	CHECK_EQ(info.n_versions, n_versions);
	envol_key_info_free(&info);
}

TEST(what_nobody_can_tell_is_not_done_again)
{
	static const char *const ends[] = {
		"do=reset", "do=cut", "do=hang", "do=status status=500",
		"do=status status=503 headers='{\"Retry-After\":\"1\"}'",
	};
	char command[512], file[256];
	size_t i;

	setup(NULL);
	CHECK_OK(envol_set_timeout(ev, 8000));
	keyvault_tell(&keyvault, "fault do=status status=503 path=create");
	keyvault_tell(&keyvault, "fault do=reset method=GET path=keys/disk7 skip=1");
	check_in_doubt(envol_key_create(ev, DISK7, NULL), 1);
	/* One look is before the request. */
	for (i = 0; i < TEST_ARRAY_SIZE(ends); i++) {
		keyvault_tell(&keyvault, "fault path=rotate %s", ends[i]);
		keyvault_tell(&keyvault, "fault do=status status=503 method=GET path=keys/disk7 skip=1");
		check_in_doubt(envol_key_rotate(ev, DISK7, NULL), i + 2);
	}
	keyvault_tell(&keyvault, "forget name=disk7 vault=corp");
	snprintf(file, sizeof(file), "%s", place_path(&place, "own.pem"));
	snprintf(command, sizeof(command),
		 "umask 077; openssl genrsa -out %s 2048 2>/dev/null", file);
	CHECK_EQ(system(command), 0);
	keyvault_tell(&keyvault, "fault do=status status=503 method=PUT");
	keyvault_tell(&keyvault, "fault do=reset method=GET path=keys/disk7 skip=1");
	check_in_doubt(envol_key_import(ev, DISK7, file, NULL), 1);
	teardown();
}

/* Refused for certain, or never sent: then it may be asked for again. */
TEST(what_was_surely_not_done_is_tried_again)
{
	struct envol_key_info info = { 0 };

	setup(DISK7);
	CHECK_OK(envol_set_timeout(ev, 120000));
	keyvault_tell(&keyvault, "fault do=throttle before=true path=rotate times=1");
	CHECK_OK(envol_key_rotate(ev, DISK7, &info));
	CHECK_EQ(info.n_versions, 2);
	envol_key_info_free(&info);
	keyvault_tell(&keyvault, "fault do=status status=503 before=true path=rotate times=2");
	keyvault_tell(&keyvault, "fault do=status status=502 place=proxy times=1");
	CHECK_OK(envol_key_rotate(ev, DISK7, &info));
	CHECK_EQ(info.n_versions, 3);
	envol_key_info_free(&info);
	teardown();
}

TEST(enrolment_is_strict)
{
	setup(DISK7);
	CHECK_OK(envol_kek_enrol(ev, DISK7, volume_id, NULL));
	keyvault_tell(&keyvault, "vault name=corp purge_protected=false");
	CHECK_ERR(envol_kek_enrol(ev, DISK7, volume_id, NULL), -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(ev), "purge protection");
	keyvault_tell(&keyvault, "vault name=corp purge_protected=true");
	keyvault_tell(&keyvault, "key name=disk7 vault=corp ops='[\"unwrapKey\"]'");
	CHECK_ERR(envol_kek_enrol(ev, DISK7, volume_id, NULL), -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(ev), "do not include wrapKey");
	keyvault_tell(&keyvault, "key name=disk7 vault=corp ops='[\"wrapKey\"]'");
	CHECK_ERR(envol_kek_enrol(ev, DISK7, volume_id, NULL), -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(ev), "do not include unwrapKey");
	keyvault_tell(&keyvault,
		      "key name=disk7 vault=corp ops='[\"wrapKey\",\"unwrapKey\"]' exp=1700000000");
	CHECK_ERR(envol_kek_enrol(ev, DISK7, volume_id, NULL), -EKEYEXPIRED);
	CHECK_OK(unwrap(DISK7));
	teardown();
}

TEST(wrapping_is_done_here_unless_it_is_to_be_done_there)
{
	_cleanup_wrapped_ struct envol_wrapped there = ENVOL_WRAPPED_INIT;

	setup(DISK7);
	CHECK_STR_EQ(wrapped.algorithm, "RSA-OAEP-256");
	CHECK(!strstr(place.log, "/wrapkey"));
	set("wrap", "remote");
	set("algorithm", "RSA-OAEP");
	CHECK_OK(envol_kek_wrap(ev, DISK7, volume_id, &key, &there));
	CHECK_STR_EQ(there.algorithm, "RSA-OAEP");
	CHECK_STR_HAS(place.log, "/wrapkey: 200");
	set("wrap", "local");
	envol_wrapped_free(&wrapped);
	wrapped = there;
	there = (struct envol_wrapped)ENVOL_WRAPPED_INIT;
	CHECK_OK(unwrap(DISK7));
	envol_wrapped_free(&wrapped);
	CHECK_OK(envol_kek_wrap(ev, DISK7, volume_id, &key, &wrapped));
	CHECK_STR_EQ(wrapped.algorithm, "RSA-OAEP");
	CHECK_OK(unwrap(DISK7));
	teardown();
}

TEST(a_managed_hsm_gives_random_bytes_and_a_vault_none)
{
	_cleanup_secret_ struct envol_secret more = ENVOL_SECRET_INIT;

	setup(NULL);
	CHECK_OK(envol_kek_random(ev, HSM, &key));
	CHECK_EQ(key.len, 64);
	CHECK_OK(envol_kek_random(ev, HSM, &more));
	CHECK(!envol_secret_equal(&key, &more));
	envol_secret_wipe(&more);
	CHECK_ERR(envol_kek_random(ev, DISK7, &more), -EOPNOTSUPP);
	keyvault_tell(&keyvault, "fault do=garbage path=rng");
	CHECK(envol_kek_random(ev, HSM, &more) < 0);
	CHECK(!more.data);
	teardown();
}

TEST(a_managed_hsm_wraps_with_an_aes_key)
{
	_cleanup_wrapped_ struct envol_wrapped odd = ENVOL_WRAPPED_INIT;
	struct envol_key_info info = { 0 };

	setup(NULL);
	set("key_type", "oct-HSM");
	CHECK_OK(envol_key_create(ev, HSM, &info));
	CHECK_STR_EQ(info.type, "AES-256");
	CHECK_STR_HAS(info.protection, "Managed HSM");
	envol_key_info_free(&info);
	CHECK_OK(envol_kek_enrol(ev, HSM, volume_id, NULL));
	CHECK_OK(envol_random_secret(ev, &key, 64));
	CHECK_OK(envol_kek_wrap(ev, HSM, volume_id, &key, &wrapped));
	CHECK_STR_EQ(wrapped.algorithm, "A256KW");
	CHECK_EQ(wrapped.bytes.len, 72);
	CHECK_OK(unwrap(HSM));
	wrapped.bytes.data[9] ^= 1;
	CHECK_ERR(unwrap(HSM), -EBADMSG);
	envol_secret_wipe(&key);
	CHECK_OK(envol_random_secret(ev, &key, 33));
	CHECK_OK(envol_kek_wrap(ev, HSM, volume_id, &key, &odd));
	CHECK_STR_EQ(odd.algorithm, "CKM_AES_KEY_WRAP_PAD");
	teardown();
}

TEST(the_version_of_the_interface_is_the_operators)
{
	setup(DISK7);
	set("api_version", "2025-07-01");
	CHECK_OK(envol_key_show(ev, DISK7, NULL));
	CHECK_OK(unwrap(DISK7));
	set("api_version", "9.9");
	CHECK_ERR(envol_key_show(ev, DISK7, NULL), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "(9.9) is not recognized");
	set("api_version", "7.4&x=y");
	CHECK_ERR(envol_key_show(ev, DISK7, NULL), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "api_version");
	teardown();
}

TEST(versions_are_listed_over_all_pages)
{
	struct envol_key_info info = { 0 };
	int i;

	setup(DISK7);
	keyvault_tell(&keyvault, "vault name=corp empty_page=true");
	for (i = 0; i < 27; i++) {
		envol_key_info_free(&info);
		CHECK_OK(envol_key_rotate(ev, DISK7, &info));
	}
	CHECK_EQ(info.n_versions, 28);
	CHECK_STR_EQ(info.versions[0].version, wrapped.version);
	envol_key_info_free(&info);
	CHECK_OK(unwrap(DISK7));
	keyvault_tell(&keyvault,
		      "fault do=set path=versions members='{\"nextLink\":\"https://evil.vault.azure.net/keys/disk7/versions\"}'");
	CHECK_ERR(envol_key_show(ev, DISK7, NULL), -EPROTO);
	CHECK_STR_HAS(envol_error_message(ev), "another place");
	keyvault_tell(&keyvault, "heal");
	keyvault_tell(&keyvault, "access vault=corp granted='[\"get\"]'");
	CHECK_OK(envol_key_show(ev, DISK7, &info));
	envol_key_info_free(&info);
	teardown();
}

TEST(a_backup_is_the_services_own_and_makes_the_key_again)
{
	_cleanup_secret_ struct envol_secret passphrase = ENVOL_SECRET_INIT;
	struct envol_key_info info = { 0 };
	char file[256];

	setup(DISK7);
	snprintf(file, sizeof(file), "%s", place_path(&place, "backup"));
	CHECK_OK(envol_random_secret(ev, &passphrase, 8));
	CHECK(!envol_key_backup_takes_passphrase("HTTPS://corp.vault.azure.net/keys/disk7"));
	CHECK(envol_key_backup_takes_passphrase("disk7"));
	CHECK_ERR(envol_key_backup(ev, DISK7, file, &passphrase), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "no passphrase to be given");
	CHECK_OK(envol_key_backup(ev, DISK7, file, NULL));
	CHECK(!envol_key_restore_takes_passphrase(ev, file));
	CHECK_ERR(envol_key_restore(ev, file, &passphrase, false, NULL), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "no passphrase to be given");
	CHECK_ERR(envol_key_restore(ev, file, NULL, false, NULL), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "restore_host");
	set("restore_host", "corp.vault.azure.net");
	CHECK_ERR(envol_key_restore(ev, file, NULL, true, NULL), -EEXIST);
	CHECK_OK(unwrap(DISK7));
	keyvault_tell(&keyvault, "forget name=disk7 vault=corp");
	CHECK_ERR(unwrap(DISK7), -ENOENT);
	CHECK_OK(envol_key_restore(ev, file, NULL, false, &info));
	CHECK_STR_EQ(info.uri, DISK7);
	envol_key_info_free(&info);
	CHECK_OK(unwrap(DISK7));
	set("restore_host", "evil.example");
	CHECK_ERR(envol_key_restore(ev, file, NULL, false, NULL), -EACCES);
	teardown();
}

TEST(a_certificate_that_is_not_right_gets_no_token)
{
	static const char *const places[] = { "STRANGER", "EXPIRED", "MISNAMED",
					      "OLD" };
	char host[64], uri[128];
	size_t i;

	setup(NULL);
	set("proxy", "none");
	set("authority", keyvault_fact(&keyvault, "AUTHORITY"));
	for (i = 0; i < TEST_ARRAY_SIZE(places); i++) {
		snprintf(host, sizeof(host), "%s",
			 keyvault_fact(&keyvault, places[i]) + 8);
		snprintf(uri, sizeof(uri), "https://%s/keys/a", host);
		set("hosts", "elsewhere.example");
		CHECK_ERR(envol_key_show(ev, uri, NULL), -EACCES);
		set("hosts", host);
		CHECK_ERR(envol_key_show(ev, uri, NULL), -EPROTO);
		CHECK_STR_HAS(envol_error_message(ev), host);
	}
	teardown();
}
