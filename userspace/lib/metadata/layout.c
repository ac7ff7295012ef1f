// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/json.h"
#include "userspace/lib/metadata/layout.h"
#include "userspace/lib/metadata/token.h"

#define JSON_SIZE_MAX (256u * 1024)	/* of metadata of 64 KiB, with libcryptsetup's indents */
#define ANY SIZE_MAX			/* the document is bounded */

void envol_layout_free(struct envol_layout *layout)
{
	envol_blob_free(&layout->digest.salt);
	envol_blob_free(&layout->digest.bytes);
	memset(layout, 0, sizeof(*layout));
}

static int expect(struct envol *ev, const struct envol_json *from,
		  const char *name, const char *want)
{
	const struct envol_json at = { .from = from, .name = name };
	const char *text;
	int err = envol_json_string(ev, from, name, ANY, &text);

	if (err || strcmp(text, want) == 0)
		return err;
	return envol_json_refuse(ev, &at, "%.40s, not %s", text, want);
}

/* A name such as "7" of a keyslot or token, as LUKS2 numbers its members. */
static int parse_number(struct envol *ev, const struct envol_json *member,
			unsigned int *number)
{
	const char *text = member->name;
	char *end;

	*number = strtoul(text, &end, 10);
	if (*end || end == text || end - text > 2 || (text[0] == '0' && text[1]) ||
	    *number >= ENVOL_SEALED_KEYSLOTS)
		return envol_json_refuse(ev, member, "not numbered 0 to %d",
					 ENVOL_SEALED_KEYSLOTS - 1);
	return 0;
}

/* ---- config ---- */

