// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/base64.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/metadata/token.h"

void envol_token_free_wrap(struct envol_token_wrap *wrap)
{
	int i;

	for (i = 0; i < 2; i++) {
		free(wrap->parts[i].uri);
		free(wrap->parts[i].version);
		free(wrap->parts[i].algorithm);
		envol_blob_free(&wrap->parts[i].bytes);
	}
	envol_blob_free(&wrap->dek);
	memset(wrap, 0, sizeof(*wrap));
}

void envol_token_free(struct envol_token *token)
{
	uint32_t i;

	for (i = 0; i < ENVOL_SEALED_WRAPS; i++)
		envol_token_free_wrap(&token->wraps[i]);
	free(token->policy);
	envol_blob_free(&token->sealed);
	memset(token, 0, sizeof(*token));
}

/* ---- formatting ---- */

struct writer {
	struct envol_blob text;
	int err;
};

static void put(struct writer *w, const char *fmt, ...) _printf_(2, 3);

static void put(struct writer *w, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0)
		text = NULL;
	if (!w->err)
		w->err = text ? envol_blob_append(&w->text, text, len) : -ENOMEM;
}

/* Nothing is escaped: what would have to be, parsing refuses. */
static void put_text(struct writer *w, const char *name, const char *text)
{
	if (!text || strpbrk(text, "\"\\"))
		w->err = w->err ? w->err : -EINVAL;
	else
		put(w, "\"%s\":\"%s\",", name, text);
}

static void put_bytes(struct writer *w, const char *name, const uint8_t *data,
		      size_t len)
{
	_cleanup_free_ char *text = envol_base64_encode(ENVOL_BASE64, data, len);

	if (!text)
		w->err = w->err ? w->err : -ENOMEM;
	else
		put(w, "\"%s\":\"%s\",", name, text);
}

static void put_time(struct writer *w, const char *name, int64_t seconds)
{
	char text[ENVOL_TIME_SIZE];

	if (seconds < 0 || seconds > INT64_C(253402300799)) {
		w->err = w->err ? w->err : -EINVAL;
		return;
	}
	envol_time_format(text, seconds);
	put(w, "\"%s\":\"%s\",", name, text);
}

static void end(struct writer *w, const char *bracket)
{
	/* In place of the last comma. */
	if (w->text.len && w->text.data[w->text.len - 1] == ',')
		w->text.len--;
	put(w, "%s", bracket);
}

static void put_wrap(struct writer *w, const struct envol_token_wrap *wrap)
{
	unsigned int i;

	if (wrap->n_parts < 1 || wrap->n_parts > 2) {
		w->err = w->err ? w->err : -EINVAL;
		return;
	}
	put(w, "{\"parts\":[");
	for (i = 0; i < wrap->n_parts; i++) {
		const struct envol_token_part *part = &wrap->parts[i];

		put(w, "{");
		put_text(w, "uri", part->uri);
		put_text(w, "version", part->version);
		put_text(w, "algorithm", part->algorithm);
		put_bytes(w, "bytes", part->bytes.data, part->bytes.len);
		end(w, "},");
	}
	end(w, "],");
	if (wrap->n_parts == 2)
		put_bytes(w, "dek", wrap->dek.data, wrap->dek.len);
	put_time(w, "created", wrap->created);
	if (wrap->retiring)
		put_time(w, "retiring", wrap->retiring);
	put(w, "\"proved\":%s", wrap->proved ? "true" : "false");
	put(w, wrap->unprotected ? ",\"unprotected\":true}," : "},");
}

static void put_token(struct writer *w, const struct envol_token *token)
{
	char id[2 * ENVOL_SEALED_ID_SIZE + 1];
	uint32_t i;

	envol_hex_encode(id, token->volume_id, sizeof(token->volume_id));
	put(w, "{\"type\":\"%s\",\"keyslots\":[\"%d\"],\"version\":%d,",
	    ENVOL_TOKEN_TYPE, ENVOL_TOKEN_KEYSLOT, ENVOL_TOKEN_VERSION);
	put_text(w, "volume_id", id);
	put(w, "\"generation\":\"%" PRIu64 "\",", token->generation);
	put_text(w, "policy", token->policy ? token->policy : "");
	if (token->pending_keyslot)
		put(w, "\"pending_keyslot\":\"%u\",", token->pending_keyslot);
	put(w, "\"wraps\":[");
	for (i = 0; i < token->n_wraps && i < ENVOL_SEALED_WRAPS; i++)
		put_wrap(w, &token->wraps[i]);
	end(w, "],");
	put_bytes(w, "sealed", token->sealed.data, token->sealed.len);
	put_bytes(w, "mac", token->mac, sizeof(token->mac));
	end(w, "}");
}

