// SPDX-License-Identifier: LGPL-2.1-or-later
/* The encoding of what is sealed; comparing walks it too, so that neither misses a value. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/metadata/sealed.h"
#include "userspace/lib/util/error.h"

static const char magic[] = "envol sealed 1";

/* Values are appended until one fails; later ones then do nothing. */
struct writer {
	struct envol_blob *blob;
	int err;
};

static void put(struct writer *w, const void *data, size_t len,
		const char *fmt, ...) _printf_(4, 5);

static void put(struct writer *w, const void *data, size_t len,
		const char *fmt, ...)
{
	char name[ENVOL_SEALED_NAME_SIZE];
	va_list args;

	if (w->err)
		return;
	va_start(args, fmt);
	vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	w->err = envol_blob_append_prefixed(w->blob, name, strlen(name));
	if (!w->err)
		w->err = envol_blob_append_prefixed(w->blob, data, len);
}

#define put_text(w, text, ...) \
	put(w, (text) ? (text) : "", (text) ? strlen(text) : 0, __VA_ARGS__)

#define put_number(w, value, ...)                                       \
	do {                                                            \
		uint64_t v_ = (value);                                  \
		uint8_t le_[8];                                         \
		int b_;                                                 \
									\
		for (b_ = 0; b_ < 8; b_++)                              \
			le_[b_] = (uint8_t)(v_ >> (8 * b_));            \
		put(w, le_, sizeof(le_), __VA_ARGS__);                  \
	} while (0)

static void put_wraps(struct writer *w, const struct envol_sealed *s)
{
	uint32_t i, j;

	put_number(w, s->n_wraps, "wraps");
	for (i = 0; i < s->n_wraps; i++) {
		put_number(w, s->wraps[i].n_parts, "wraps[%u].parts", i);
		for (j = 0; j < s->wraps[i].n_parts; j++) {
			const struct envol_sealed_part *part =
				&s->wraps[i].parts[j];

			put_text(w, part->uri, "wraps[%u].parts[%u].uri", i, j);
			put_text(w, part->version,
				 "wraps[%u].parts[%u].version", i, j);
			put_text(w, part->algorithm,
				 "wraps[%u].parts[%u].algorithm", i, j);
			put(w, part->sha256, sizeof(part->sha256),
			    "wraps[%u].parts[%u].bytes", i, j);
		}
	}
}

static bool counts_fit(const struct envol_sealed *s)
{
	uint32_t i;

	if (s->n_segments > ENVOL_SEALED_SEGMENTS ||
	    s->n_keyslots > ENVOL_SEALED_KEYSLOTS ||
	    s->n_wraps > ENVOL_SEALED_WRAPS)
		return false;
	for (i = 0; i < s->n_wraps; i++)
		if (s->wraps[i].n_parts < 1 || s->wraps[i].n_parts > 2)
			return false;
	return true;
}

int envol_sealed_encode(struct envol *ev, const struct envol_sealed *s,
			struct envol_blob *blob)
{
	_cleanup_blob_ struct envol_blob out = ENVOL_BLOB_INIT;
	struct writer w = { .blob = &out };
	uint32_t i;

	if (!counts_fit(s))
		return envol_error(ev, -EINVAL,
				   "sealed: too many segments, keyslots, wraps or parts");
	put(&w, magic, strlen(magic), "format");
	put(&w, s->volume_id, sizeof(s->volume_id), "volume id");
	put_number(&w, s->generation, "generation");
	put_text(&w, s->uuid, "uuid");
	put_text(&w, s->cipher, "cipher");
	put_number(&w, s->key_size, "key size");
	put_number(&w, s->sector_size, "sector size");
	put_number(&w, s->iv_offset, "iv offset");
	put_text(&w, s->flags, "flags");
	put_text(&w, s->requirements, "requirements");
	put_text(&w, s->policy, "policy");
	put_number(&w, s->n_segments, "segments");
	for (i = 0; i < s->n_segments; i++) {
		put_number(&w, s->segments[i].offset, "segments[%u].offset", i);
		put_number(&w, s->segments[i].size, "segments[%u].size", i);
	}
	put_text(&w, s->digest.type, "digest.type");
	put_text(&w, s->digest.hash, "digest.hash");
	put(&w, s->digest.salt, s->digest.salt_len, "digest.salt");
	put(&w, s->digest.bytes, s->digest.bytes_len, "digest.bytes");
	put_number(&w, s->n_keyslots, "keyslots");
	for (i = 0; i < s->n_keyslots; i++) {
		put_number(&w, s->keyslots[i].number, "keyslots[%u].number", i);
		put_text(&w, s->keyslots[i].area_cipher,
			 "keyslots[%u].area cipher", i);
	}
	put_wraps(&w, s);
	if (w.err)
		return envol_error(ev, w.err, "sealed: out of memory");
	envol_blob_move(blob, &out);
	return 0;
}

int envol_sealed_mac(struct envol *ev, const struct envol_sealed *sealed,
		     const struct envol_secret *mac_key,
		     uint8_t mac[ENVOL_DIGEST_SIZE])
{
	_cleanup_blob_ struct envol_blob blob = ENVOL_BLOB_INIT;
	int err = envol_sealed_encode(ev, sealed, &blob);

	if (err)
		return err;
	return envol_digest_hmac(ev, mac_key, blob.data, blob.len, mac);
}

/* The length prefix at @at of an encoding made here. */
static size_t prefix(const uint8_t *at)
{
	return (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 |
	       (size_t)at[3] << 24;
}

int envol_sealed_compare(struct envol *ev, const struct envol_sealed *a,
			 const struct envol_sealed *b,
			 char what[ENVOL_SEALED_NAME_SIZE])
{
	_cleanup_blob_ struct envol_blob x = ENVOL_BLOB_INIT;
	_cleanup_blob_ struct envol_blob y = ENVOL_BLOB_INIT;
	size_t at = 0;
	int err;

	err = envol_sealed_encode(ev, a, &x);
	if (!err)
		err = envol_sealed_encode(ev, b, &y);
	if (err)
		return err;
	if (envol_blob_equal(&x, &y))
		return 0;
	/* A count is encoded before its items, so names differ only after a value has. */
	for (;;) {
		size_t name_len = prefix(x.data + at);
		size_t value = at + 4 + name_len;
		size_t len = 4 + prefix(x.data + value);

		if (value + len > y.len ||
		    memcmp(x.data + value, y.data + value, len) != 0) {
			snprintf(what, ENVOL_SEALED_NAME_SIZE, "%.*s",
				 (int)name_len, (char *)x.data + at + 4);
			return -EBADMSG;
		}
		at = value + len;
	}
}
