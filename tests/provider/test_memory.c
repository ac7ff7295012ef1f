// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where keys are found in memory after a KEK was used: in the secret that is the
 * answer, and nowhere else. This program is linked with a KEK program's allocator and
 * does in itself what such a one does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/swtpm.h"
#include "tests/harness/test.h"
#include "tests/provider/memory.h"
#include "tests/provider/place.h"
#include "userspace/kek/operate.h"
#include "userspace/lib/base/base64.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/credential.h"
#include "userspace/lib/provider/service/keystore.h"
#include "userspace/lib/provider/service/seal.h"

#define URI "service:disk7"

static struct place place;

static struct envol_deadline soon(void)
{
	return envol_deadline_in(10000);
}

static void create(void)
{
	_cleanup_request_ struct envol_request r = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;

	memory_operate(place.ev, ENVOL_OPERATION_CREATE, URI, &r, &reply);
}

TEST(a_key_is_only_where_it_may_be)
{
	struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;

	place_open(&place);
	create();
	memory_wrap(place.ev, URI, &wrapped);
	memory_unwrap(place.ev, URI, &wrapped, NULL);
	place_close(&place);
}

/* What the operations used and had to forget: the root key, what is derived from it, the KEK. */
static void want_each(void (*check)(void))
{
	_cleanup_keystore_ struct envol_keystore ks = ENVOL_KEYSTORE_INIT;
	_cleanup_record_ struct envol_record record = ENVOL_RECORD_INIT;
	struct envol_secret kek = ENVOL_SECRET_INIT;
	struct envol_secret file = ENVOL_SECRET_INIT;
	struct envol_secret root = ENVOL_SECRET_INIT;
	uint8_t masked[3][32];
	size_t i;

	CHECK_OK(envol_keystore_open(place.ev, ENVOL_KEYSTORE_READ, soon(),
				     &ks));
	CHECK_OK(envol_keystore_load(&ks, "disk7", &record));
	CHECK_OK(envol_record_kek(place.ev, &ks.root, &record, 0, &kek));
	CHECK_OK(envol_file_load_secret(place.ev, ks.dir, "root", &file));
	CHECK_OK(envol_base64_decode_secret(place.ev, ENVOL_BASE64,
					    (char *)file.data + file.len - 45,
					    44, &root));
	memory_mask(masked[0], kek.data, 32);
	memory_mask(masked[1], root.data, 32);
	memory_mask(masked[2], ks.root.wrap_key.data, 32);
	envol_secret_wipe(&kek);
	envol_secret_wipe(&file);
	envol_secret_wipe(&root);
	envol_keystore_close(&ks);
	for (i = 0; i < 3; i++) {
		memory_want_masked(masked[i], 32);
		check();
	}
}

static void check_gone(void)
{
	CHECK_EQ(memory_count(NULL), 0);
}

TEST(what_the_operation_used_is_gone_when_it_is_over)
{
	struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;

	place_open(&place);
	create();
	memory_wrap(place.ev, URI, &wrapped);
	memory_unwrap(place.ev, URI, &wrapped, NULL);
	want_each(check_gone);
	place_close(&place);
}

TEST(libtss2_leaves_nothing_of_a_sealed_key)
{
	struct envol_secret key = ENVOL_SECRET_INIT, back = ENVOL_SECRET_INIT;
	_cleanup_seal_ struct envol_seal seal = ENVOL_SEAL_INIT;
	const struct envol_secret no_pin = ENVOL_SECRET_INIT;
	struct test_swtpm tpm;

	place_open(&place);
	test_swtpm_start(&tpm, place_path(&place, "tpm"));
	CHECK_OK(envol_random_secret(place.ev, &key, 32));
	memory_want(&key);
	CHECK_OK(envol_seal_seal(place.ev, tpm.tcti, &key, &no_pin, &seal));
	CHECK_EQ(memory_count(&key), 0);
	envol_secret_wipe(&key);
	CHECK_OK(envol_seal_unseal(place.ev, tpm.tcti, &seal, 1, &no_pin,
				   &back));
	CHECK_EQ(memory_count(&back), 0);
	envol_secret_wipe(&back);
	test_swtpm_stop(&tpm);
	place_close(&place);
}

static void seal_credential(struct envol_secret *secret, const char *path,
			    bool is_looked_for)
{
	_cleanup_request_ struct envol_request r = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;
	struct envol_secret *content = &r.secrets[ENVOL_MESSAGE_KEY];

	r.operation = ENVOL_OPERATION_SEAL;
	r.uri = strdup("service");
	r.version = strdup("kmip.key_file");
	CHECK(r.uri && r.version);
	CHECK_OK(envol_random_secret(place.ev, content, 4096));
	content->data[4095] = 1;
	memory_want(content);
	envol_operate(place.ev, &r, soon(), &reply);
	CHECK_OK(reply.err);
	if (is_looked_for)
		CHECK_EQ(memory_count(content), 0);
	CHECK_OK(envol_file_replace(place.ev, AT_FDCWD, path, reply.file.data,
				    reply.file.len, 0400, true));
	envol_secret_move(secret, content);
}

