// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/base/json.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/base/uri.h"
#include "userspace/lib/metadata/token.h"

#define KEYSLOT_TEXT "0"	/* ENVOL_TOKEN_KEYSLOT */

/* What stands in JSON and in sentences as it is: ASCII that needs no escape. */
static bool is_plain(const char *text, const char *also)
{
	for (; *text; text++)
		if ((*text <= ' ' || *text > '~' || *text == '"' ||
		     *text == '\\') && !strchr(also, *text))
			return false;
	return true;
}

static int copy_text(struct envol *ev, const struct envol_json *from,
		     const char *name, size_t max, const char *also, char **copy)
{
	const char *text;
	int err = envol_json_string(ev, from, name, max, &text);

	if (err)
		return err;
	if (!is_plain(text, also)) {
		const struct envol_json at = { .from = from, .name = name };

		return envol_json_refuse(ev, &at,
					 "has a character that may not stand there");
	}
	*copy = strdup(text);
	return *copy ? 0 : envol_error(ev, -ENOMEM, "out of memory");
}

/*
 * A header is anyone's writing. Were it to name a module or a PIN, it could have
 * code loaded, or a PIN offered to a token of its choice.
 */
static int check_pkcs11(struct envol *ev, const struct envol_json *at,
			const struct envol_uri *uri)
{
	static const char *const identify[] = {
		"token", "manufacturer", "serial", "model", "object", "id", "type",
	};
	const char *part = uri->path;
	size_t i, len;

	if (uri->query[0])
		return envol_json_refuse(ev, at, "has a query, which only configuration may give");
	for (;; part += len + 1) {
		len = strcspn(part, ";");
		for (i = 0; i < ENVOL_ARRAY_SIZE(identify); i++) {
			size_t n = strlen(identify[i]);

			if (len > n && part[n] == '=' &&
			    memcmp(part, identify[i], n) == 0)
				break;
		}
		if (i == ENVOL_ARRAY_SIZE(identify))
			return envol_json_refuse(ev, at, "attribute \"%.*s\" does not identify a key",
						 (int)strcspn(part, ";="), part);
		if (!part[len])
			return 0;
	}
}

static int parse_uri(struct envol *ev, const struct envol_json *from,
		     char **copy)
{
	const struct envol_json at = { .from = from, .name = "uri" };
	struct envol_uri uri;
	const char *why;
	int err = copy_text(ev, from, "uri", ENVOL_URI_MAX - 1, "", copy);

	if (err)
		return err;
	if (envol_uri_parse(&uri, *copy, &why))
		return envol_json_refuse(ev, &at, "%s", why);
	if (strcmp(uri.scheme, "pkcs11") == 0)
		return check_pkcs11(ev, &at, &uri);
	return 0;
}

static int parse_bytes(struct envol *ev, const struct envol_json *from,
		       const char *name, size_t max, struct envol_blob *bytes)
{
	const struct envol_json at = { .from = from, .name = name };
	int err = envol_json_base64(ev, from, name, max, bytes);

	if (!err && bytes->len == 0)
		return envol_json_refuse(ev, &at, "empty");
	return err;
}

static int parse_part(struct envol *ev, const struct envol_json *item,
		      struct envol_token_part *part)
{
	static const char *const names[] = {
		"uri", "version", "algorithm", "bytes", NULL,
	};
	struct envol_json object;
	int err = envol_json_object(ev, item, NULL, &object);

	if (!err)
		err = envol_json_check_names(ev, &object, names);
	if (!err)
		err = parse_uri(ev, &object, &part->uri);
	if (!err)
		err = copy_text(ev, &object, "version", ENVOL_TOKEN_VERSION_MAX,
				"", &part->version);
	if (!err)
		err = copy_text(ev, &object, "algorithm",
				ENVOL_TOKEN_ALGORITHM_MAX, "", &part->algorithm);
	if (!err)
		err = parse_bytes(ev, &object, "bytes", ENVOL_TOKEN_WRAPPED_MAX,
				  &part->bytes);
	return err;
}

