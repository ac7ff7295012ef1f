// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where keys are found in memory after a KEK was used: in the secret that is the
 * answer, and nowhere else. This program is linked with envol-kek's allocator and
 * does in itself what envol-kek does, then reads all of its own memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/harness/swtpm.h"
#include "tests/harness/test.h"
#include "tests/provider/place.h"
#include "userspace/kek/operate.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/service/keystore.h"
#include "userspace/lib/provider/service/seal.h"
#include "userspace/lib/util/base64.h"
#include "userspace/lib/util/file.h"

#define MASK 0x5c
#define PART 16u	/* bytes in a row that count as the key's */

static struct place place;

/* The key that is looked for, masked: the search must not find the searcher. */
static uint8_t wanted[64];
static size_t wanted_len;

static void want(const struct envol_secret *key)
{
	size_t i;

	CHECK(key->len >= PART && key->len <= sizeof(wanted));
	wanted_len = key->len;
	for (i = 0; i < key->len; i++)
		wanted[i] = key->data[i] ^ MASK;
}

/* Some PART bytes of the key, at any of its 16-byte borders, at @at. */
static bool is_part(const uint8_t *at)
{
	size_t from, i;

	for (from = 0; from + PART <= wanted_len; from += PART) {
		for (i = 0; i < PART; i++)
			if ((at[i] ^ MASK) != wanted[from + i])
				break;
		if (i == PART)
			return true;
	}
	return false;
}

static unsigned int search(int mem, unsigned long from, unsigned long to,
			   const struct envol_secret *allowed,
			   const char *mapping)
{
	static uint8_t page[4096 + PART];
	unsigned int found = 0;
	unsigned long at;
	size_t i;

	for (at = from; at < to; at += 4096) {
		ssize_t n = pread(mem, page, sizeof(page), (off_t)at);

		if (n < (ssize_t)PART)
			return found;	/* a guard page, or the kernel's */
		for (i = 0; i + PART <= (size_t)n && i < 4096; i++) {
			const uint8_t *p = (uint8_t *)at + i;

			if ((allowed && p >= allowed->data &&
			     p < allowed->data + allowed->len) ||
			    (p >= page && p < page + sizeof(page)) ||
			    !is_part(page + i))
				continue;
			found++;
			printf("# found at %p in %s", p, mapping);
		}
		explicit_bzero(page, sizeof(page));
	}
	return found;
}

/* How often the wanted key is in memory, but for @allowed. */
static unsigned int count_copies(const struct envol_secret *allowed)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int mem = open("/proc/self/mem", O_RDONLY);
	unsigned int found = 0;
	unsigned long from, to;
	char line[512];

	CHECK(maps && mem >= 0);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx rw", &from, &to) == 2 &&
		    strstr(line, " rw"))
			found += search(mem, from, to, allowed, line);
	fclose(maps);
	close(mem);
	return found;
}

static struct envol_deadline soon(void)
{
	return envol_deadline_in(10000);
}

static void request(struct envol_request *r, enum envol_operation operation)
{
	r->operation = operation;
	r->uri = strdup("service:disk7");
	CHECK(r->uri);
}

static void create(void)
{
	_cleanup_request_ struct envol_request r = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;

	request(&r, ENVOL_OPERATION_CREATE);
	envol_operate(place.ev, &r, soon(), &reply);
	CHECK_OK(reply.err);
}

static void wrap(struct envol_wrapped *wrapped)
{
	_cleanup_request_ struct envol_request r = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;
	struct envol_secret *key = &r.secrets[ENVOL_MESSAGE_KEY];

	request(&r, ENVOL_OPERATION_WRAP);
	CHECK_OK(envol_random_secret(place.ev, key, 64));
	want(key);
	envol_operate(place.ev, &r, soon(), &reply);
	CHECK_OK(reply.err);
	CHECK_EQ(count_copies(key), 0);
	*wrapped = reply.wrapped;
	reply.wrapped = (struct envol_wrapped)ENVOL_WRAPPED_INIT;
}