static int parse_requirements(struct envol *ev, const struct envol_json *config)
{
	struct envol_json requirements, mandatory, item;
	const char *text;
	int err;

	if (!envol_json_has(config, "requirements"))
		return 0;
	err = envol_json_object(ev, config, "requirements", &requirements);
	if (err || envol_json_length(&requirements) == 0)
		return err;
	err = envol_json_array(ev, &requirements, "mandatory", ANY, &mandatory);
	if (err || envol_json_length(&mandatory) == 0)
		return err;
	envol_json_item(&mandatory, 0, &item);
	err = envol_json_string(ev, &item, NULL, ANY, &text);
	if (err)
		return err;
	envol_json_refuse(ev, &mandatory, "%.40s, which envol does not know; if it is a reencryption, finish it with cryptsetup first",
			  text);
	return -EPROTONOSUPPORT;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int parse_flags(struct envol *ev, const struct envol_json *config,
		       struct envol_layout *layout)
{
	const char *flags[16];
	struct envol_json array, item;
	size_t i, n;
	int err;

	if (!envol_json_has(config, "flags"))
		return 0;
	err = envol_json_array(ev, config, "flags", ENVOL_ARRAY_SIZE(flags), &array);
	if (err)
		return err;
	n = envol_json_length(&array);
	for (i = 0; i < n; i++) {
		envol_json_item(&array, i, &item);
		err = envol_json_string(ev, &item, NULL, 30, &flags[i]);
		if (err)
			return err;
		if (strchr(flags[i], ' '))
			return envol_json_refuse(ev, &item, "has a blank");
		if (strcmp(flags[i], "allow-discards") == 0)
			layout->discards = true;
	}
	/* They are a set: who wrote them last may have turned them round. */
	qsort(flags, n, sizeof(flags[0]), by_text);
	for (i = 0; i < n; i++) {
		if (i)
			strcat(layout->flags, " ");
		strcat(layout->flags, flags[i]);
	}
	return 0;
}

/* ---- segments ---- */

static int parse_segment(struct envol *ev, const struct envol_json *segment,
			 struct envol_layout *layout)
{
	/* Whatever else may stand there decides over data, in a way that is not known here. */
	static const char *const names[] = {
		"type", "offset", "size", "iv_tweak", "encryption", "sector_size", NULL,
	};
	const struct envol_json at = { .from = segment, .name = "sector_size" };
	uint64_t sector_size;
	const char *size;
	int err = expect(ev, segment, "type", "crypt");

	if (!err)
		err = envol_json_check_names(ev, segment, names);
	if (!err)
		err = expect(ev, segment, "encryption", ENVOL_LAYOUT_CIPHER);
	if (!err)
		err = envol_json_uint(ev, segment, "sector_size", UINT32_MAX,
				      &sector_size);
	if (!err && sector_size != 512 && sector_size != 4096)
		return envol_json_refuse(ev, &at, "neither 512 nor 4096");
	if (!err)
		err = envol_json_decimal(ev, segment, "offset", INT64_MAX,
					 &layout->offset);
	if (!err)
		err = envol_json_decimal(ev, segment, "iv_tweak", UINT64_MAX,
					 &layout->iv_offset);
	if (!err)
		err = envol_json_string(ev, segment, "size", ANY, &size);
	if (!err && strcmp(size, "dynamic") != 0)
		err = envol_json_decimal(ev, segment, "size", INT64_MAX,
					 &layout->size);
	layout->sector_size = err ? 0 : sector_size;
	return err;
}

static int parse_segments(struct envol *ev, const struct envol_json *root,
			  struct envol_layout *layout)
{
	struct envol_json segments, segment;
	int err = envol_json_object(ev, root, "segments", &segments);

	if (!err && envol_json_length(&segments) != 1)
		return envol_json_refuse(ev, &segments, "%zu of them, not one",
					 envol_json_length(&segments));
	if (!err)
		err = envol_json_object(ev, &segments, "0", &segment);
	return err ? err : parse_segment(ev, &segment, layout);
}

/* ---- keyslots ---- */

static int parse_area(struct envol *ev, const struct envol_json *keyslot,
		      unsigned int *key_size)
{
	struct envol_json area;
	uint64_t size;
	int err = envol_json_object(ev, keyslot, "area", &area);

	if (!err)
		err = expect(ev, &area, "type", "raw");
	/* One of cipher_null opens by any passphrase, to whatever key its maker chose. */
	if (!err)
		err = expect(ev, &area, "encryption", ENVOL_LAYOUT_CIPHER);
	if (!err)
		err = envol_json_uint(ev, &area, "key_size", 64, &size);
	*key_size = err ? 0 : size;
	return err;
}

static int parse_keyslot(struct envol *ev, const struct envol_json *member,
			 struct envol_layout *layout)
{
	const struct envol_json at = { .from = member, .name = "key_size" };
	unsigned int n = layout->n_keyslots;
	struct envol_json keyslot;
	uint64_t key_size;
	int err = envol_json_object(ev, member, NULL, &keyslot);

	if (!err)
		err = parse_number(ev, member, &layout->keyslots[n].number);
	if (!err)
		err = expect(ev, &keyslot, "type", "luks2");
	if (!err)
		err = envol_json_uint(ev, &keyslot, "key_size", 64, &key_size);
	if (err)
		return err;
	if (key_size != 64 && key_size != 32)
		return envol_json_refuse(ev, &at, "neither 64 nor 32");
	if (layout->key_size && key_size != layout->key_size)
		return envol_json_refuse(ev, &at, "not that of the others");
	layout->key_size = key_size;
	layout->n_keyslots++;
	return parse_area(ev, &keyslot, &layout->keyslots[n].area_key_size);
}

static int by_number(const void *a, const void *b)
{
	const unsigned int *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int parse_keyslots(struct envol *ev, const struct envol_json *root,
			  struct envol_layout *layout)
{
	struct envol_json keyslots, member;
	size_t i, n;
	int err = envol_json_object(ev, root, "keyslots", &keyslots);

	if (err)
		return err;
	n = envol_json_length(&keyslots);
	if (n > ENVOL_SEALED_KEYSLOTS)
		return envol_json_refuse(ev, &keyslots, "more than %d",
					 ENVOL_SEALED_KEYSLOTS);
	for (i = 0; !err && i < n; i++) {
		envol_json_item(&keyslots, i, &member);
		err = parse_keyslot(ev, &member, layout);
	}
	if (err)
		return err;
	qsort(layout->keyslots, n, sizeof(layout->keyslots[0]), by_number);
	if (!envol_layout_has_keyslot(layout, ENVOL_TOKEN_KEYSLOT))
		return envol_json_refuse(ev, &keyslots, "without %d, which envol makes",
					 ENVOL_TOKEN_KEYSLOT);
	return 0;
}

/* ---- digests ---- */

/* @digest is of exactly the keyslots and the segment that there are. */
static int check_assigned(struct envol *ev, const struct envol_json *digest,
			  const struct envol_layout *layout)
{
	struct envol_json array, item;
	uint64_t number;
	size_t i;
	int err = envol_json_array(ev, digest, "segments", 1, &array);

	if (!err && envol_json_length(&array) != 1)
		return envol_json_refuse(ev, &array, "empty");
	if (!err) {
		envol_json_item(&array, 0, &item);
		err = expect(ev, &item, NULL, "0");
	}
	if (!err)
		err = envol_json_array(ev, digest, "keyslots",
				       ENVOL_SEALED_KEYSLOTS, &array);
	if (!err && envol_json_length(&array) != layout->n_keyslots)
		return envol_json_refuse(ev, &array, "not all keyslots");
	for (i = 0; !err && i < layout->n_keyslots; i++) {
		envol_json_item(&array, i, &item);
		err = envol_json_decimal(ev, &item, NULL,
					 ENVOL_SEALED_KEYSLOTS - 1, &number);
		if (!err && !envol_layout_has_keyslot(layout, number))
			return envol_json_refuse(ev, &item, "no such keyslot");
	}
	return err;
}

static int parse_digest(struct envol *ev, const struct envol_json *member,
			struct envol_layout *layout)
{
	struct envol_json digest;
	const char *hash;
	int err = envol_json_object(ev, member, NULL, &digest);

	if (!err)
		err = expect(ev, &digest, "type", "pbkdf2");
	if (!err)
		err = envol_json_string(ev, &digest, "hash",
					sizeof(layout->digest.hash) - 1, &hash);
	if (!err)
		strcpy(layout->digest.hash, hash);
	if (!err)
		err = envol_json_uint(ev, &digest, "iterations", UINT32_MAX,
				      &layout->digest.iterations);
	if (!err)
		err = envol_json_base64(ev, &digest, "salt", 256,
					&layout->digest.salt);
	if (!err)
		err = envol_json_base64(ev, &digest, "digest", 256,
					&layout->digest.bytes);
	return err ? err : check_assigned(ev, &digest, layout);
}

static int parse_digests(struct envol *ev, const struct envol_json *root,
			 struct envol_layout *layout)
{
	struct envol_json digests, member;
	int err = envol_json_object(ev, root, "digests", &digests);

	if (err)
		return err;
	if (envol_json_length(&digests) != 1)
		return envol_json_refuse(ev, &digests, "%zu of them, not one",
					 envol_json_length(&digests));
	envol_json_item(&digests, 0, &member);
	return parse_digest(ev, &member, layout);
}

/* ---- all ---- */

static int find_token(struct envol *ev, const struct envol_json *root,
		      struct envol_layout *layout)
{
	struct envol_json tokens, member, token;
	const char *type;
	size_t i;
	int err = envol_json_object(ev, root, "tokens", &tokens);

	layout->n_tokens = err ? -1 : 0;
	for (i = 0; !err && i < envol_json_length(&tokens); i++) {
		envol_json_item(&tokens, i, &member);
		err = envol_json_object(ev, &member, NULL, &token);
		if (!err)
			err = envol_json_string(ev, &token, "type", ANY, &type);
		if (err || strcmp(type, ENVOL_TOKEN_TYPE) != 0)
			continue;
		layout->n_tokens++;
		err = parse_number(ev, &member, &layout->token);
	}
	return err;
}

static int parse_root(struct envol *ev, const struct envol_json *root,
		      struct envol_layout *layout)
{
	struct envol_json config;
	int err = find_token(ev, root, layout);

	if (!err)
		err = envol_json_object(ev, root, "config", &config);
	/* First: with one of these the rest is not as it usually is. */
	if (!err)
		err = parse_requirements(ev, &config);
	if (!err)
		err = parse_flags(ev, &config, layout);
	if (!err)
		err = parse_segments(ev, root, layout);
	if (!err)
		err = parse_keyslots(ev, root, layout);
	if (!err)
		err = parse_digests(ev, root, layout);
	return err;
}

int envol_layout_parse(struct envol *ev, const char *json, size_t len,
		       struct envol_layout *layout)
{
	_cleanup_json_ struct envol_json root = ENVOL_JSON_INIT;
	int n_tokens, err;

	layout->n_tokens = -1;
	err = envol_json_parse(ev, "header", json, len, JSON_SIZE_MAX, &root);
	if (!err)
		err = parse_root(ev, &root, layout);
	if (err) {
		n_tokens = layout->n_tokens;
		envol_layout_free(layout);
		layout->n_tokens = n_tokens;
	}
	return err;
}

bool envol_layout_has_keyslot(const struct envol_layout *layout,
			      unsigned int number)
{
	unsigned int i;

	for (i = 0; i < layout->n_keyslots; i++)
		if (layout->keyslots[i].number == number)
			return true;
	return false;
}

void envol_layout_seal(const struct envol_layout *layout, const char *uuid,
		       struct envol_sealed *sealed)
{
	unsigned int i, n = 0;

	sealed->uuid = uuid;
	sealed->cipher = ENVOL_LAYOUT_CIPHER;
	sealed->key_size = layout->key_size;
	sealed->sector_size = layout->sector_size;
	sealed->iv_offset = layout->iv_offset;
	sealed->flags = layout->flags;
	sealed->n_segments = 1;
	sealed->segments[0].offset = layout->offset;
	sealed->segments[0].size = layout->size;
	sealed->digest.type = "pbkdf2";
	sealed->digest.hash = layout->digest.hash;
	sealed->digest.iterations = layout->digest.iterations;
	sealed->digest.salt = layout->digest.salt.data;
	sealed->digest.salt_len = layout->digest.salt.len;
	sealed->digest.bytes = layout->digest.bytes.data;
	sealed->digest.bytes_len = layout->digest.bytes.len;
	for (i = 0; i < layout->n_keyslots; i++) {
		if (sealed->pending_keyslot &&
		    layout->keyslots[i].number == sealed->pending_keyslot)
			continue;
		sealed->keyslots[n].number = layout->keyslots[i].number;
		sealed->keyslots[n].area_cipher = ENVOL_LAYOUT_CIPHER;
		sealed->keyslots[n].area_key_size =
			layout->keyslots[i].area_key_size;
		n++;
	}
	sealed->n_keyslots = n;
}
