// SPDX-License-Identifier: GPL-2.0-or-later
/* The codec between libenvol and a KEK program: what goes in comes out, all else is refused. */
#include <errno.h>
#include <stdlib.h>

#include "tests/harness/test.h"
#include "userspace/lib/provider/message.h"

static char *text(const char *s)
{
	char *copy = strdup(s);

	CHECK(copy);
	return copy;
}

static void fill_wrapped(struct envol_wrapped *wrapped)
{
	wrapped->version = text("7");
	wrapped->algorithm = text("A256KWP");
	CHECK_OK(envol_blob_append(&wrapped->bytes, "wrapped", 7));
}

static void fill_request(struct envol_request *request)
{
	*request = (struct envol_request){
		.operation = ENVOL_OPERATION_UNWRAP,
		.uri = text("service:disk7"),
		.keystore = text("/keys"),
		.state = text("/state"),
		.tpm = text(""),
		.kek_directory = text("/kek"),
		.left_ms = 12345,
		.log_level = ENVOL_LOG_DEBUG,
		.replace = true,
	};
	CHECK_OK(envol_settings_put(&request->settings, "service", "", "a", "b"));
	CHECK_OK(envol_settings_put(&request->settings, "service", "x", "a", ""));
	memset(request->volume_id, 0xa5, sizeof(request->volume_id));
	fill_wrapped(&request->wrapped);
	CHECK_OK(envol_blob_append(&request->file, "file", 4));
}

static void fill_reply(struct envol_reply *reply)
{
	struct envol_key_info *info = calloc(2, sizeof(*info));

	CHECK(info);
	*reply = (struct envol_reply){ .err = -ENOENT, .infos = info,
				       .n_infos = 2 };
	reply->sentence = text("no such key");
	reply->retry_after_s = 86400;
	fill_wrapped(&reply->wrapped);
	CHECK_OK(envol_blob_append(&reply->file, "file", 4));
	info[0].uri = text("service:a");
	info[0].type = text("AES-256");
	info[0].recoverable = true;
	info[0].versions = calloc(2, sizeof(*info[0].versions));
	CHECK(info[0].versions);
	info[0].n_versions = 2;
	info[0].versions[0] = (struct envol_key_version){
		.version = text("1"), .created = 1, .not_before = 2,
		.expires = 253402300799, .enabled = true };
	info[0].versions[1].version = text("2");
	info[1].uri = text("service:b");
}

TEST(a_request_comes_back)
{
	struct envol_request in, out = ENVOL_REQUEST_INIT;
	_cleanup_blob_ struct envol_blob body = ENVOL_BLOB_INIT;

	fill_request(&in);
	CHECK_OK(envol_message_encode_request(&in, &body));
	CHECK_OK(envol_message_decode_request(&out, body.data, body.len));
	CHECK_EQ(out.operation, in.operation);
	CHECK_STR_EQ(out.uri, in.uri);
	CHECK_STR_EQ(out.keystore, in.keystore);
	CHECK_STR_EQ(out.state, in.state);
	CHECK_STR_EQ(out.tpm, in.tpm);
	CHECK_STR_EQ(out.kek_directory, in.kek_directory);
	CHECK_EQ(out.settings.n, 2);
	CHECK_STR_EQ(out.settings.list[1].scheme, "service");
	CHECK_STR_EQ(out.settings.list[1].subject, "x");
	CHECK_STR_EQ(out.settings.list[1].key, "a");
	CHECK_STR_EQ(out.settings.list[1].value, "");
	CHECK_STR_EQ(out.settings.list[0].value, "b");
	CHECK_EQ(out.left_ms, in.left_ms);
	CHECK_EQ(out.log_level, in.log_level);
	CHECK(out.replace);
	CHECK(!out.version);
	CHECK_MEM_EQ(out.volume_id, in.volume_id, sizeof(in.volume_id));
	CHECK_STR_EQ(out.wrapped.version, in.wrapped.version);
	CHECK_STR_EQ(out.wrapped.algorithm, in.wrapped.algorithm);
	CHECK(envol_blob_equal(&out.wrapped.bytes, &in.wrapped.bytes));
	CHECK(envol_blob_equal(&out.file, &in.file));
	envol_message_free_request(&in);
	envol_message_free_request(&out);
}

TEST(a_reply_comes_back)
{
	struct envol_reply in, out = ENVOL_REPLY_INIT;
	_cleanup_blob_ struct envol_blob body = ENVOL_BLOB_INIT;

	fill_reply(&in);
	CHECK_OK(envol_message_encode_reply(&in, &body));
	CHECK_OK(envol_message_decode_reply(&out, body.data, body.len));
	CHECK_EQ(out.err, -ENOENT);
	CHECK_STR_EQ(out.sentence, in.sentence);
	CHECK_EQ(out.retry_after_s, 86400);
	CHECK_STR_EQ(out.wrapped.version, "7");
	CHECK_EQ(out.n_infos, 2);
	CHECK_STR_EQ(out.infos[0].uri, "service:a");
	CHECK_STR_EQ(out.infos[0].type, "AES-256");
	CHECK(!out.infos[0].protection && !out.infos[0].recovery);
	CHECK(out.infos[0].recoverable && !out.infos[1].recoverable);
	CHECK_EQ(out.infos[0].n_versions, 2);
	CHECK_STR_EQ(out.infos[0].versions[0].version, "1");
	CHECK_EQ(out.infos[0].versions[0].created, 1);
	CHECK_EQ(out.infos[0].versions[0].not_before, 2);
	CHECK_EQ(out.infos[0].versions[0].expires, 253402300799);
	CHECK(out.infos[0].versions[0].enabled);
	CHECK(!out.infos[0].versions[1].enabled);
	CHECK_STR_EQ(out.infos[1].uri, "service:b");
	CHECK(envol_blob_equal(&out.file, &in.file));
	envol_message_free_reply(&in);
	envol_message_free_reply(&out);
}

