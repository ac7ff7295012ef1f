// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of KMIP and what is read of them: only the answer to what was asked counts. */
#include <errno.h>
#include <stdio.h>

#include "tests/harness/test.h"
#include "userspace/lib/provider/kmip/attribute.h"
#include "userspace/lib/provider/kmip/result.h"

static const struct envol_kmip_request asked = {
	.version = { 1, 4 }, .operation = KMIP_OP_GET_ATTRIBUTES, .id = 0x0102030405060708,
};

static uint8_t buffer[4096];
static struct envol_kmip_answer answer;
static const char *why;

/* What an answer has, or lacks, or has wrong. */
struct shape {
	const char *what, *why;		/* why: NULL for a good one */
	bool no_header, no_version, no_item, two_items, no_status, no_operation, no_id;
	int count;			/* besides 1 */
	uint32_t operation, status;
	const char *id;
	bool bad_reason, no_payload, bad_payload;
};

static void write_header(struct envol_ttlv_writer *w, const struct shape *shape)
{
	envol_ttlv_open(w, KMIP_RESPONSE_HEADER);
	if (!shape->no_version) {
		envol_ttlv_open(w, KMIP_PROTOCOL_VERSION);
		envol_ttlv_write_integer(w, KMIP_PROTOCOL_VERSION_MAJOR, 1);
		envol_ttlv_write_integer(w, KMIP_PROTOCOL_VERSION_MINOR, 4);
		envol_ttlv_close(w);
	}
	envol_ttlv_write_integer(w, KMIP_BATCH_COUNT, 1 + shape->count);
	envol_ttlv_close(w);
}

static void write_item(struct envol_ttlv_writer *w, const struct shape *shape)
{
	envol_ttlv_open(w, KMIP_BATCH_ITEM);
	if (!shape->no_operation)
		envol_ttlv_write_enum(w, KMIP_OPERATION,
				      shape->operation ? shape->operation : KMIP_OP_GET_ATTRIBUTES);
	if (!shape->no_id)
		envol_ttlv_write_bytes(w, KMIP_UNIQUE_BATCH_ITEM_ID,
				       shape->id ? shape->id : "\1\2\3\4\5\6\7\10", 8);
	if (!shape->no_status)
		envol_ttlv_write_enum(w, KMIP_RESULT_STATUS, shape->status);
	if (shape->bad_reason)
		envol_ttlv_write_integer(w, KMIP_RESULT_REASON, 1);
	if (shape->status)
		envol_ttlv_write_text(w, KMIP_RESULT_MESSAGE, "no\nway", 6);
	if (shape->bad_payload) {
		envol_ttlv_write_integer(w, KMIP_RESPONSE_PAYLOAD, 1);
	} else if (!shape->no_payload) {
		envol_ttlv_open(w, KMIP_RESPONSE_PAYLOAD);
		envol_ttlv_close(w);
	}
	envol_ttlv_close(w);
}

static int parse_shape(const struct shape *shape)
{
	struct envol_ttlv_writer w;
	size_t len;

	envol_ttlv_begin(&w, buffer, sizeof(buffer));
	envol_ttlv_open(&w, KMIP_RESPONSE_MESSAGE);
	if (!shape->no_header)
		write_header(&w, shape);
	if (!shape->no_item)
		write_item(&w, shape);
	if (shape->two_items)
		write_item(&w, shape);
	envol_ttlv_close(&w);
	CHECK_OK(envol_ttlv_finish(&w, &len));
	return envol_kmip_message_parse(buffer, len, &asked, &answer, &why);
}

TEST(only_the_answer_to_what_was_asked_is_taken)
{
	static const struct shape rows[] = {
		{ .what = "good" },
		{ .what = "good without a payload", .no_payload = true },
		{ .what = "good without a number", .no_id = true },
		{ .what = "an error without operation and number",
		  .status = KMIP_STATUS_FAILED,
		  .no_operation = true, .no_id = true },
		{ "no header", "header", .no_header = true },
		{ "no version", "version", .no_version = true },
		{ "no result", "one result", .no_item = true },
		{ "two results", "one result", .two_items = true },
		{ "a count of two", "one result", .count = 1 },
		{ "no status", "status", .no_status = true },
		{ "another operation", "another operation", .operation = KMIP_OP_DECRYPT },
		{ "success of nothing", "another operation", .no_operation = true },
		{ "an error of another operation", "another operation",
		  .operation = KMIP_OP_DECRYPT, .status = KMIP_STATUS_FAILED },
		{ "another number", "another request", .id = "\1\2\3\4\5\6\7\11" },
		{ "an error with another number", "another request",
		  .id = "\1\2\3\4\5\6\7\11", .status = KMIP_STATUS_FAILED },
		{ "a reason that is none", "reason", .bad_reason = true },
		{ "a payload that is none", "payload", .bad_payload = true },
	};
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		int err = parse_shape(&rows[i]);

		printf("# %s\n", rows[i].what);
		CHECK_ERR(err, rows[i].why ? -EBADMSG : 0);
		if (rows[i].why)
			CHECK_STR_HAS(why, rows[i].why);
		else
			CHECK_EQ(answer.status, rows[i].status);
	}
}

TEST(what_a_server_says_of_an_error_is_made_printable)
{
	const struct shape shape = { .status = KMIP_STATUS_FAILED };

	CHECK_OK(parse_shape(&shape));
	CHECK_STR_EQ(answer.text, "no?way");
}

