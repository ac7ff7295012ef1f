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

static struct place place;
static struct softhsm hsm;
static char uri[300];

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
	memory_wrap(place.ev, uri, &wrapped);
	memory_unwrap(place.ev, uri, &wrapped, NULL);
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
