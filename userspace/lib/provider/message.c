// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Numbers are little-endian; a string or blob has its length before it, in 32
 * bits; ABSENT there stands for a string that is NULL.
 */
#include <errno.h>
#include <string.h>

#include "userspace/lib/provider/message.h"

#define MAGIC 0x324b5645u	/* "EVK2" */
#define ABSENT UINT32_MAX
#define ERRNO_MAX 4095

/* ---- writing: the first error stays and stops the rest ---------------------- */

struct writer {
	struct envol_blob *body;
	int err;
};

static void put_bytes(struct writer *w, const void *data, size_t len, size_t max)
{
	if (!w->err && len > max)
		w->err = -EMSGSIZE;
	if (!w->err)
		w->err = envol_blob_append_prefixed(w->body, data, len);
}

static void put_u32(struct writer *w, uint32_t v)
{
	if (!w->err)
		w->err = envol_blob_append_le32(w->body, v);
}

static void put_time(struct writer *w, int64_t v)
{
	if (!w->err && (v < 0 || v > ENVOL_MESSAGE_TIME_MAX))
		w->err = -EINVAL;
	if (!w->err)
		w->err = envol_blob_append_le64(w->body, (uint64_t)v);
}

static void put_string(struct writer *w, const char *s)
{
	if (s)
		put_bytes(w, s, strlen(s), ENVOL_MESSAGE_TEXT_MAX);
	else
		put_u32(w, ABSENT);
}

static void put_wrapped(struct writer *w, const struct envol_wrapped *wrapped)
{
	put_string(w, wrapped->version);
	put_string(w, wrapped->algorithm);
	put_bytes(w, wrapped->bytes.data, wrapped->bytes.len,
		  ENVOL_KEK_WRAPPED_MAX);
}

static void put_info(struct writer *w, const struct envol_key_info *info)
{
	size_t i;

	put_string(w, info->uri);
	put_string(w, info->type);
	put_string(w, info->protection);
	put_string(w, info->recovery);
	put_u32(w, info->recoverable);
	if (info->n_versions > ENVOL_MESSAGE_VERSIONS_MAX && !w->err)
		w->err = -EMSGSIZE;
	put_u32(w, (uint32_t)info->n_versions);
	for (i = 0; i < info->n_versions && !w->err; i++) {
		const struct envol_key_version *v = &info->versions[i];

		put_string(w, v->version);
		put_time(w, v->created);
		put_time(w, v->not_before);
		put_time(w, v->expires);
		put_u32(w, v->enabled);
	}
}

static void put_settings(struct writer *w, const struct envol_settings *settings)
{
	size_t i;

	put_u32(w, (uint32_t)settings->n);
	for (i = 0; i < settings->n; i++) {
		put_string(w, settings->list[i].scheme);
		put_string(w, settings->list[i].subject);
		put_string(w, settings->list[i].key);
		put_string(w, settings->list[i].value);
	}
}

static int written(struct writer *w)
{
	if (!w->err && w->body->len > ENVOL_MESSAGE_BODY_MAX)
		w->err = -EMSGSIZE;
	return w->err;
}

/* ---- reading: after the first error everything reads as empty ------------------ */

struct reader {
	const uint8_t *at;
	size_t left;
	int err;
};

static void spoil(struct reader *r, int err)
{
	if (!r->err)
		r->err = err;
	r->left = 0;
}

static const uint8_t *get(struct reader *r, size_t len)
{
	const uint8_t *at = r->at;

	if (r->err || len > r->left) {
		spoil(r, -EBADMSG);
		return NULL;
	}
	r->at += len;
	r->left -= len;
	return at;
}

static uint64_t get_le(struct reader *r, size_t size)
{
	const uint8_t *at = get(r, size);
	uint64_t v = 0;

	while (at && size--)
		v = v << 8 | at[size];
	return v;
}

