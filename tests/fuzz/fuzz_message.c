// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a message between libenvol and a KEK program. What is accepted must
 * encode to the same bytes again: each message has one spelling.
 */
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/provider/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
	if (!condition)
		abort();
}

static void check_same(const struct envol_blob *body, const uint8_t *data,
		       size_t size)
{
	demand(body->len == size && memcmp(body->data, data, size) == 0);
}

static void try_head(const uint8_t *data, size_t size)
{
	uint8_t again[ENVOL_MESSAGE_HEAD_SIZE];
	struct envol_message_head head;

	if (size < ENVOL_MESSAGE_HEAD_SIZE ||
	    envol_message_decode_head(&head, data))
		return;
	demand(head.body_len <= ENVOL_MESSAGE_BODY_MAX);
	envol_message_encode_head(again, &head);
	demand(memcmp(again, data, sizeof(again)) == 0);
}

static void try_request(const uint8_t *data, size_t size)
{
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	_cleanup_blob_ struct envol_blob body = ENVOL_BLOB_INIT;

	if (envol_message_decode_request(&request, data, size))
		return;
	demand(envol_message_encode_request(&request, &body) == 0);
	check_same(&body, data, size);
}

static void try_reply(const uint8_t *data, size_t size)
{
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;
	_cleanup_blob_ struct envol_blob body = ENVOL_BLOB_INIT;

	if (envol_message_decode_reply(&reply, data, size))
		return;
	demand(envol_message_encode_reply(&reply, &body) == 0);
	check_same(&body, data, size);
}

static void try_log(const uint8_t *data, size_t size)
{
	_cleanup_blob_ struct envol_blob body = ENVOL_BLOB_INIT;
	struct envol_log_line line;

	if (envol_message_decode_log(&line, data, size))
		return;
	demand(envol_message_encode_log(line.level, line.text, &body) == 0);
	check_same(&body, data, size);
	free(line.text);
}

/* The first byte chooses. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const uint8_t *data, size_t size) = {
		try_head, try_request, try_reply, try_log
	};

	if (size > 0)
		tries[data[0] % 4](data + 1, size - 1);
	return 0;
}
