// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/metadata/sealed.h"

#define NAME_SIZE 64	/* of a value's name, with a NUL */
#define SHOWN_MAX 80	/* of a value in a sentence */

static const char magic[] = "envol sealed 1";

/* ---- encoding ---- */

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
	char name[NAME_SIZE];
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

static void put_wrap(struct writer *w, const struct envol_sealed *s, uint32_t i)
{
	uint32_t j;

	put_number(w, s->wraps[i].n_parts, "wraps[%u].parts", i);
	for (j = 0; j < s->wraps[i].n_parts; j++) {
		const struct envol_sealed_part *part = &s->wraps[i].parts[j];

		put_text(w, part->uri, "wraps[%u].parts[%u].uri", i, j);
		put_text(w, part->version, "wraps[%u].parts[%u].version", i, j);
		put_text(w, part->algorithm, "wraps[%u].parts[%u].algorithm",
			 i, j);
		put(w, part->sha256, sizeof(part->sha256),
		    "wraps[%u].parts[%u].bytes", i, j);
	}
	if (s->wraps[i].n_parts == 2)
		put(w, s->wraps[i].dek_sha256, sizeof(s->wraps[i].dek_sha256),
		    "wraps[%u].dek", i);
	put_number(w, s->wraps[i].created, "wraps[%u].created", i);
	put_number(w, s->wraps[i].retiring, "wraps[%u].retiring", i);
	put_number(w, s->wraps[i].proved, "wraps[%u].proved", i);
	/* Only where it is so: what is sealed of volumes without one stays what it was. */
	if (s->wraps[i].unprotected)
		put_number(w, 1, "wraps[%u].unprotected", i);
}

/* What of LUKS2 decides over data and keys. */
static void put_header(struct writer *w, const struct envol_sealed *s)
{
	uint32_t i;

	put_text(w, s->uuid, "uuid");
	put_text(w, s->cipher, "cipher");
	put_number(w, s->key_size, "key size");
	put_number(w, s->sector_size, "sector size");
	put_number(w, s->iv_offset, "iv offset");
	put_text(w, s->flags, "flags");
	put_text(w, s->requirements, "requirements");
	put_number(w, s->n_segments, "segments");
	for (i = 0; i < s->n_segments; i++) {
		put_number(w, s->segments[i].offset, "segments[%u].offset", i);
		put_number(w, s->segments[i].size, "segments[%u].size", i);
	}
	put_text(w, s->digest.type, "digest.type");
	put_text(w, s->digest.hash, "digest.hash");
	put_number(w, s->digest.iterations, "digest.iterations");
	put(w, s->digest.salt, s->digest.salt_len, "digest.salt");
	put(w, s->digest.bytes, s->digest.bytes_len, "digest.bytes");
	put_number(w, s->n_keyslots, "keyslots");
	for (i = 0; i < s->n_keyslots; i++) {
		put_number(w, s->keyslots[i].number, "keyslots[%u].number", i);
		put_text(w, s->keyslots[i].area_cipher,
			 "keyslots[%u].area cipher", i);
		put_number(w, s->keyslots[i].area_key_size,
			   "keyslots[%u].area key size", i);
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
			struct envol_blob *encoding)
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
	put_text(&w, s->policy, "policy");
	put_number(&w, s->pending_keyslot, "pending keyslot");
	put_header(&w, s);
	put_number(&w, s->n_wraps, "wraps");
	for (i = 0; i < s->n_wraps; i++)
		put_wrap(&w, s, i);
	if (w.err)
		return envol_error(ev, w.err, "sealed: out of memory");
	envol_blob_move(encoding, &out);
	return 0;
}

/* ---- comparing ---- */

struct bytes {
	const uint8_t *data;
	size_t len;
};

/* Cut what stands behind a length off the front of @from; false if it isn't all there. */
static bool cut(struct bytes *from, struct bytes *part)
{
	const uint8_t *p = from->data;
	size_t len;

	if (from->len < 4)
		return false;
	len = p[0] | p[1] << 8 | p[2] << 16 | (size_t)p[3] << 24;
	if (from->len - 4 < len)
		return false;
	*part = (struct bytes){ p + 4, len };
	from->data += 4 + len;
	from->len -= 4 + len;
	return true;
}

static bool is_same(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool is_text(struct bytes b)
{
	size_t i;

	for (i = 0; i < b.len; i++)
		if (b.data[i] < ' ' || b.data[i] > '~')
			return false;
	return true;
}

/* A value for people: which kind it is shows in its bytes well enough. */
static void show(char text[SHOWN_MAX], struct bytes b)
{
	uint64_t number = 0;
	size_t i;

	if (b.len == 0) {
		strcpy(text, "nothing");
	} else if (is_text(b)) {
		snprintf(text, SHOWN_MAX, "%.*s", b.len < SHOWN_MAX ? (int)b.len : SHOWN_MAX,
			 (const char *)b.data);
	} else if (b.len == sizeof(number)) {
		for (i = 0; i < sizeof(number); i++)
			number |= (uint64_t)b.data[i] << (8 * i);
		snprintf(text, SHOWN_MAX, "%" PRIu64, number);
	} else {
		snprintf(text, SHOWN_MAX, "%zu bytes", b.len);
	}
}

static int differs(struct envol *ev, struct bytes name, struct bytes sealed,
		   struct bytes found)
{
	char what[SHOWN_MAX], a[SHOWN_MAX], b[SHOWN_MAX];

	show(what, name);
	show(a, sealed);
	show(b, found);
	if (strcmp(a, b) == 0)
		return envol_error(ev, -EBADMSG, "%s: sealed %s, found %zu other bytes",
				   what, a, found.len);
	return envol_error(ev, -EBADMSG, "%s: sealed %s, found %s", what, a, b);
}

int envol_sealed_compare(struct envol *ev, const struct envol_blob *sealed,
			 const struct envol_blob *found)
{
	struct bytes a = { sealed->data, sealed->len };
	struct bytes b = { found->data, found->len };
	struct bytes name_a, name_b, value_a, value_b;

	if (is_same(a, b))
		return 0;
	/* A count stands before its items, so names differ only after a value has. */
	while (cut(&a, &name_a) && cut(&a, &value_a) &&
	       cut(&b, &name_b) && cut(&b, &value_b)) {
		if (!is_same(name_a, name_b))
			return envol_error(ev, -EBADMSG,
					   "what is sealed has other values than this version's");
		if (!is_same(value_a, value_b))
			return differs(ev, name_b, value_a, value_b);
	}
	return envol_error(ev, -EBADMSG, "what is sealed ends too early or too late");
}
