// SPDX-License-Identifier: GPL-2.0-or-later
/* Servers that are broken, hostile or in the wrong place: an error that says so, in time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/test.h"
#include "tests/kmip/peer.h"
#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/kek.h"

#define AT_ATTRIBUTES "--at 11 "
#define AT_ENCRYPT "--at 31 "
#define AT_DECRYPT "--at 32 "

static const uint8_t volume_id[ENVOL_KEK_ID_SIZE] = { 0xe7, 4 };

static struct place place;
static struct peer_double peer;
static char uri[PEER_URI_SIZE];

static void setup(const char *options)
{
	place_open(&place);
	peer_start(&peer, options);
	peer_configure(place.ev);
	snprintf(uri, sizeof(uri), "kmip://%s/?name=disk7", peer.address);
}

static void teardown(void)
{
	peer_stop(&peer);
	place_close(&place);
}

/* By the key of the double, which is active. */
static int wrap_and_unwrap(void)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	int err;

	CHECK_OK(envol_random_secret(place.ev, &key, 64));
	err = envol_kek_wrap(place.ev, uri, volume_id, &key, &wrapped);
	if (!err)
		err = envol_kek_unwrap(place.ev, uri, volume_id, &wrapped, &back);
	if (!err)
		CHECK(envol_secret_equal(&key, &back));
	return err;
}

struct row {
	const char *options;
	int err;
	const char *said;
};

static void check_rows(const struct row *rows, size_t n, unsigned int timeout_ms)
{
	size_t i;

	for (i = 0; i < n; i++) {
		int64_t began;
		int err;

		printf("# %s\n", rows[i].options);
		setup(rows[i].options);
		CHECK_OK(envol_set_timeout(place.ev, timeout_ms));
		began = envol_deadline_now_ms();
		err = wrap_and_unwrap();
		CHECK(envol_deadline_now_ms() - began < 2 * timeout_ms + 3000);
		if (err)
			printf("# %s\n", envol_error_message(place.ev));
		CHECK_ERR(err, rows[i].err);
		if (err)
			CHECK_STR_HAS(envol_error_message(place.ev), rows[i].said);
		teardown();
	}
}

TEST(a_malformed_answer_is_a_fault_of_the_protocol)
{
	static const struct row rows[] = {
		{ "--fault garbage", -EPROTO, "no message of KMIP" },
		{ "--fault http", -EPROTO, "no message of KMIP" },
		{ "--fault type", -EPROTO, "no message of KMIP" },
		{ "--fault odd", -EPROTO, "no message of KMIP" },
		{ "--fault huge", -EPROTO, "too long" },
		{ "--fault long", -EPROTO, "too long" },
		{ "--fault short", -EPROTO, "malformed" },
		{ "--fault padding", -EPROTO, "malformed" },
		{ "--fault deep", -EPROTO, "malformed" },
		{ "--fault empty", -EPROTO, "no header" },
		{ AT_ATTRIBUTES "--fault two", -EPROTO, "one result" },
		{ AT_ATTRIBUTES "--fault operation", -EPROTO, "another operation" },
		{ AT_ATTRIBUTES "--fault number", -EPROTO, "another request" },
		{ AT_ATTRIBUTES "--fault version", -EPROTO, "another version" },
		{ AT_ATTRIBUTES "--fault uid", -EPROTO, "about another key" },
		{ AT_ATTRIBUTES "--fault no-uid", -EPROTO, "no identifier" },
	};

	check_rows(rows, TEST_ARRAY_SIZE(rows), 20000);
}

TEST(what_is_done_to_a_key_is_not_taken_on_trust)
{
	static const struct row rows[] = {
		{ AT_ENCRYPT "--fault plain", -EPROTO, "not encrypted" },
		{ AT_ENCRYPT "--fault no-tag", -EPROTO, "no tag" },
		{ AT_ENCRYPT "--fault no-nonce", -EPROTO, "no nonce" },
		{ AT_ENCRYPT "--fault short-data", -EPROTO, "not as long" },
		{ AT_ENCRYPT "--fault two-uids", -EPROTO, "no identifier" },
		{ AT_DECRYPT "--fault short-data", -EPROTO, "not as long" },
		{ AT_DECRYPT "--fault uid", -EPROTO, "about another key" },
	};

	check_rows(rows, TEST_ARRAY_SIZE(rows), 20000);
}

TEST(a_server_that_breaks_off_or_hangs_is_waited_for_until_the_deadline)
{
	static const struct row rows[] = {
		{ "--fault close", -EHOSTUNREACH, "connection was lost" },
		{ AT_DECRYPT "--fault cut", -EHOSTUNREACH, "connection was lost" },
		{ "--fault silent", -ETIMEDOUT, "in time" },
		{ AT_DECRYPT "--fault trickle", -ETIMEDOUT, "in time" },
		{ AT_ATTRIBUTES "--fault endless", -ETIMEDOUT, "in time" },
	};

	check_rows(rows, TEST_ARRAY_SIZE(rows), 3000);
}

