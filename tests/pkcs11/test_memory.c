// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same as tests/provider/test_memory.c for keys in tokens: what the module, here SoftHSM,
 * and we ourselves saw of a key is gone once the operation is over. This program does in
 * itself what kek/pkcs11 does, with its allocator.
 */
#include <stdio.h>

#include "tests/harness/test.h"
#include "tests/pkcs11/softhsm.h"
#include "tests/provider/memory.h"
#include "userspace/kek/operate.h"
#include "userspace/lib/crypto/random.h"

static struct place place;
static struct softhsm hsm;
static char uri[300];

static void operate(enum envol_operation operation, struct envol_request *r,
		    struct envol_reply *reply)
{
	r->operation = operation;
	r->uri = strdup(uri);
	CHECK(r->uri);
	envol_operate(place.ev, r, envol_deadline_in(30000), reply);
	if (reply->err)
		FAIL("%s", reply->sentence);
}

static void wrap(struct envol_wrapped *wrapped)
{
	_cleanup_request_ struct envol_request r = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;
	struct envol_secret *key = &r.secrets[ENVOL_MESSAGE_KEY];

	CHECK_OK(envol_random_secret(place.ev, key, 64));
	memory_want(key);
	operate(ENVOL_OPERATION_WRAP, &r, &reply);
	CHECK_EQ(memory_count(key), 0);
	*wrapped = reply.wrapped;
	reply.wrapped = (struct envol_wrapped)ENVOL_WRAPPED_INIT;
}

static void unwrap(const struct envol_wrapped *wrapped)
{
	_cleanup_request_ struct envol_request r = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;
	struct envol_secret *key = &reply.secrets[ENVOL_MESSAGE_KEY];

	r.wrapped = *wrapped;
	operate(ENVOL_OPERATION_UNWRAP, &r, &reply);
	CHECK_EQ(key->len, 64);
	/* The search finds what is there. */
	CHECK(memory_count(NULL) >= 4);
	CHECK_EQ(memory_count(key), 0);
}

static void check_algorithm(const char *key_type, const char *algorithm)
{
	struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;

	place_open(&place);
	softhsm_start(&hsm, &place, "hsm");
	snprintf(uri, sizeof(uri), "%s", softhsm_uri(&hsm, "object=disk"));
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", NULL, "key_type",
				    key_type));
	CHECK_OK(envol_set_provider(place.ev, "pkcs11", NULL, "algorithm",
				    algorithm));
	CHECK_OK(envol_key_create(place.ev, uri, NULL));
	wrap(&wrapped);
	CHECK_EQ(memory_count(NULL), 0);
	unwrap(&wrapped);
	CHECK_EQ(memory_count(NULL), 0);
	place_close(&place);
}

TEST(what_a_token_encrypts_is_gone)
{
	check_algorithm("AES-256", "A256GCM");
}

/* The key is an object of the token for a moment. */
TEST(what_a_token_wraps_as_an_object_is_gone)
{
	check_algorithm("AES-256", "A256KW");
}

TEST(what_a_token_decrypts_by_rsa_is_gone)
{
	check_algorithm("RSA-2048", "RSA-OAEP");
}
