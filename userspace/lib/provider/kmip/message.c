// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/provider/kmip/message.h"

static void write_id(uint8_t bytes[8], uint64_t id)
{
	int i;

	for (i = 0; i < 8; i++)
		bytes[i] = id >> (56 - 8 * i);
}

static void write_version(struct envol_ttlv_writer *w, struct envol_kmip_version version)
{
	envol_ttlv_open(w, KMIP_PROTOCOL_VERSION);
	envol_ttlv_write_integer(w, KMIP_PROTOCOL_VERSION_MAJOR, version.major);
	envol_ttlv_write_integer(w, KMIP_PROTOCOL_VERSION_MINOR, version.minor);
	envol_ttlv_close(w);
}

static void write_credential(struct envol_ttlv_writer *w,
			     const struct envol_kmip_request *request)
{
	envol_ttlv_open(w, KMIP_AUTHENTICATION);
	envol_ttlv_open(w, KMIP_CREDENTIAL);
	envol_ttlv_write_enum(w, KMIP_CREDENTIAL_TYPE, KMIP_CREDENTIAL_PASSWORD);
	envol_ttlv_open(w, KMIP_CREDENTIAL_VALUE);
	envol_ttlv_write_text(w, KMIP_USERNAME, request->username,
			      strlen(request->username));
	if (request->password)
		envol_ttlv_write_text(w, KMIP_PASSWORD, request->password->data,
				      request->password->len);
	envol_ttlv_close(w);
	envol_ttlv_close(w);
	envol_ttlv_close(w);
}

void envol_kmip_message_begin(struct envol_ttlv_writer *w, uint8_t *data, size_t size,
			      const struct envol_kmip_request *request)
{
	uint8_t id[8];

	envol_ttlv_begin(w, data, size);
	envol_ttlv_open(w, KMIP_REQUEST_MESSAGE);
	envol_ttlv_open(w, KMIP_REQUEST_HEADER);
	write_version(w, request->version);
	envol_ttlv_write_integer(w, KMIP_MAXIMUM_RESPONSE_SIZE, ENVOL_KMIP_MESSAGE_MAX);
	if (request->username)
		write_credential(w, request);
	envol_ttlv_write_integer(w, KMIP_BATCH_COUNT, 1);
	envol_ttlv_close(w);
	envol_ttlv_open(w, KMIP_BATCH_ITEM);
	envol_ttlv_write_enum(w, KMIP_OPERATION, request->operation);
	write_id(id, request->id);
	envol_ttlv_write_bytes(w, KMIP_UNIQUE_BATCH_ITEM_ID, id, sizeof(id));
	envol_ttlv_open(w, KMIP_REQUEST_PAYLOAD);
}

int envol_kmip_message_end(struct envol_ttlv_writer *w, size_t *len)
{
	envol_ttlv_close(w);
	envol_ttlv_close(w);
	envol_ttlv_close(w);
	return envol_ttlv_finish(w, len);
}

static const char *parse_header(const struct envol_ttlv *header,
				struct envol_kmip_answer *answer)
{
	struct envol_ttlv version, major, minor, count;

	if (envol_ttlv_find(header, KMIP_PROTOCOL_VERSION, ENVOL_TTLV_STRUCTURE, &version) ||
	    envol_ttlv_find(&version, KMIP_PROTOCOL_VERSION_MAJOR, ENVOL_TTLV_INTEGER,
			    &major) ||
	    envol_ttlv_find(&version, KMIP_PROTOCOL_VERSION_MINOR, ENVOL_TTLV_INTEGER, &minor))
		return "it has no version";
	answer->version.major = envol_ttlv_integer(&major);
	answer->version.minor = envol_ttlv_integer(&minor);
	if (envol_ttlv_find(header, KMIP_BATCH_COUNT, ENVOL_TTLV_INTEGER, &count) ||
	    envol_ttlv_integer(&count) != 1)
		return "it has not one result";
	return NULL;
}