TEST(reasons_of_a_server_are_told_apart)
{
	static const struct row rows[] = {
		{ AT_DECRYPT "--fault denied", -EACCES, "let this client use the key" },
		{ AT_DECRYPT "--fault state", -EKEYREVOKED, "not active" },
		{ AT_DECRYPT "--fault archived", -EKEYREVOKED, "recover it" },
		{ AT_DECRYPT "--fault broken", -EIO, "its own log" },
		{ AT_DECRYPT "--fault limit", -EAGAIN, "so it is told" },
		{ AT_DECRYPT "--fault pending", -EAGAIN, "approval" },
		{ "--usage 8", -EKEYREJECTED, "may not encrypt, by its usage mask" },
		{ "--usage 4", -EKEYREJECTED, "may not decrypt, by its usage mask" },
		{ "--password other", -EACCES, "password_file" },
		{ "--versions 1.0", -EOPNOTSUPP, "version" },
		{ "--no-encrypt", -EOPNOTSUPP, "allow_key_export" },
		{ "--versions 1.2", -EOPNOTSUPP, "allow_key_export" },
	};

	check_rows(rows, TEST_ARRAY_SIZE(rows), 3000);
}

/* Else each try might leave one more. */
TEST(a_key_whose_creation_is_not_answered_is_not_created_again)
{
	struct envol_key_info *infos = NULL;
	size_t i, n = 0, found = 0;

	setup("--at 1 --fault close");
	CHECK_OK(envol_set_provider(place.ev, "kmip", peer.address, "ca_file",
				    peer_file("ca.pem")));
	snprintf(uri, sizeof(uri), "kmip://%s/?name=new", peer.address);
	CHECK_ERR(envol_key_create(place.ev, uri, NULL), -EIO);
	CHECK_STR_HAS(envol_error_message(place.ev), "may be there or not");
	CHECK_OK(envol_key_list(place.ev, "kmip", &infos, &n));
	for (i = 0; i < n; i++) {
		found += strcmp(infos[i].uri, uri) == 0;
		envol_key_info_free(&infos[i]);
	}
	free(infos);
	CHECK_EQ(found, 1);
	teardown();
}

TEST(a_server_that_is_down_hides_its_own_keys_alone)
{
	struct envol_key_info *infos = NULL;
	size_t i, n = 0, found = 0;

	setup("");
	CHECK_OK(envol_set_provider(place.ev, "kmip", "127.0.0.1:1", "ca_file",
				    peer_file("ca.pem")));
	CHECK_OK(envol_set_provider(place.ev, "kmip", peer.address, "ca_file",
				    peer_file("ca.pem")));
	CHECK_OK(envol_key_list(place.ev, "kmip", &infos, &n));
	for (i = 0; i < n; i++) {
		found += strcmp(infos[i].uri, uri) == 0;
		envol_key_info_free(&infos[i]);
	}
	free(infos);
	CHECK_EQ(found, 1);
	CHECK_STR_HAS(place.log, "its keys are not listed");
	CHECK_STR_HAS(place.log, "127.0.0.1 port 1");
	teardown();
}

TEST(a_time_beyond_all_calendars_is_no_reason_to_fail)
{
	struct envol_key_info info = { 0 };

	setup("--date 99999999999999");
	CHECK_OK(wrap_and_unwrap());
	CHECK_OK(envol_key_show(place.ev, uri, &info));
	CHECK_EQ(info.versions[0].created, 253402300799);
	envol_key_info_free(&info);
	teardown();
}

TEST(what_other_servers_lack_is_done_without)
{
	static const struct row rows[] = {
		{ "--tls13", 0, "" },
		{ "--client-nonce", 0, "" },
		{ "--versions 1.4", 0, "" },
		{ "--versions 2.0", 0, "" },
		{ "--versions 2.1", 0, "" },
	};

	check_rows(rows, TEST_ARRAY_SIZE(rows), 20000);
}

TEST(a_certificate_that_is_not_right_is_named)
{
	static const struct row rows[] = {
		{ "--cert wrong-name", -EPROTO, "is for elsewhere.test, and not for 127.0.0.1" },
		{ "--cert expired", -EPROTO, "its certificate expired on" },
		{ "--cert future", -EPROTO, "is not valid before" },
		{ "--cert client-as-server", -EPROTO, "purpose" },
		{ "--client-ca other-ca", -EACCES, "certificate_file" },
		{ "--tls13 --client-ca other-ca", -EACCES, "certificate_file" },
	};

	check_rows(rows, TEST_ARRAY_SIZE(rows), 20000);
}