static int parse_time(struct envol *ev, const struct envol_json *from,
		      const char *name, int64_t *seconds)
{
	const struct envol_json at = { .from = from, .name = name };
	const char *text;
	int err = envol_json_string(ev, from, name, ENVOL_TIME_SIZE - 1, &text);

	if (err)
		return err;
	if (envol_time_parse(text, seconds) || *seconds <= 0)
		return envol_json_refuse(ev, &at,
					 "not a time such as 2026-03-01T12:00:00Z");
	return 0;
}

static int parse_parts(struct envol *ev, const struct envol_json *object,
		       struct envol_token_wrap *wrap)
{
	struct envol_json parts, item;
	int err = envol_json_array(ev, object, "parts", 2, &parts);
	unsigned int i;

	if (err)
		return err;
	wrap->n_parts = envol_json_length(&parts);
	if (wrap->n_parts == 0)
		return envol_json_refuse(ev, &parts, "empty");
	for (i = 0; !err && i < wrap->n_parts; i++) {
		envol_json_item(&parts, i, &item);
		err = parse_part(ev, &item, &wrap->parts[i]);
	}
	if (!err && wrap->n_parts == 2)
		err = parse_bytes(ev, object, "dek", ENVOL_TOKEN_DEK_MAX,
				  &wrap->dek);
	return err;
}

static int parse_wrap(struct envol *ev, const struct envol_json *item,
		      struct envol_token_wrap *wrap)
{
	static const char *const one[] = {
		"parts", "created", "retiring", "proved",
		"unprotected", NULL,
	};
	static const char *const two[] = {
		"parts", "dek", "created", "retiring", "proved",
		"unprotected", NULL,
	};
	struct envol_json object;
	const struct envol_json unprotected = { .from = &object,
						.name = "unprotected" };
	int err = envol_json_object(ev, item, NULL, &object);

	if (!err)
		err = parse_parts(ev, &object, wrap);
	if (!err)
		err = envol_json_check_names(ev, &object,
					     wrap->n_parts == 2 ? two : one);
	if (!err)
		err = parse_time(ev, &object, "created", &wrap->created);
	if (!err && envol_json_has(&object, "retiring"))
		err = parse_time(ev, &object, "retiring", &wrap->retiring);
	if (!err)
		err = envol_json_bool(ev, &object, "proved", &wrap->proved);
	if (!err && envol_json_has(&object, unprotected.name)) {
		err = envol_json_bool(ev, &object, unprotected.name,
				      &wrap->unprotected);
		/* One spelling of each header: that it is not so is said by nothing. */
		if (!err && !wrap->unprotected)
			return envol_json_refuse(ev, &unprotected, "false");
	}
	return err;
}

static int parse_wraps(struct envol *ev, const struct envol_json *root,
		       struct envol_token *token)
{
	struct envol_json wraps, item;
	int err = envol_json_array(ev, root, "wraps", ENVOL_SEALED_WRAPS, &wraps);
	uint32_t i;

	if (err)
		return err;
	token->n_wraps = envol_json_length(&wraps);
	if (token->n_wraps == 0)
		return envol_json_refuse(ev, &wraps, "empty");
	for (i = 0; !err && i < token->n_wraps; i++) {
		envol_json_item(&wraps, i, &item);
		err = parse_wrap(ev, &item, &token->wraps[i]);
	}
	return err;
}

/* What libcryptsetup reads, and what says whether the rest is to be understood at all. */
static int parse_kind(struct envol *ev, const struct envol_json *root)
{
	const struct envol_json at = { .from = root, .name = "version" };
	struct envol_json keyslots, item;
	const char *text;
	uint64_t version;
	int err = envol_json_string(ev, root, "type", SIZE_MAX, &text);

	if (!err && strcmp(text, ENVOL_TOKEN_TYPE) != 0)
		return envol_error(ev, -EBADMSG, "token.type: not \"envol\"");
	if (!err)
		err = envol_json_uint(ev, root, "version", UINT64_MAX, &version);
	if (err)
		return err;
	if (version != ENVOL_TOKEN_VERSION) {
		envol_json_refuse(ev, &at, "%" PRIu64 ", where this envol knows %d; use a newer one",
				  version, ENVOL_TOKEN_VERSION);
		return -EPROTONOSUPPORT;
	}
	err = envol_json_array(ev, root, "keyslots", 1, &keyslots);
	if (err)
		return err;
	if (envol_json_length(&keyslots) == 0)
		return envol_json_refuse(ev, &keyslots, "empty");
	envol_json_item(&keyslots, 0, &item);
	err = envol_json_string(ev, &item, NULL, SIZE_MAX, &text);
	if (!err && strcmp(text, KEYSLOT_TEXT) != 0)
		return envol_json_refuse(ev, &item, "not \"%s\"", KEYSLOT_TEXT);
	return err;
}

