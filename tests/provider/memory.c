// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "tests/provider/memory.h"
#include "userspace/lib/crypto/random.h"

#define MASK 0x5c
#define PART 16u	/* bytes in a row that count as the key's */

/* The key that is looked for, masked: the search must not find the searcher. */
static uint8_t wanted[4096];
static size_t wanted_len;

void memory_want(const struct envol_secret *key)
{
	CHECK(key->len >= PART && key->len <= sizeof(wanted));
	wanted_len = key->len;
	memory_mask(wanted, key->data, key->len);
}

void memory_mask(uint8_t *masked, const uint8_t *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		masked[i] = bytes[i] ^ MASK;
}

void memory_want_masked(const uint8_t *masked, size_t len)
{
	CHECK(len >= PART && len <= sizeof(wanted));
	wanted_len = len;
	memcpy(wanted, masked, len);
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

unsigned int memory_count(const struct envol_secret *allowed)
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

void memory_operate(struct envol *ev, enum envol_operation operation, const char *uri,
		    struct envol_request *request, struct envol_reply *reply)
{
	request->operation = operation;
	request->uri = strdup(uri);
	CHECK(request->uri);
	envol_operate(ev, request, envol_deadline_in(30000), reply);
	if (reply->err)
		FAIL("%s", reply->sentence);
}

void memory_wrap(struct envol *ev, const char *uri, struct envol_wrapped *wrapped)
{
	struct envol_request request = ENVOL_REQUEST_INIT;
	struct envol_reply reply = ENVOL_REPLY_INIT;
	struct envol_secret *key = &request.secrets[ENVOL_MESSAGE_KEY];

	CHECK_OK(envol_random_secret(ev, key, 64));
	memory_want(key);
	memory_operate(ev, ENVOL_OPERATION_WRAP, uri, &request, &reply);
	CHECK_EQ(memory_count(key), 0);
	*wrapped = reply.wrapped;
	reply.wrapped = (struct envol_wrapped)ENVOL_WRAPPED_INIT;
	envol_message_free_request(&request);
	envol_message_free_reply(&reply);
	CHECK_EQ(memory_count(NULL), 0);
}

void memory_unwrap(struct envol *ev, const char *uri, struct envol_wrapped *wrapped,
		   void (*look)(struct envol *ev, const struct envol_secret *key))
{
	struct envol_request request = { .wrapped = *wrapped };
	struct envol_reply reply = ENVOL_REPLY_INIT;
	struct envol_secret *key = &reply.secrets[ENVOL_MESSAGE_KEY];

	memory_operate(ev, ENVOL_OPERATION_UNWRAP, uri, &request, &reply);
	CHECK_EQ(key->len, 64);
	/* The search finds what is there. */
	CHECK(memory_count(NULL) >= 4);
	CHECK_EQ(memory_count(key), 0);
	if (look)
		look(ev, key);
	envol_message_free_request(&request);
	envol_message_free_reply(&reply);
	CHECK_EQ(memory_count(NULL), 0);
}