static uint32_t get_u32(struct reader *r, uint32_t max)
{
	uint32_t v = (uint32_t)get_le(r, 4);

	if (v > max) {
		spoil(r, -EBADMSG);
		return 0;
	}
	return v;
}

static int64_t get_time(struct reader *r)
{
	uint64_t v = get_le(r, 8);

	if (v > ENVOL_MESSAGE_TIME_MAX) {
		spoil(r, -EBADMSG);
		return 0;
	}
	return (int64_t)v;
}

static bool get_bool(struct reader *r)
{
	return get_u32(r, 1);
}

static char *get_string(struct reader *r)
{
	uint32_t len = (uint32_t)get_le(r, 4);
	const uint8_t *at;
	char *s;

	if (r->err || len == ABSENT)
		return NULL;
	at = len > ENVOL_MESSAGE_TEXT_MAX ? NULL : get(r, len);
	if (!at || memchr(at, 0, len)) {
		spoil(r, -EBADMSG);
		return NULL;
	}
	s = strndup((const char *)at, len);
	if (!s)
		spoil(r, -ENOMEM);
	return s;
}

/* One that has to be there. */
static char *need_string(struct reader *r)
{
	char *s = get_string(r);

	if (!s)
		spoil(r, -EBADMSG);
	return s;
}

static void get_blob(struct reader *r, struct envol_blob *blob, uint32_t max)
{
	uint32_t len = get_u32(r, max);
	const uint8_t *at = get(r, len);
	int err;

	if (!at)
		return;
	err = envol_blob_append(blob, at, len);
	if (err)
		spoil(r, err);
}

static void get_wrapped(struct reader *r, struct envol_wrapped *wrapped)
{
	wrapped->version = get_string(r);
	wrapped->algorithm = get_string(r);
	get_blob(r, &wrapped->bytes, ENVOL_KEK_WRAPPED_MAX);
}

static void get_info(struct reader *r, struct envol_key_info *info)
{
	size_t i, n;

	info->uri = need_string(r);
	info->type = get_string(r);
	info->protection = get_string(r);
	info->recovery = get_string(r);
	info->recoverable = get_bool(r);
	n = get_u32(r, ENVOL_MESSAGE_VERSIONS_MAX);
	if (r->err || n == 0)
		return;
	info->versions = calloc(n, sizeof(*info->versions));
	if (!info->versions) {
		spoil(r, -ENOMEM);
		return;
	}
	info->n_versions = n;
	for (i = 0; i < n && !r->err; i++) {
		struct envol_key_version *v = &info->versions[i];

		v->version = need_string(r);
		v->created = get_time(r);
		v->not_before = get_time(r);
		v->expires = get_time(r);
		v->enabled = get_bool(r);
	}
}

static void get_setting(struct reader *r, struct envol_settings *settings)
{
	_cleanup_free_ char *scheme = need_string(r);
	_cleanup_free_ char *subject = need_string(r);
	_cleanup_free_ char *key = need_string(r);
	_cleanup_free_ char *value = need_string(r);
	size_t n = settings->n;
	int err;

	if (r->err)
		return;
	err = envol_settings_put(settings, scheme, subject, key, value);
	/* One that was there already is not written twice. */
	if (err || settings->n == n)
		spoil(r, err ? err : -EBADMSG);
}

static void get_settings(struct reader *r, struct envol_settings *settings)
{
	uint32_t n = get_u32(r, ENVOL_SETTINGS_MAX);

	while (n-- && !r->err)
		get_setting(r, settings);
}

static int finished(struct reader *r)
{
	if (!r->err && r->left)
		r->err = -EBADMSG;
	return r->err;
}

/* ---- messages ---------------------------------------------------------------- */