static int parse_volume_id(struct envol *ev, const struct envol_json *root,
			   uint8_t id[ENVOL_SEALED_ID_SIZE])
{
	const struct envol_json at = { .from = root, .name = "volume_id" };
	char again[2 * ENVOL_SEALED_ID_SIZE + 1];
	const char *text;
	int err = envol_json_string(ev, root, "volume_id", SIZE_MAX, &text);

	if (err)
		return err;
	err = envol_hex_decode(id, ENVOL_SEALED_ID_SIZE, text);
	envol_hex_encode(again, id, ENVOL_SEALED_ID_SIZE);
	/* One volume, one spelling. */
	if (err || strcmp(text, again) != 0)
		return envol_json_refuse(ev, &at, "not 32 lower-case hex digits");
	return 0;
}

static int parse_mac(struct envol *ev, const struct envol_json *root,
		     uint8_t mac[ENVOL_DIGEST_SIZE])
{
	const struct envol_json at = { .from = root, .name = "mac" };
	_cleanup_blob_ struct envol_blob bytes = ENVOL_BLOB_INIT;
	int err = envol_json_base64(ev, root, "mac", ENVOL_DIGEST_SIZE, &bytes);

	if (err)
		return err;
	if (bytes.len != ENVOL_DIGEST_SIZE)
		return envol_json_refuse(ev, &at, "not %d bytes",
					 ENVOL_DIGEST_SIZE);
	memcpy(mac, bytes.data, ENVOL_DIGEST_SIZE);
	return 0;
}

static int parse_numbers(struct envol *ev, const struct envol_json *root,
			 struct envol_token *token)
{
	const struct envol_json generation = { .from = root, .name = "generation" };
	const struct envol_json pending = { .from = root, .name = "pending_keyslot" };
	uint64_t keyslot = 0;
	int err = envol_json_decimal(ev, root, generation.name, INT64_MAX,
				     &token->generation);

	if (!err && token->generation == 0)
		return envol_json_refuse(ev, &generation, "0");
	if (!err && envol_json_has(root, pending.name)) {
		err = envol_json_decimal(ev, root, pending.name,
					 ENVOL_SEALED_KEYSLOTS - 1, &keyslot);
		if (!err && keyslot == ENVOL_TOKEN_KEYSLOT)
			return envol_json_refuse(ev, &pending, "0");
	}
	token->pending_keyslot = keyslot;
	return err;
}

static int parse_root(struct envol *ev, const struct envol_json *root,
		      struct envol_token *token)
{
	static const char *const names[] = {
		"type", "keyslots", "version", "volume_id", "generation", "policy",
		"pending_keyslot", "wraps", "sealed", "mac", NULL,
	};
	int err = parse_kind(ev, root);

	if (!err)
		err = envol_json_check_names(ev, root, names);
	if (!err)
		err = parse_volume_id(ev, root, token->volume_id);
	if (!err)
		err = parse_numbers(ev, root, token);
	if (!err)
		err = copy_text(ev, root, "policy", ENVOL_TOKEN_POLICY_MAX, " ",
				&token->policy);
	if (!err)
		err = parse_wraps(ev, root, token);
	if (!err)
		err = parse_bytes(ev, root, "sealed", ENVOL_TOKEN_MAX,
				  &token->sealed);
	if (!err)
		err = parse_mac(ev, root, token->mac);
	return err;
}

int envol_token_parse(struct envol *ev, const char *json, size_t len,
		      struct envol_token *token)
{
	_cleanup_json_ struct envol_json root = ENVOL_JSON_INIT;
	int err = envol_json_parse(ev, "token", json, len, ENVOL_TOKEN_MAX, &root);

	if (!err)
		err = parse_root(ev, &root, token);
	if (err)
		envol_token_free(token);
	return err;
}