TEST(a_request_has_what_a_server_expects)
{
	struct envol_kmip_request request = asked;
	struct envol_ttlv message, header, item, it;
	struct envol_secret password = { .data = (uint8_t *)"s3cret", .len = 6 };
	struct envol_ttlv_writer w;
	char text[16];
	size_t len;

	request.username = "envol";
	request.password = &password;
	envol_kmip_message_begin(&w, buffer, sizeof(buffer), &request);
	envol_kmip_attribute_ask(&w, request.version);
	CHECK_OK(envol_kmip_message_end(&w, &len));
	CHECK_OK(envol_ttlv_parse(buffer, len, &message));
	CHECK_EQ(message.tag, KMIP_REQUEST_MESSAGE);
	CHECK_OK(envol_ttlv_find(&message, KMIP_REQUEST_HEADER, ENVOL_TTLV_STRUCTURE, &header));
	CHECK_OK(envol_ttlv_find(&header, KMIP_BATCH_COUNT, ENVOL_TTLV_INTEGER, &it));
	CHECK_EQ(envol_ttlv_integer(&it), 1);
	CHECK_OK(envol_ttlv_find(&header, KMIP_AUTHENTICATION, ENVOL_TTLV_STRUCTURE, &it));
	CHECK_OK(envol_ttlv_find(&it, KMIP_CREDENTIAL, ENVOL_TTLV_STRUCTURE, &item));
	CHECK_OK(envol_ttlv_find(&item, KMIP_CREDENTIAL_VALUE, ENVOL_TTLV_STRUCTURE, &it));
	CHECK_OK(envol_ttlv_find(&it, KMIP_PASSWORD, ENVOL_TTLV_TEXT, &item));
	CHECK_OK(envol_ttlv_text(&item, text, sizeof(text)));
	CHECK_STR_EQ(text, "s3cret");
	CHECK_OK(envol_ttlv_find(&message, KMIP_BATCH_ITEM, ENVOL_TTLV_STRUCTURE, &item));
	CHECK_OK(envol_ttlv_find(&item, KMIP_OPERATION, ENVOL_TTLV_ENUMERATION, &it));
	CHECK_EQ(envol_ttlv_enum(&it), KMIP_OP_GET_ATTRIBUTES);
	CHECK_OK(envol_ttlv_find(&item, KMIP_REQUEST_PAYLOAD, ENVOL_TTLV_STRUCTURE, &it));
	CHECK(it.len > 0);
}

/* An answer with attributes from the fuzzer's corpus, which the double's codec made. */
static void read_corpus(const char *name, struct envol_kmip_version version,
			struct envol_kmip_object *object)
{
	char path[128];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "tests/fuzz/corpus/ttlv/%s", name);
	f = fopen(path, "r");
	CHECK(f);
	len = fread(buffer, 1, sizeof(buffer), f);
	fclose(f);
	CHECK_OK(envol_kmip_message_parse(buffer, len, &asked, &answer, &why));
	CHECK_OK(envol_kmip_attribute_read(&answer.payload, version, object));
	CHECK_STR_EQ(object->uid, "7f1c-22");
	CHECK_EQ(object->type, KMIP_TYPE_SYMMETRIC_KEY);
	CHECK_EQ(object->algorithm, KMIP_ALGORITHM_AES);
	CHECK_EQ(object->length, 256);
	CHECK_EQ(object->usage, KMIP_MAY_ENCRYPT | KMIP_MAY_DECRYPT);
	CHECK_EQ(object->created, 1700000000);
	CHECK_STR_EQ(object->names[0], "disk7");
	CHECK_STR_EQ(object->names[1], "");
}

TEST(attributes_are_read_in_both_encodings)
{
	const struct envol_kmip_version v1 = { 1, 4 }, v2 = { 2, 0 };
	struct envol_kmip_object object;

	read_corpus("attributes_1_4", v1, &object);
	CHECK_EQ(object.state, KMIP_STATE_ACTIVE);
	CHECK_STR_EQ(object.replacement, "8");
	CHECK_STR_EQ(object.replaced, "");
	read_corpus("attributes_2_0", v2, &object);
	CHECK_EQ(object.state, KMIP_STATE_DEACTIVATED);
	CHECK_EQ(object.deactivation, 1800000000);
	CHECK_STR_EQ(object.replacement, "");
	CHECK_STR_EQ(object.replaced, "6");
	/* The one encoding is not taken for the other. */
	CHECK_ERR(envol_kmip_attribute_read(&answer.payload, v1, &object), 0);
	CHECK_EQ(object.state, 0);
}

TEST(reasons_have_errors_of_ours)
{
	static const struct {
		uint32_t reason;
		int err;
	} rows[] = {
		{ KMIP_REASON_NOT_FOUND, -ENOENT },
		{ KMIP_REASON_DESTROYED, -ENOENT },
		{ KMIP_REASON_PERMISSION_DENIED, -EACCES },
		{ KMIP_REASON_AUTHENTICATION, -EACCES },
		{ KMIP_REASON_WRONG_STATE, -EKEYREVOKED },
		{ KMIP_REASON_ARCHIVED, -EKEYREVOKED },
		{ KMIP_REASON_SERVER_LIMIT, -EAGAIN },
		{ KMIP_REASON_OPERATION_NOT_SUPPORTED, -EOPNOTSUPP },
		{ KMIP_REASON_GENERAL_FAILURE, -EIO },
		{ 0, -EIO },
		{ 0x7fffffff, -EIO },
	};
	const char *hint;
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		CHECK_ERR(envol_kmip_result_errno(rows[i].reason, &hint), rows[i].err);
		CHECK(hint);
	}
	CHECK(envol_kmip_result_blames_data(KMIP_REASON_CRYPTOGRAPHIC_FAILURE));
	CHECK(!envol_kmip_result_blames_data(KMIP_REASON_PERMISSION_DENIED));
	CHECK(!envol_kmip_result_blames_data(0));
}
