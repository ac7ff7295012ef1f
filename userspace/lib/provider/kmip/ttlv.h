/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TTLV, the encoding of KMIP messages (KMIP 1.2 to 2.1, section 9.1): items of a
 * 3-byte tag, a type, a 4-byte length and a value that is padded to 8 bytes; the
 * value of a structure is items. Pure.
 *
 * A message may hold a key, so it is written into and read from the memory of a
 * struct envol_secret: the writer fills bytes that it is given, and what is read
 * points into the message.
 */
#pragma once

#include "userspace/lib/internal.h"

#define ENVOL_TTLV_HEAD 8	/* bytes before a value */
#define ENVOL_TTLV_DEPTH 16	/* structures within one another */

enum envol_ttlv_type {
	ENVOL_TTLV_STRUCTURE = 1,
	ENVOL_TTLV_INTEGER,
	ENVOL_TTLV_LONG,
	ENVOL_TTLV_BIG_INTEGER,
	ENVOL_TTLV_ENUMERATION,
	ENVOL_TTLV_BOOLEAN,
	ENVOL_TTLV_TEXT,
	ENVOL_TTLV_BYTES,
	ENVOL_TTLV_DATE,
	ENVOL_TTLV_INTERVAL,
	ENVOL_TTLV_DATE_EXTENDED,	/* since 2.0 */
	ENVOL_TTLV_TYPES
};

/* ---- writing ------------------------------------------------------------- */

/* The first error stays: the calls between begin and finish need no check of their own. */
struct envol_ttlv_writer {
	uint8_t *data;
	size_t size, len;
	size_t open[ENVOL_TTLV_DEPTH];	/* where the structures began that are not ended */
	unsigned int depth;
	int err;
};

void envol_ttlv_begin(struct envol_ttlv_writer *w, uint8_t *data, size_t size);
/* -EMSGSIZE if it did not fit, -EINVAL for structures that were not ended or too many of them. */
int envol_ttlv_finish(struct envol_ttlv_writer *w, size_t *len) _must_check_;

void envol_ttlv_open(struct envol_ttlv_writer *w, uint32_t tag);
void envol_ttlv_close(struct envol_ttlv_writer *w);
void envol_ttlv_write_integer(struct envol_ttlv_writer *w, uint32_t tag, int32_t v);
void envol_ttlv_write_enum(struct envol_ttlv_writer *w, uint32_t tag, uint32_t v);
void envol_ttlv_write_boolean(struct envol_ttlv_writer *w, uint32_t tag, bool v);
void envol_ttlv_write_date(struct envol_ttlv_writer *w, uint32_t tag, int64_t seconds);
void envol_ttlv_write_text(struct envol_ttlv_writer *w, uint32_t tag, const void *text,
			   size_t len);
void envol_ttlv_write_bytes(struct envol_ttlv_writer *w, uint32_t tag,
			    const void *data, size_t len);

/* ---- reading ------------------------------------------------------------- */

struct envol_ttlv {
	uint32_t tag;
	enum envol_ttlv_type type;
	uint32_t len;		/* of the value, without padding */
	const uint8_t *value;
};

/*
 * How long a message is, heads included, of which the first ENVOL_TTLV_HEAD bytes are
 * @head: a structure of @tag. -EBADMSG for anything else, -EMSGSIZE beyond @max.
 */
int envol_ttlv_message_len(const uint8_t head[ENVOL_TTLV_HEAD], uint32_t tag,
			   size_t max, size_t *len) _must_check_;

/*
 * The one item that @data holds, checked to its leaves: known types, tags of KMIP's
 * two ranges, the lengths that types have, zeros as padding, no deeper than
 * ENVOL_TTLV_DEPTH, nothing behind. Else -EBADMSG. All below is for items of such a
 * message.
 */
int envol_ttlv_parse(const uint8_t *data, size_t len, struct envol_ttlv *item)
	_must_check_;

/* The child behind @previous, or the first for NULL. False at the end. */
bool envol_ttlv_next(const struct envol_ttlv *structure,
		     const struct envol_ttlv *previous, struct envol_ttlv *child);

/* The only child of @tag: -ENOENT if there is none, -EBADMSG if there are two or the type is another. */
int envol_ttlv_find(const struct envol_ttlv *structure, uint32_t tag,
		    enum envol_ttlv_type type, struct envol_ttlv *child) _must_check_;

/* Of an item of that type; else, and for a boolean that is neither, 0 or false. */
int32_t envol_ttlv_integer(const struct envol_ttlv *item);
uint32_t envol_ttlv_enum(const struct envol_ttlv *item);
bool envol_ttlv_boolean(const struct envol_ttlv *item);
/* Of a date, or of an extended one (which counts microseconds), in seconds. */
int64_t envol_ttlv_date(const struct envol_ttlv *item);

/*
 * A text with a NUL behind. -EBADMSG for another type, -EMSGSIZE for one that does not fit,
 * -EILSEQ for bytes that are not printable ASCII: what we print or store has no others.
 */
int envol_ttlv_text(const struct envol_ttlv *item, char *text, size_t size)
	_must_check_;