/* Every field has its length before it: no prefix of a message is one, nor is more. */
TEST(a_shorter_or_longer_body_is_refused)
{
	struct envol_request request, got_request = ENVOL_REQUEST_INIT;
	struct envol_reply reply, got_reply = ENVOL_REPLY_INIT;
	_cleanup_blob_ struct envol_blob body = ENVOL_BLOB_INIT;
	size_t len;

	fill_request(&request);
	CHECK_OK(envol_message_encode_request(&request, &body));
	for (len = 0; len < body.len; len++) {
		CHECK_ERR(envol_message_decode_request(&got_request, body.data,
						       len), -EBADMSG);
		envol_message_free_request(&got_request);
	}
	CHECK_OK(envol_blob_append(&body, "", 1));
	CHECK_ERR(envol_message_decode_request(&got_request, body.data,
					       body.len), -EBADMSG);
	envol_message_free_request(&got_request);
	envol_message_free_request(&request);

	envol_blob_free(&body);
	fill_reply(&reply);
	CHECK_OK(envol_message_encode_reply(&reply, &body));
	for (len = 0; len < body.len; len++) {
		CHECK_ERR(envol_message_decode_reply(&got_reply, body.data,
						     len), -EBADMSG);
		envol_message_free_reply(&got_reply);
	}
	envol_message_free_reply(&reply);
}

TEST(what_is_out_of_bounds_is_not_encoded)
{
	struct envol_request request;
	struct envol_reply reply;
	_cleanup_blob_ struct envol_blob body = ENVOL_BLOB_INIT;

	fill_request(&request);
	free(request.uri);
	request.uri = malloc(ENVOL_MESSAGE_TEXT_MAX + 2);
	CHECK(request.uri);
	memset(request.uri, 'a', ENVOL_MESSAGE_TEXT_MAX + 1);
	request.uri[ENVOL_MESSAGE_TEXT_MAX + 1] = 0;
	CHECK_ERR(envol_message_encode_request(&request, &body), -EMSGSIZE);
	envol_message_free_request(&request);

	fill_reply(&reply);
	reply.infos[0].versions[0].created = 253402300800;
	CHECK_ERR(envol_message_encode_reply(&reply, &body), -EINVAL);
	reply.infos[0].versions[0].created = -1;
	CHECK_ERR(envol_message_encode_reply(&reply, &body), -EINVAL);
	envol_message_free_reply(&reply);
}

/* An error without a sentence, or the reverse, is no answer. */
TEST(an_error_has_a_sentence)
{
	struct envol_reply reply = { .err = -EIO }, got = ENVOL_REPLY_INIT;
	_cleanup_blob_ struct envol_blob body = ENVOL_BLOB_INIT;

	CHECK_OK(envol_message_encode_reply(&reply, &body));
	CHECK_ERR(envol_message_decode_reply(&got, body.data, body.len),
		  -EBADMSG);
	envol_message_free_reply(&got);
	envol_blob_free(&body);
	reply = (struct envol_reply){ .sentence = (char *)"all is well" };
	CHECK_OK(envol_message_encode_reply(&reply, &body));
	CHECK_ERR(envol_message_decode_reply(&got, body.data, body.len),
		  -EBADMSG);
	envol_message_free_reply(&got);
}

TEST(a_head_is_refused_for_any_field_out_of_bounds)
{
	const struct envol_message_head good = { ENVOL_MESSAGE_REPLY, 100,
						 { 64, ENVOL_SECRET_MAX } };
	uint8_t bytes[ENVOL_MESSAGE_HEAD_SIZE];
	struct envol_message_head head;
	size_t i;

	envol_message_encode_head(bytes, &good);
	CHECK_OK(envol_message_decode_head(&head, bytes));
	CHECK_EQ(head.kind, good.kind);
	CHECK_EQ(head.body_len, good.body_len);
	CHECK_EQ(head.secret_lens[0], 64);
	CHECK_EQ(head.secret_lens[1], ENVOL_SECRET_MAX);

	/* The highest byte of each number, and of the version. */
	for (i = 3; i < sizeof(bytes); i += 4) {
		envol_message_encode_head(bytes, &good);
		bytes[i] ^= 0x80;
		CHECK_ERR(envol_message_decode_head(&head, bytes), -EBADMSG);
	}
	head = good;
	head.kind = 0;
	envol_message_encode_head(bytes, &head);
	CHECK_ERR(envol_message_decode_head(&head, bytes), -EBADMSG);
	/* A log line carries no secret. */
	head = good;
	head.kind = ENVOL_MESSAGE_LOG;
	envol_message_encode_head(bytes, &head);
	CHECK_ERR(envol_message_decode_head(&head, bytes), -EBADMSG);
}

TEST(a_log_line_comes_back)
{
	_cleanup_blob_ struct envol_blob body = ENVOL_BLOB_INIT;
	struct envol_log_line line;

	CHECK_OK(envol_message_encode_log(ENVOL_LOG_INFO, "tried", &body));
	CHECK_OK(envol_message_decode_log(&line, body.data, body.len));
	CHECK_EQ(line.level, ENVOL_LOG_INFO);
	CHECK_STR_EQ(line.text, "tried");
	free(line.text);
	body.data[0] = ENVOL_LOG_DEBUG + 1;
	CHECK_ERR(envol_message_decode_log(&line, body.data, body.len),
		  -EBADMSG);
}