/* What is said of an error may be anything: it is shown, and not understood. */
static void take_text(const struct envol_ttlv *item, char text[ENVOL_KMIP_TEXT_SIZE])
{
	uint32_t i;

	for (i = 0; i < item->len && i < ENVOL_KMIP_TEXT_SIZE - 1; i++)
		text[i] = item->value[i] < ' ' || item->value[i] > '~' ?
				  '?' : (char)item->value[i];
	text[i] = 0;
}

/* An item that may be missing: 0 or -ENOENT is fine. */
static bool is_wrong(int err)
{
	return err && err != -ENOENT;
}

static const char *check_asked(const struct envol_ttlv *item,
			       const struct envol_kmip_request *request,
			       const struct envol_kmip_answer *answer)
{
	struct envol_ttlv operation, id;
	uint8_t want[8];
	int err;

	err = envol_ttlv_find(item, KMIP_OPERATION, ENVOL_TTLV_ENUMERATION, &operation);
	/* One that could not make out the request can't say what it was. */
	if (err ? is_wrong(err) || answer->status == KMIP_STATUS_SUCCESS :
		  envol_ttlv_enum(&operation) != request->operation)
		return "it is for another operation";
	err = envol_ttlv_find(item, KMIP_UNIQUE_BATCH_ITEM_ID, ENVOL_TTLV_BYTES, &id);
	write_id(want, request->id);
	if (err ? is_wrong(err) :
		  id.len != sizeof(want) || memcmp(id.value, want, sizeof(want)) != 0)
		return "it is for another request";
	return NULL;
}

static const char *parse_item(const struct envol_ttlv *item,
			      const struct envol_kmip_request *request,
			      struct envol_kmip_answer *answer)
{
	struct envol_ttlv found;
	int err;

	if (envol_ttlv_find(item, KMIP_RESULT_STATUS, ENVOL_TTLV_ENUMERATION, &found))
		return "it has no status";
	answer->status = envol_ttlv_enum(&found);
	err = envol_ttlv_find(item, KMIP_RESULT_REASON, ENVOL_TTLV_ENUMERATION, &found);
	if (is_wrong(err))
		return "its reason is malformed";
	answer->reason = err ? 0 : envol_ttlv_enum(&found);
	err = envol_ttlv_find(item, KMIP_RESULT_MESSAGE, ENVOL_TTLV_TEXT, &found);
	if (is_wrong(err))
		return "its text is malformed";
	if (!err)
		take_text(&found, answer->text);
	err = envol_ttlv_find(item, KMIP_RESPONSE_PAYLOAD, ENVOL_TTLV_STRUCTURE,
			      &answer->payload);
	if (is_wrong(err))
		return "its payload is malformed";
	return check_asked(item, request, answer);
}

static const char *parse(const uint8_t *data, size_t len,
			 const struct envol_kmip_request *request,
			 struct envol_kmip_answer *answer)
{
	struct envol_ttlv message, header, item;
	const char *bad;

	if (envol_ttlv_parse(data, len, &message) ||
	    message.tag != KMIP_RESPONSE_MESSAGE || message.type != ENVOL_TTLV_STRUCTURE)
		return "its encoding is malformed";
	if (envol_ttlv_find(&message, KMIP_RESPONSE_HEADER, ENVOL_TTLV_STRUCTURE, &header))
		return "it has no header";
	bad = parse_header(&header, answer);
	if (bad)
		return bad;
	if (envol_ttlv_find(&message, KMIP_BATCH_ITEM, ENVOL_TTLV_STRUCTURE, &item))
		return "it has not one result";
	return parse_item(&item, request, answer);
}

int envol_kmip_message_parse(const uint8_t *data, size_t len,
			     const struct envol_kmip_request *request,
			     struct envol_kmip_answer *answer, const char **why)
{
	*answer = (struct envol_kmip_answer){ 0 };
	*why = parse(data, len, request, answer);
	return *why ? -EBADMSG : 0;
}