/* In the process that seals, in the one that unseals, and in the one that wanted it. */
TEST(a_credential_is_only_where_it_may_be)
{
	_cleanup_secret_ struct envol_secret secret = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	_cleanup_request_ struct envol_request r = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;
	struct test_swtpm tpm;

	place_open(&place);
	test_swtpm_start(&tpm, place_path(&place, "tpm"));
	CHECK_OK(envol_set_tpm(place.ev, tpm.tcti));
	/*
	 * Once before: the first call of a library's function leaves vector registers on the
	 * stack, where the dynamic linker finds it, and what was copied last is in them.
	 */
	seal_credential(&secret, place_path(&place, "first"), false);
	envol_secret_wipe(&secret);
	seal_credential(&secret, place_path(&place, "sealed"), true);
	envol_secret_wipe(&secret);
	CHECK_EQ(memory_count(NULL), 0);
	r.operation = ENVOL_OPERATION_UNSEAL;
	r.uri = strdup("service");
	r.version = strdup("kmip.key_file");
	CHECK(r.uri && r.version);
	CHECK_OK(envol_file_load(place.ev, AT_FDCWD, place_path(&place, "sealed"),
				 ENVOL_SECRET_MAX, &r.file));
	envol_operate(place.ev, &r, soon(), &reply);
	CHECK_OK(reply.err);
	CHECK_EQ(reply.secrets[ENVOL_MESSAGE_KEY].len, 4096);
	CHECK(memory_count(NULL) > 0);
	CHECK_EQ(memory_count(&reply.secrets[ENVOL_MESSAGE_KEY]), 0);
	envol_secret_wipe(&reply.secrets[ENVOL_MESSAGE_KEY]);
	CHECK_EQ(memory_count(NULL), 0);
	CHECK_OK(envol_credential_read(place.ev, "kmip", "key_file",
				       place_path(&place, "sealed"), &back));
	CHECK_EQ(back.len, 4096);
	CHECK_EQ(memory_count(&back), 0);
	test_swtpm_stop(&tpm);
	place_close(&place);
}

TEST(freed_memory_is_wiped)
{
	struct envol_secret key = ENVOL_SECRET_INIT;
	uint8_t *p;

	place_open(&place);
	CHECK_OK(envol_random_secret(place.ev, &key, 64));
	memory_want(&key);
	p = malloc(100);
	CHECK(p);
	memcpy(p, key.data, 64);
	CHECK(memory_count(&key) > 0);
	/* To where there is room; what was there is wiped too. */
	p = realloc(p, 100000);
	CHECK(p);
	CHECK_MEM_EQ(p, key.data, 64);
	memset(p, 0, 64);
	CHECK_EQ(memory_count(&key), 0);
	memcpy(p + 1000, key.data, 64);
	p = realloc(p, 10);
	CHECK(p);
	CHECK_EQ(memory_count(&key), 0);
	free(p);
	envol_secret_wipe(&key);
	place_close(&place);
}

/* The PIN as it was typed, and what the TPM takes for it. */
TEST(libtss2_leaves_nothing_of_a_pin)
{
	static const char info[] = "envol keystore pin 1";
	struct envol_secret key = ENVOL_SECRET_INIT, back = ENVOL_SECRET_INIT;
	struct envol_secret pin = ENVOL_SECRET_INIT, value = ENVOL_SECRET_INIT;
	_cleanup_seal_ struct envol_seal seal = ENVOL_SEAL_INIT;
	struct test_swtpm tpm;

	place_open(&place);
	test_swtpm_start(&tpm, place_path(&place, "tpm"));
	CHECK_OK(envol_random_secret(place.ev, &key, 32));
	CHECK_OK(envol_random_secret(place.ev, &pin, 32));
	CHECK_OK(envol_policy_parse(place.ev, "pcr7,pin", &seal.policy));
	CHECK_OK(envol_seal_seal(place.ev, tpm.tcti, &key, &pin, &seal));
	CHECK_OK(envol_seal_unseal(place.ev, tpm.tcti, &seal, 1, &pin, &back));
	CHECK_OK(envol_digest_hkdf(place.ev, &pin, NULL, 0, info, strlen(info),
				   &value, 32));
	memory_want(&pin);
	CHECK_EQ(memory_count(&pin), 0);
	memory_want(&value);
	CHECK_EQ(memory_count(&value), 0);
	envol_secret_wipe(&value);
	envol_secret_wipe(&pin);
	envol_secret_wipe(&key);
	memory_want(&back);
	CHECK_EQ(memory_count(&back), 0);
	envol_secret_wipe(&back);
	test_swtpm_stop(&tpm);
	place_close(&place);
}