/* What would not be read again must not be written. */
static int check(struct envol *ev, const char *json, size_t len,
		 const struct envol_token *token)
{
	_cleanup_token_ struct envol_token again = ENVOL_TOKEN_INIT;
	int err;

	if (token->n_wraps > ENVOL_SEALED_WRAPS)
		return envol_error(ev, -EINVAL, "token.wraps: more than %d",
				   ENVOL_SEALED_WRAPS);
	if (len > ENVOL_TOKEN_MAX)
		return envol_error(ev, -ENOSPC,
				   "token of %zu bytes for %u wraps: the header has room for %u; remove wraps that are not needed",
				   len, token->n_wraps, ENVOL_TOKEN_MAX);
	err = envol_token_parse(ev, json, len, &again);
	return err == -EBADMSG ? -EINVAL : err;
}

int envol_token_format(struct envol *ev, const struct envol_token *token,
		       char **json)
{
	struct writer w = { { 0 }, 0 };
	_cleanup_free_ char *text = NULL;
	int err;

	put_token(&w, token);
	put(&w, "%c", 0);
	text = (char *)w.text.data;
	if (w.err == -EINVAL)
		return envol_error(ev, w.err,
				   "token: parts, a text or a time that cannot be stored");
	if (w.err)
		return envol_error(ev, w.err, "out of memory");
	err = check(ev, text, w.text.len - 1, token);
	if (err)
		return err;
	*json = take_ptr(text);
	return 0;
}

int envol_token_copy(struct envol *ev, const struct envol_token *from,
		     struct envol_token *to)
{
	_cleanup_free_ char *json = NULL;
	int err = envol_token_format(ev, from, &json);

	return err ? err : envol_token_parse(ev, json, strlen(json), to);
}

/* ---- sealing ---- */

static int seal_wrap(struct envol *ev, const struct envol_token_wrap *wrap,
		     struct envol_sealed *sealed, uint32_t i)
{
	unsigned int j;
	int err = 0;

	sealed->wraps[i].n_parts = wrap->n_parts;
	sealed->wraps[i].created = wrap->created;
	sealed->wraps[i].retiring = wrap->retiring;
	sealed->wraps[i].proved = wrap->proved;
	sealed->wraps[i].unprotected = wrap->unprotected;
	for (j = 0; !err && j < wrap->n_parts; j++) {
		const struct envol_token_part *part = &wrap->parts[j];
		struct envol_sealed_part *to = &sealed->wraps[i].parts[j];

		to->uri = part->uri;
		to->version = part->version;
		to->algorithm = part->algorithm;
		err = envol_digest_sha256(ev, part->bytes.data, part->bytes.len,
					  to->sha256);
	}
	if (!err && wrap->n_parts == 2)
		err = envol_digest_sha256(ev, wrap->dek.data, wrap->dek.len,
					  sealed->wraps[i].dek_sha256);
	return err;
}

int envol_token_seal(struct envol *ev, const struct envol_token *token,
		     struct envol_sealed *sealed)
{
	uint32_t i;
	int err = 0;

	if (token->n_wraps > ENVOL_SEALED_WRAPS)
		return envol_error(ev, -EINVAL, "token.wraps: more than %d",
				   ENVOL_SEALED_WRAPS);
	memcpy(sealed->volume_id, token->volume_id, sizeof(sealed->volume_id));
	sealed->generation = token->generation;
	sealed->policy = token->policy;
	sealed->pending_keyslot = token->pending_keyslot;
	sealed->n_wraps = token->n_wraps;
	for (i = 0; !err && i < token->n_wraps; i++) {
		if (token->wraps[i].n_parts < 1 || token->wraps[i].n_parts > 2)
			return envol_error(ev, -EINVAL,
					   "token.wraps[%u].parts: not 1 or 2", i);
		err = seal_wrap(ev, &token->wraps[i], sealed, i);
	}
	return err;
}
