// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of PyKMIP in every state, which its own client put them into, and keys that are no KEKs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "tests/kmip/peer.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/kek.h"

static const uint8_t volume_id[ENVOL_KEK_ID_SIZE] = { 0xe7, 5 };

static struct place place;
static struct envol_secret key;
static char id[32], uri[PEER_URI_SIZE];

/* A key as `key new` makes it with @options. */
static void setup(const char *options)
{
	place_open(&place);
	peer_configure(place.ev);
	peer_run(id, sizeof(id), "tests/kmip/key new %s", options);
	snprintf(uri, sizeof(uri), "kmip://%s/%s", peer_address(), id);
	CHECK_OK(envol_random_secret(place.ev, &key, 64));
}

static void teardown(void)
{
	envol_secret_wipe(&key);
	place_close(&place);
}

static void put_into(const char *state)
{
	char line[64];

	peer_run(line, sizeof(line), "tests/kmip/key %s %s", state, id);
}

static int wrap(struct envol_wrapped *wrapped)
{
	envol_wrapped_free(wrapped);
	return envol_kek_wrap(place.ev, uri, volume_id, &key, wrapped);
}

static int unwrap(const struct envol_wrapped *wrapped)
{
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	int err = envol_kek_unwrap(place.ev, uri, volume_id, wrapped, &back);

	if (!err)
		CHECK(envol_secret_equal(&key, &back));
	return err;
}

static void check_says(int err, int want, const char *said)
{
	CHECK_ERR(err, want);
	CHECK_STR_HAS(envol_error_message(place.ev), said);
	CHECK_STR_HAS(envol_error_message(place.ev), uri);
}

static bool is_enabled(void)
{
	struct envol_key_info info = { 0 };
	bool enabled;

	CHECK_OK(envol_key_show(place.ev, uri, &info));
	CHECK_EQ(info.n_versions, 1);
	CHECK_STR_EQ(info.versions[0].version, id);
	CHECK_STR_HAS(info.protection, "PyKMIP");
	enabled = info.versions[0].enabled;
	envol_key_info_free(&info);
	return enabled;
}

TEST(a_pre_active_key_is_activated_by_enabling_it)
{
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;

	setup("--pre-active");
	CHECK(!is_enabled());
	check_says(wrap(&wrapped), -EKEYREVOKED, "envol key enable");
	CHECK_ERR(envol_kek_enrol(place.ev, uri, volume_id, NULL), -EKEYREVOKED);
	CHECK_OK(envol_key_enable(place.ev, uri, NULL));
	CHECK(is_enabled());
	CHECK_OK(envol_key_enable(place.ev, uri, id));
	CHECK_OK(envol_kek_enrol(place.ev, uri, volume_id, NULL));
	CHECK_OK(wrap(&wrapped));
	CHECK_OK(unwrap(&wrapped));
	teardown();
}

TEST(a_deactivated_key_is_refused_and_the_way_out_is_told)
{
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	_cleanup_wrapped_ struct envol_wrapped none = ENVOL_WRAPPED_INIT;

	setup("");
	peer_set(place.ev, "algorithm", "A256KWP");
	peer_set(place.ev, "allow_key_export", "yes");
	CHECK_OK(wrap(&wrapped));
	put_into("deactivated");
	CHECK(!is_enabled());
	check_says(unwrap(&wrapped), -EKEYREVOKED, "deactivated");
	CHECK_STR_HAS(envol_error_message(place.ev), "recovery key");
	check_says(wrap(&none), -EKEYREVOKED, "deactivated");
	check_says(envol_key_enable(place.ev, uri, NULL), -EKEYREVOKED, "final");
	peer_set(place.ev, "allow_deactivated", "yes");
	CHECK_OK(unwrap(&wrapped));
	check_says(wrap(&none), -EKEYREVOKED, "deactivated");
	teardown();
}

TEST(a_compromised_key_is_refused_whatever_is_set)
{
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;

	setup("");
	CHECK_OK(wrap(&wrapped));
	put_into("compromised");
	peer_set(place.ev, "allow_deactivated", "yes");
	check_says(unwrap(&wrapped), -EKEYREVOKED, "compromised");
	check_says(wrap(&wrapped), -EKEYREVOKED, "compromised");
	teardown();
}

TEST(a_destroyed_key_is_not_there)
{
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;

	setup("");
	CHECK_OK(wrap(&wrapped));
	put_into("deactivated");
	put_into("destroyed");
	check_says(unwrap(&wrapped), -ENOENT, "no such key");
	CHECK_ERR(envol_key_show(place.ev, uri, NULL), -ENOENT);
	teardown();
}

TEST(a_key_of_another_client_is_not_seen)
{
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;

	setup("");
	CHECK_OK(wrap(&wrapped));
	peer_set(place.ev, "certificate_file", peer_file("other-client.pem"));
	check_says(unwrap(&wrapped), -EACCES, "let this client use the key");
	peer_set(place.ev, "certificate_file", peer_file("foreign-client.pem"));
	check_says(unwrap(&wrapped), -EACCES, "refuses the certificate");
	teardown();
}

TEST(a_key_that_is_too_short_is_no_kek)
{
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;

	setup("--bits 128");
	check_says(wrap(&wrapped), -EKEYREJECTED, "no AES-256 key");
	CHECK_ERR(envol_kek_enrol(place.ev, uri, volume_id, NULL), -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(place.ev), "AES-128");
	teardown();
}

TEST(the_key_leaves_its_server_only_where_that_is_allowed)
{
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	struct envol_key_info info = { 0 };

	setup("");
	peer_set(place.ev, "algorithm", "A256KWP");
	check_says(wrap(&wrapped), -EACCES, "allow_key_export");
	peer_set(place.ev, "allow_key_export", "yes");
	CHECK_OK(wrap(&wrapped));
	CHECK_STR_EQ(wrapped.algorithm, "A256KWP");
	CHECK_OK(envol_key_show(place.ev, uri, &info));
	CHECK_STR_HAS(info.protection, "may leave its KMIP server");
	envol_key_info_free(&info);
	peer_set(place.ev, "allow_key_export", "no");
	check_says(unwrap(&wrapped), -EACCES, "allow_key_export");
	teardown();
}

TEST(disabling_is_refused_for_it_would_be_final)
{
	setup("");
	check_says(envol_key_disable(place.ev, uri, NULL), -EOPNOTSUPP, "final");
	CHECK(is_enabled());
	check_says(envol_key_rotate(place.ev, uri, NULL), -EOPNOTSUPP, "one version");
	teardown();
}

TEST(a_name_that_several_keys_bear_is_refused)
{
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	char other[32];

	setup("--name twice");
	peer_run(other, sizeof(other), "tests/kmip/key new --name twice");
	snprintf(uri, sizeof(uri), "kmip://%s/?name=twice", peer_address());
	check_says(wrap(&wrapped), -EKEYREJECTED, "several keys");
	teardown();
}

/* A version in a header can't lead to a key that the URI does not name. */
TEST(a_version_that_the_name_never_had_is_not_used)
{
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	char options[64], other[32];

	snprintf(options, sizeof(options), "--name named-%d", getpid());
	setup(options);
	snprintf(uri, sizeof(uri), "kmip://%s/?name=named-%d", peer_address(), getpid());
	CHECK_OK(wrap(&wrapped));
	CHECK_STR_EQ(wrapped.version, id);
	CHECK_OK(unwrap(&wrapped));
	peer_run(other, sizeof(other), "tests/kmip/key new");
	free(wrapped.version);
	wrapped.version = strdup(other);
	check_says(unwrap(&wrapped), -ENOENT, "has no version");
	teardown();
}
