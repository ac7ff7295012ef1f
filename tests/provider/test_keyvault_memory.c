// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same for Key Vault: what libcurl, OpenSSL and the readers of JSON saw of a key, of the
 * credential and of the token is gone once the operation is over.
 */
#include <fcntl.h>

#include "tests/harness/test.h"
#include "tests/provider/keyvault.h"
#include "tests/provider/memory.h"
#include "userspace/kek/operate.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/keyvault/identity.h"
#include "userspace/lib/util/base64.h"
#include "userspace/lib/util/file.h"

#define VAULT	 "corp.vault.azure.net"
#define RESOURCE "https://vault.azure.net"

static struct place place;
static struct keyvault keyvault;

static void operate(enum envol_operation operation, struct envol_request *r,
		    struct envol_reply *reply)
{
	r->operation = operation;
	r->uri = strdup("https://" VAULT "/keys/disk7");
	CHECK(r->uri);
	envol_operate(place.ev, r, envol_deadline_in(30000), reply);
	if (reply->err)
		FAIL("%s", reply->sentence);
}

static void create(void)
{
	_cleanup_request_ struct envol_request r = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;

	operate(ENVOL_OPERATION_CREATE, &r, &reply);
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

/* The key as it is, then as it came: in base64url. */
static void unwrap(const struct envol_wrapped *wrapped)
{
	_cleanup_request_ struct envol_request r = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;
	struct envol_secret *key = &reply.secrets[ENVOL_MESSAGE_KEY];
	_cleanup_secret_ struct envol_secret text = ENVOL_SECRET_INIT;

	r.wrapped = *wrapped;
	operate(ENVOL_OPERATION_UNWRAP, &r, &reply);
	CHECK_EQ(key->len, 64);
	/* The search finds what is there. */
	CHECK(memory_count(NULL) >= 4);
	CHECK_EQ(memory_count(key), 0);
	CHECK_OK(envol_base64_encode_secret(place.ev, ENVOL_BASE64URL, key,
					    &text));
	memory_want(&text);
	CHECK_EQ(memory_count(&text), 0);
}

static void want_client_secret(void)
{
	_cleanup_secret_ struct envol_secret secret = ENVOL_SECRET_INIT;

	CHECK_OK(envol_file_load_secret(place.ev, AT_FDCWD,
					keyvault_fact(&keyvault, "SECRET_FILE"),
					&secret));
	memory_want(&secret);
	CHECK(memory_count(NULL) > 0);
}

/* It is kept in the kernel, so asking for it shows it to no library again. */
static void want_token(void)
{
	_cleanup_secret_ struct envol_secret token = ENVOL_SECRET_INIT;
	const struct envol_http_options options = { 0 };
	struct envol_identity *identity;
	struct envol_http *http;

	CHECK_OK(envol_http_new(place.ev, &options, &http));
	CHECK_OK(envol_identity_new(place.ev, VAULT, http, &identity));
	CHECK_OK(envol_identity_token(identity, RESOURCE,
				      envol_deadline_in(0), &token));
	memory_want(&token);
	CHECK(memory_count(NULL) > 0);
	envol_identity_forget(identity, RESOURCE);
	envol_identity_free(identity);
	envol_http_free(http);
}

TEST(what_an_operation_used_is_gone_when_it_is_over)
{
	struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;

	place_open(&place);
	keyvault_start(&keyvault, &place);
	create();
	wrap(&wrapped);
	CHECK_EQ(memory_count(NULL), 0);
	unwrap(&wrapped);
	CHECK_EQ(memory_count(NULL), 0);
	want_client_secret();
	CHECK_EQ(memory_count(NULL), 0);
	want_token();
	CHECK_EQ(memory_count(NULL), 0);
	keyvault_stop(&keyvault);
	place_close(&place);
}
