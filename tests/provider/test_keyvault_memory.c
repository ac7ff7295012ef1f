// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same for Key Vault: what libcurl, OpenSSL and the readers of JSON saw of a key, of the
 * credential and of the token is gone once the operation is over.
 */
#include <fcntl.h>

#include "tests/harness/test.h"
#include "tests/provider/keyvault.h"
#include "tests/provider/memory.h"
#include "userspace/lib/base/base64.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/provider/keyvault/identity.h"

#define VAULT	 "corp.vault.azure.net"
#define URI	 "https://" VAULT "/keys/disk7"
#define RESOURCE "https://vault.azure.net"

static struct place place;
static struct keyvault keyvault;

static void create(void)
{
	_cleanup_request_ struct envol_request r = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;

	memory_operate(place.ev, ENVOL_OPERATION_CREATE, URI, &r, &reply);
}

/* As it came: in base64url. */
static void look_for_text(struct envol *ev, const struct envol_secret *key)
{
	_cleanup_secret_ struct envol_secret text = ENVOL_SECRET_INIT;

	CHECK_OK(envol_base64_encode_secret(ev, ENVOL_BASE64URL, key, &text));
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
	memory_wrap(place.ev, URI, &wrapped);
	memory_unwrap(place.ev, URI, &wrapped, look_for_text);
	want_client_secret();
	CHECK_EQ(memory_count(NULL), 0);
	want_token();
	CHECK_EQ(memory_count(NULL), 0);
	keyvault_stop(&keyvault);
	place_close(&place);
}