static void put_le32(uint8_t *at, uint32_t v)
{
	int i;

	for (i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}

void envol_message_encode_head(uint8_t bytes[ENVOL_MESSAGE_HEAD_SIZE],
			       const struct envol_message_head *head)
{
	size_t i;

	put_le32(bytes, MAGIC);
	put_le32(bytes + 4, head->kind);
	put_le32(bytes + 8, head->body_len);
	for (i = 0; i < ENVOL_MESSAGE_SECRETS; i++)
		put_le32(bytes + 12 + 4 * i, head->secret_lens[i]);
}

int envol_message_decode_head(struct envol_message_head *head,
			      const uint8_t bytes[ENVOL_MESSAGE_HEAD_SIZE])
{
	struct reader r = { bytes, ENVOL_MESSAGE_HEAD_SIZE, 0 };
	size_t i;

	if (get_u32(&r, UINT32_MAX) != MAGIC)
		return -EBADMSG;
	head->kind = get_u32(&r, ENVOL_MESSAGE_REPLY);
	head->body_len = get_u32(&r, ENVOL_MESSAGE_BODY_MAX);
	for (i = 0; i < ENVOL_MESSAGE_SECRETS; i++) {
		head->secret_lens[i] = get_u32(&r, ENVOL_SECRET_MAX);
		if (head->kind == ENVOL_MESSAGE_LOG && head->secret_lens[i])
			return -EBADMSG;
	}
	return head->kind == 0 ? -EBADMSG : r.err;
}

int envol_message_encode_request(const struct envol_request *request,
				 struct envol_blob *body)
{
	struct writer w = { body, 0 };

	put_u32(&w, request->operation);
	put_string(&w, request->uri);
	put_string(&w, request->keystore);
	put_string(&w, request->state);
	put_string(&w, request->tpm);
	put_string(&w, request->kek_directory);
	put_settings(&w, &request->settings);
	put_u32(&w, request->left_ms);
	put_u32(&w, request->log_level);
	put_u32(&w, request->replace);
	put_bytes(&w, request->volume_id, ENVOL_KEK_ID_SIZE, ENVOL_KEK_ID_SIZE);
	put_string(&w, request->version);
	put_string(&w, request->policy);
	put_u32(&w, request->boot);
	put_u32(&w, request->add);
	put_u32(&w, request->remove);
	put_wrapped(&w, &request->wrapped);
	put_bytes(&w, request->file.data, request->file.len,
		  ENVOL_MESSAGE_FILE_MAX);
	return written(&w);
}

static void get_id(struct reader *r, uint8_t id[ENVOL_KEK_ID_SIZE])
{
	const uint8_t *at;

	if (get_u32(r, ENVOL_KEK_ID_SIZE) != ENVOL_KEK_ID_SIZE)
		spoil(r, -EBADMSG);
	at = get(r, ENVOL_KEK_ID_SIZE);
	if (at)
		memcpy(id, at, ENVOL_KEK_ID_SIZE);
}

int envol_message_decode_request(struct envol_request *request,
				 const uint8_t *body, size_t len)
{
	struct reader r = { body, len, 0 };

	request->operation = get_u32(&r, ENVOL_OPERATION_END - 1);
	if (request->operation == 0)
		spoil(&r, -EBADMSG);
	request->uri = need_string(&r);
	request->keystore = need_string(&r);
	request->state = need_string(&r);
	request->tpm = need_string(&r);
	request->kek_directory = need_string(&r);
	get_settings(&r, &request->settings);
	request->left_ms = get_u32(&r, INT32_MAX);
	request->log_level = get_u32(&r, ENVOL_LOG_DEBUG);
	request->replace = get_bool(&r);
	get_id(&r, request->volume_id);
	request->version = get_string(&r);
	request->policy = get_string(&r);
	request->boot = get_bool(&r);
	request->add = get_bool(&r);
	request->remove = get_u32(&r, UINT32_MAX);
	get_wrapped(&r, &request->wrapped);
	get_blob(&r, &request->file, ENVOL_MESSAGE_FILE_MAX);
	return finished(&r);
}

int envol_message_encode_reply(const struct envol_reply *reply,
			       struct envol_blob *body)
{
	struct writer w = { body, 0 };
	size_t i;

	put_u32(&w, (uint32_t)-reply->err);
	put_string(&w, reply->sentence);
	put_u32(&w, reply->retry_after_s < ENVOL_MESSAGE_RETRY_MAX_S ?
			    reply->retry_after_s : ENVOL_MESSAGE_RETRY_MAX_S);
	put_wrapped(&w, &reply->wrapped);
	if (reply->n_infos > ENVOL_MESSAGE_KEYS_MAX)
		w.err = -EMSGSIZE;
	put_u32(&w, (uint32_t)reply->n_infos);
	for (i = 0; i < reply->n_infos && !w.err; i++)
		put_info(&w, &reply->infos[i]);
	put_bytes(&w, reply->file.data, reply->file.len, ENVOL_MESSAGE_FILE_MAX);
	return written(&w);
}

static void get_infos(struct reader *r, struct envol_reply *reply)
{
	size_t i, n = get_u32(r, ENVOL_MESSAGE_KEYS_MAX);

	if (r->err || n == 0)
		return;
	reply->infos = calloc(n, sizeof(*reply->infos));
	if (!reply->infos) {
		spoil(r, -ENOMEM);
		return;
	}
	reply->n_infos = n;
	for (i = 0; i < n && !r->err; i++)
		get_info(r, &reply->infos[i]);
}

int envol_message_decode_reply(struct envol_reply *reply, const uint8_t *body,
			       size_t len)
{
	struct reader r = { body, len, 0 };

	reply->err = -(int)get_u32(&r, ERRNO_MAX);
	reply->sentence = get_string(&r);
	reply->retry_after_s = get_u32(&r, ENVOL_MESSAGE_RETRY_MAX_S);
	get_wrapped(&r, &reply->wrapped);
	get_infos(&r, reply);
	get_blob(&r, &reply->file, ENVOL_MESSAGE_FILE_MAX);
	if ((reply->err != 0) != (reply->sentence != NULL))
		spoil(&r, -EBADMSG);
	return finished(&r);
}

int envol_message_encode_log(enum envol_log_level level, const char *text,
			     struct envol_blob *body)
{
	struct writer w = { body, 0 };

	put_u32(&w, level);
	put_string(&w, text);
	return written(&w);
}

int envol_message_decode_log(struct envol_log_line *line, const uint8_t *body,
			     size_t len)
{
	struct reader r = { body, len, 0 };
	int err;

	line->level = get_u32(&r, ENVOL_LOG_DEBUG);
	line->text = need_string(&r);
	err = finished(&r);
	if (err) {
		free(line->text);
		line->text = NULL;
	}
	return err;
}

/* ---- what they hold ------------------------------------------------------------ */

static void wipe_secrets(struct envol_secret secrets[ENVOL_MESSAGE_SECRETS])
{
	size_t i;

	for (i = 0; i < ENVOL_MESSAGE_SECRETS; i++)
		envol_secret_wipe(&secrets[i]);
}

void envol_message_free_request(struct envol_request *request)
{
	free(request->uri);
	free(request->keystore);
	free(request->state);
	free(request->tpm);
	free(request->kek_directory);
	envol_settings_free(&request->settings);
	free(request->version);
	free(request->policy);
	envol_wrapped_free(&request->wrapped);
	envol_blob_free(&request->file);
	wipe_secrets(request->secrets);
	*request = (struct envol_request)ENVOL_REQUEST_INIT;
}

void envol_message_free_reply(struct envol_reply *reply)
{
	size_t i;

	free(reply->sentence);
	envol_wrapped_free(&reply->wrapped);
	for (i = 0; i < reply->n_infos; i++)
		envol_key_info_free(&reply->infos[i]);
	free(reply->infos);
	envol_blob_free(&reply->file);
	wipe_secrets(reply->secrets);
	*reply = (struct envol_reply)ENVOL_REPLY_INIT;
}