static void unwrap(struct envol_wrapped *wrapped)
{
	_cleanup_request_ struct envol_request r = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;

	request(&r, ENVOL_OPERATION_UNWRAP);
	r.wrapped = *wrapped;
	envol_operate(place.ev, &r, soon(), &reply);
	CHECK_OK(reply.err);
	CHECK_EQ(reply.secrets[ENVOL_MESSAGE_KEY].len, 64);
	/* The search finds what is there. */
	CHECK(count_copies(NULL) >= 4);
	CHECK_EQ(count_copies(&reply.secrets[ENVOL_MESSAGE_KEY]), 0);
}

TEST(a_key_is_only_where_it_may_be)
{
	struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;

	place_open(&place, "envol-kek");
	create();
	wrap(&wrapped);
	CHECK_EQ(count_copies(NULL), 0);
	unwrap(&wrapped);
	CHECK_EQ(count_copies(NULL), 0);
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
	size_t i, j;

	CHECK_OK(envol_keystore_open(place.ev, ENVOL_KEYSTORE_READ, soon(),
				     &ks));
	CHECK_OK(envol_keystore_load(&ks, "disk7", &record));
	CHECK_OK(envol_record_kek(place.ev, &ks.root, &record, 0, &kek));
	CHECK_OK(envol_file_load_secret(place.ev, ks.dir, "root", &file));
	CHECK_OK(envol_base64_decode_secret(place.ev, ENVOL_BASE64,
					    (char *)file.data + file.len - 45,
					    44, &root));
	for (j = 0; j < 32; j++) {
		masked[0][j] = kek.data[j] ^ MASK;
		masked[1][j] = root.data[j] ^ MASK;
		masked[2][j] = ks.root.wrap_key.data[j] ^ MASK;
	}
	envol_secret_wipe(&kek);
	envol_secret_wipe(&file);
	envol_secret_wipe(&root);
	envol_keystore_close(&ks);
	for (i = 0; i < 3; i++) {
		memcpy(wanted, masked[i], 32);
		wanted_len = 32;
		check();
	}
}

static void check_gone(void)
{
	CHECK_EQ(count_copies(NULL), 0);
}

TEST(what_the_operation_used_is_gone_when_it_is_over)
{
	struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;

	place_open(&place, "envol-kek");
	create();
	wrap(&wrapped);
	unwrap(&wrapped);
	want_each(check_gone);
	place_close(&place);
}

TEST(libtss2_leaves_nothing_of_a_sealed_key)
{
	struct envol_secret key = ENVOL_SECRET_INIT, back = ENVOL_SECRET_INIT;
	_cleanup_seal_ struct envol_seal seal = ENVOL_SEAL_INIT;
	struct test_swtpm tpm;

	place_open(&place, "envol-kek");
	test_swtpm_start(&tpm, place_path(&place, "tpm"));
	CHECK_OK(envol_random_secret(place.ev, &key, 32));
	want(&key);
	CHECK_OK(envol_seal_seal(place.ev, tpm.tcti, &key, &seal));
	CHECK_EQ(count_copies(&key), 0);
	envol_secret_wipe(&key);
	CHECK_OK(envol_seal_unseal(place.ev, tpm.tcti, &seal, &back));
	CHECK_EQ(count_copies(&back), 0);
	envol_secret_wipe(&back);
	test_swtpm_stop(&tpm);
	place_close(&place);
}

TEST(freed_memory_is_wiped)
{
	struct envol_secret key = ENVOL_SECRET_INIT;
	uint8_t *p;

	place_open(&place, "envol-kek");
	CHECK_OK(envol_random_secret(place.ev, &key, 64));
	want(&key);
	p = malloc(100);
	CHECK(p);
	memcpy(p, key.data, 64);
	CHECK(count_copies(&key) > 0);
	/* To where there is room; what was there is wiped too. */
	p = realloc(p, 100000);
	CHECK(p);
	CHECK_MEM_EQ(p, key.data, 64);
	memset(p, 0, 64);
	CHECK_EQ(count_copies(&key), 0);
	memcpy(p + 1000, key.data, 64);
	p = realloc(p, 10);
	CHECK(p);
	CHECK_EQ(count_copies(&key), 0);
	free(p);
	envol_secret_wipe(&key);
	place_close(&place);
}