TEST(a_server_of_another_ca_is_refused)
{
	setup("");
	peer_set(place.ev, "ca_file", peer_file("other-ca.pem"));
	CHECK_ERR(wrap_and_unwrap(), -EPROTO);
	CHECK_STR_HAS(envol_error_message(place.ev), "not signed by the CA in ca_file");
	peer_set(place.ev, "ca_file", peer_file("ca.pem"));
	peer_set(place.ev, "server_name", "elsewhere.test");
	CHECK_ERR(wrap_and_unwrap(), -EPROTO);
	CHECK_STR_HAS(envol_error_message(place.ev), "127.0.0.1, localhost, kmip.test");
	peer_set(place.ev, "server_name", "kmip.test");
	CHECK_OK(wrap_and_unwrap());
	teardown();
}

TEST(files_of_this_host_are_looked_at)
{
	char command[512];

	setup("");
	peer_set(place.ev, "key_file", peer_file("unrelated.key"));
	CHECK_ERR(wrap_and_unwrap(), -EINVAL);
	CHECK_STR_HAS(envol_error_message(place.ev), "not that of the certificate");
	peer_set(place.ev, "key_file", peer_file("encrypted.key"));
	CHECK_ERR(wrap_and_unwrap(), -EINVAL);
	CHECK_STR_HAS(envol_error_message(place.ev), "passphrase");
	peer_set(place.ev, "key_file", "/nonexistent/key");
	CHECK_ERR(wrap_and_unwrap(), -EINVAL);
	CHECK_STR_HAS(envol_error_message(place.ev), "/nonexistent/key");
	snprintf(command, sizeof(command), "cp %s %s && chmod 644 %s", peer_file("client.key"),
		 place_path(&place, "open.key"), place_path(&place, "open.key"));
	CHECK_EQ(system(command), 0);
	peer_set(place.ev, "key_file", place_path(&place, "open.key"));
	CHECK_ERR(wrap_and_unwrap(), -EPERM);
	CHECK_STR_HAS(envol_error_message(place.ev), "chmod");
	teardown();
}

TEST(a_server_without_settings_is_not_asked)
{
	place_open(&place);
	strcpy(uri, "kmip://127.0.0.1:1/7");
	CHECK_ERR(wrap_and_unwrap(), -EINVAL);
	CHECK_STR_HAS(envol_error_message(place.ev), "[kmip 127.0.0.1:1]");
	place_close(&place);
}

TEST(a_password_is_sent)
{
	FILE *f;

	setup("--password s3cret");
	f = fopen(place_path(&place, "password"), "w");
	CHECK(f && fputs("s3cret\n", f) >= 0 && fclose(f) == 0);
	snprintf(uri, sizeof(uri), "chmod 600 %s", place_path(&place, "password"));
	CHECK_EQ(system(uri), 0);
	snprintf(uri, sizeof(uri), "kmip://%s/?name=disk7", peer.address);
	peer_set(place.ev, "username", "envol");
	/* What is set for all servers is sent to none that has no section: a disk may name it. */
	peer_set(place.ev, "password_file", place_path(&place, "password"));
	CHECK_ERR(wrap_and_unwrap(), -EACCES);
	CHECK_STR_HAS(envol_error_message(place.ev), "[kmip 127.0.0.1:");
	CHECK_OK(envol_set_provider(place.ev, "kmip", peer.address, "ca_file",
				    peer_file("ca.pem")));
	CHECK_OK(wrap_and_unwrap());
	CHECK(!strstr(place.log, "s3cret"));
	teardown();
}

TEST(the_next_server_is_asked_where_one_is_down)
{
	char servers[128];

	setup("");
	snprintf(servers, sizeof(servers), "127.0.0.1:1 localhost:2, %s", peer.address);
	peer_set(place.ev, "servers", servers);
	strcpy(uri, "kmip://cluster/?name=disk7");
	CHECK_OK(wrap_and_unwrap());
	CHECK_STR_HAS(place.log, "the next server is tried");
	peer_set(place.ev, "servers", "127.0.0.1:1 127.0.0.1:2");
	CHECK_OK(envol_set_timeout(place.ev, 1000));
	CHECK_ERR(wrap_and_unwrap(), -EHOSTUNREACH);
	CHECK_STR_HAS(envol_error_message(place.ev), "127.0.0.1 port 2");
	teardown();
}

TEST(a_server_that_is_down_and_comes_back_is_found_again)
{
	setup("");
	CHECK_OK(wrap_and_unwrap());
	peer_stop(&peer);
	CHECK_OK(envol_set_timeout(place.ev, 1500));
	CHECK_ERR(wrap_and_unwrap(), -EHOSTUNREACH);
	CHECK_STR_HAS(envol_error_message(place.ev), "refused");
	peer_start(&peer, "");
	snprintf(uri, sizeof(uri), "kmip://%s/?name=disk7", peer.address);
	CHECK_OK(envol_set_timeout(place.ev, 20000));
	CHECK_OK(wrap_and_unwrap());
	teardown();
}
