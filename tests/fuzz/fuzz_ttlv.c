// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as what a KMIP server sends. A message that is accepted must be the same
 * when its items are written again: each has one encoding. What is read of it
 * afterwards stays within it.
 */
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/provider/kmip/attribute.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX 65536

static uint8_t again[MAX];

static void demand(bool condition)
{
	if (!condition)
		abort();
}

static void write_again(struct envol_ttlv_writer *w, const struct envol_ttlv *item)
{
	struct envol_ttlv child, previous;
	bool first = true;

	switch (item->type) {
	case ENVOL_TTLV_STRUCTURE:
		envol_ttlv_open(w, item->tag);
		while (envol_ttlv_next(item, first ? NULL : &previous, &child)) {
			write_again(w, &child);
			previous = child;
			first = false;
		}
		envol_ttlv_close(w);
		break;
	case ENVOL_TTLV_INTEGER:
		envol_ttlv_write_integer(w, item->tag, envol_ttlv_integer(item));
		break;
	case ENVOL_TTLV_ENUMERATION:
		envol_ttlv_write_enum(w, item->tag, envol_ttlv_enum(item));
		break;
	case ENVOL_TTLV_BOOLEAN:
		envol_ttlv_write_boolean(w, item->tag, envol_ttlv_boolean(item));
		break;
	case ENVOL_TTLV_TEXT:
		envol_ttlv_write_text(w, item->tag, item->value, item->len);
		break;
	case ENVOL_TTLV_DATE:
		envol_ttlv_write_date(w, item->tag, envol_ttlv_date(item));
		break;
	default:
		/* No request of ours has the others: the type is put back by hand. */
		envol_ttlv_write_bytes(w, item->tag, item->value, item->len);
		w->data[w->len - (item->len + 7) / 8 * 8 - 5] = item->type;
	}
}

static void try_codec(const uint8_t *data, size_t size)
{
	struct envol_ttlv_writer w;
	struct envol_ttlv item;
	size_t len;

	if (size > MAX || envol_ttlv_parse(data, size, &item))
		return;
	envol_ttlv_begin(&w, again, sizeof(again));
	write_again(&w, &item);
	demand(envol_ttlv_finish(&w, &len) == 0);
	demand(len == size && memcmp(again, data, len) == 0);
}

/* What the corpus answers. */
static const struct envol_kmip_request asked = {
	.operation = KMIP_OP_GET_ATTRIBUTES, .id = 0x0102030405060708,
};

static void try_message(const uint8_t *data, size_t size)
{
	struct envol_kmip_version versions[] = { { 1, 4 }, { 2, 0 } };
	struct envol_kmip_answer answer;
	struct envol_kmip_object object;
	const char *why;
	size_t i;

	if (envol_kmip_message_parse(data, size, &asked, &answer, &why)) {
		demand(why != NULL);
		return;
	}
	demand(strlen(answer.text) < sizeof(answer.text));
	for (i = 0; i < 2 && answer.payload.tag; i++)
		if (!envol_kmip_attribute_read(&answer.payload, versions[i], &object))
			demand(strlen(object.uid) < sizeof(object.uid));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len;

	try_codec(data, size);
	try_message(data, size);
	if (size >= ENVOL_TTLV_HEAD &&
	    !envol_ttlv_message_len(data, KMIP_RESPONSE_MESSAGE, MAX, &len))
		demand(len >= ENVOL_TTLV_HEAD && len <= MAX);
	return 0;
}
