// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mutual TLS with a client key that lies in a token (SoftHSM) and never leaves it: against
 * PyKMIP over TLS 1.2 and the double over 1.3.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "tests/kmip/peer.h"
#include "tests/pkcs11/softhsm.h"

static struct place place;
static struct softhsm hsm;
static struct peer_double peer;
static struct envol_key_info info;
static char uri[PEER_URI_SIZE], other_uri[PEER_URI_SIZE];

static void set_key(const char *object)
{
	peer_set(place.ev, "client_key", softhsm_uri(&hsm, object));
}

/* The client's key and another, put there by the token's own tool. */
static void setup(void)
{
	place_open(&place);
	softhsm_start(&hsm, &place, "host");
	softhsm_run("softhsm2-util --import %s --token host --label client --id 0a --pin " SOFTHSM_PIN,
		    peer_file("client.key"));
	softhsm_run("softhsm2-util --import %s --token host --label unrelated --id 0b --pin " SOFTHSM_PIN,
		    peer_file("unrelated.key"));
	peer_set(place.ev, "ca_file", peer_file("ca.pem"));
	peer_set(place.ev, "certificate_file", peer_file("client.pem"));
	set_key("object=client");
	peer_new_names(uri, other_uri);
}

static int show(const char *of)
{
	envol_key_info_free(&info);
	return envol_key_show(place.ev, of, &info);
}

static void show_refused(int err, const char *words)
{
	CHECK_ERR(show(uri), err);
	CHECK_STR_HAS(envol_error_message(place.ev), words);
}

static void teardown(void)
{
	envol_key_info_free(&info);
	place_close(&place);
}

TEST(a_key_in_a_token_opens_a_session)
{
	setup();
	CHECK_OK(envol_key_create(place.ev, uri, NULL));
	CHECK_OK(show(uri));
	CHECK_STR_EQ(info.type, "AES-256");
	teardown();
}

TEST(it_signs_for_tls_1_3_as_well)
{
	char of[PEER_URI_SIZE];

	setup();
	peer_start(&peer, "--tls13");
	snprintf(of, sizeof(of), "kmip://%s/?name=new", peer.address);
	CHECK_OK(envol_key_create(place.ev, of, NULL));
	CHECK_OK(show(of));
	peer_stop(&peer);
	teardown();
}

TEST(one_spelling_of_the_uri_is_kept_and_no_pin)
{
	setup();
	CHECK_ERR(envol_set_provider(place.ev, "kmip", NULL, "client_key",
				     "pkcs11:token=host;object=client?pin-value=1234"), -EINVAL);
	CHECK(!strstr(envol_error_message(place.ev), "1234"));
	CHECK_ERR(envol_set_provider(place.ev, "kmip", NULL, "client_key",
				     "service:client"), -EINVAL);
	CHECK_STR_HAS(envol_error_message(place.ev), "client_key");
	peer_set(place.ev, "client_key", "pkcs11:object=nowhere;token=host");
	show_refused(-EINVAL, "pkcs11:token=host;object=nowhere");
	teardown();
}

TEST(a_key_that_is_not_the_certificates_is_told)
{
	setup();
	set_key("object=unrelated");
	show_refused(-EINVAL, "not that of the certificate");
	set_key("object=nowhere");
	show_refused(-EINVAL, "has no such key");
	CHECK_STR_HAS(envol_error_message(place.ev), "object=nowhere");
	teardown();
}

TEST(a_file_and_a_token_are_one_too_many)
{
	setup();
	peer_set(place.ev, "key_file", peer_file("client.key"));
	show_refused(-EINVAL, "both set");
	teardown();
}

/* Three servers, and then once more: the token hears of it once. */
TEST(a_pin_that_was_refused_is_not_tried_again)
{
	char servers[128];

	setup();
	softhsm_write(&place, "pin-host", "wrong!");
	snprintf(servers, sizeof(servers), "%s %s %s", peer_address(), peer_address(),
		 peer_address());
	peer_set(place.ev, "servers", servers);
	show_refused(-ENOANO, "refused the PIN");
	CHECK(!strstr(place.log, "the next server is tried"));
	show_refused(-ENOANO, "refused the PIN in");
	CHECK_STR_HAS(envol_error_message(place.ev), "before, so it is not tried again");
	softhsm_write(&place, "pin-new", SOFTHSM_PIN);
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", hsm.subject, "pin_file",
				    place_path(&place, "pin-new")));
	CHECK_ERR(show(uri), -ENOENT);
	teardown();
}

TEST(a_token_that_is_not_there_is_worth_another_try)
{
	setup();
	CHECK_OK(envol_set_timeout(place.ev, 3000));
	softhsm_run("rm -r %s/tokens/*", place.top);
	CHECK_ERR(show(uri), -EHOSTUNREACH);
	CHECK_STR_HAS(envol_error_message(place.ev), "is not there");
	teardown();
}
