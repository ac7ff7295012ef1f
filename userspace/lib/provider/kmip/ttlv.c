// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/provider/kmip/ttlv.h"

#define TAG_STANDARD  0x42u	/* first byte of the standard's tags */
#define TAG_EXTENSION 0x54u	/* of vendors' */
#define ANY_LEN UINT32_MAX

/* Of a value without its padding. */
static const uint32_t fixed_len[ENVOL_TTLV_TYPES] = {
	[ENVOL_TTLV_STRUCTURE] = ANY_LEN, [ENVOL_TTLV_INTEGER] = 4,
	[ENVOL_TTLV_LONG] = 8,		  [ENVOL_TTLV_BIG_INTEGER] = ANY_LEN,
	[ENVOL_TTLV_ENUMERATION] = 4,	  [ENVOL_TTLV_BOOLEAN] = 8,
	[ENVOL_TTLV_TEXT] = ANY_LEN,	  [ENVOL_TTLV_BYTES] = ANY_LEN,
	[ENVOL_TTLV_DATE] = 8,		  [ENVOL_TTLV_INTERVAL] = 4,
	[ENVOL_TTLV_DATE_EXTENDED] = 8,
};

static uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static uint64_t get_be64(const uint8_t *p)
{
	return (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
}

static void put_be32(uint8_t *p, uint32_t v)
{
	p[0] = v >> 24;
	p[1] = v >> 16;
	p[2] = v >> 8;
	p[3] = v;
}

static void put_be64(uint8_t *p, uint64_t v)
{
	put_be32(p, v >> 32);
	put_be32(p + 4, v);
}

static size_t padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

/* ---- writing ------------------------------------------------------------- */

void envol_ttlv_begin(struct envol_ttlv_writer *w, uint8_t *data, size_t size)
{
	*w = (struct envol_ttlv_writer){ .data = data, .size = size };
}

int envol_ttlv_finish(struct envol_ttlv_writer *w, size_t *len)
{
	if (!w->err && w->depth)
		w->err = -EINVAL;
	*len = w->err ? 0 : w->len;
	return w->err;
}

/* Head and room for @len bytes, padded with zeros; NULL after an error. */
static uint8_t *add(struct envol_ttlv_writer *w, uint32_t tag,
		    enum envol_ttlv_type type, size_t len)
{
	uint8_t *at = w->data + w->len;

	if (w->err)
		return NULL;
	if (len > w->size ||
	    w->size - w->len < ENVOL_TTLV_HEAD + padded(len)) {
		w->err = -EMSGSIZE;
		return NULL;
	}
	put_be32(at, tag << 8 | type);
	put_be32(at + 4, len);
	memset(at + ENVOL_TTLV_HEAD, 0, padded(len));
	w->len += ENVOL_TTLV_HEAD + padded(len);
	return at + ENVOL_TTLV_HEAD;
}

void envol_ttlv_open(struct envol_ttlv_writer *w, uint32_t tag)
{
	size_t at = w->len;

	if (w->depth == ENVOL_TTLV_DEPTH && !w->err)
		w->err = -EINVAL;
	if (add(w, tag, ENVOL_TTLV_STRUCTURE, 0))
		w->open[w->depth++] = at;
}

void envol_ttlv_close(struct envol_ttlv_writer *w)
{
	size_t at;

	if (!w->err && w->depth == 0)
		w->err = -EINVAL;
	if (w->err)
		return;
	at = w->open[--w->depth];
	put_be32(w->data + at + 4, w->len - at - ENVOL_TTLV_HEAD);
}

static void write32(struct envol_ttlv_writer *w, uint32_t tag,
		    enum envol_ttlv_type type, uint32_t v)
{
	uint8_t *value = add(w, tag, type, 4);

	if (value)
		put_be32(value, v);
}

static void write64(struct envol_ttlv_writer *w, uint32_t tag,
		    enum envol_ttlv_type type, uint64_t v)
{
	uint8_t *value = add(w, tag, type, 8);

	if (value)
		put_be64(value, v);
}

void envol_ttlv_write_integer(struct envol_ttlv_writer *w, uint32_t tag, int32_t v)
{
	write32(w, tag, ENVOL_TTLV_INTEGER, (uint32_t)v);
}

void envol_ttlv_write_enum(struct envol_ttlv_writer *w, uint32_t tag, uint32_t v)
{
	write32(w, tag, ENVOL_TTLV_ENUMERATION, v);
}

void envol_ttlv_write_boolean(struct envol_ttlv_writer *w, uint32_t tag, bool v)
{
	write64(w, tag, ENVOL_TTLV_BOOLEAN, v);
}

void envol_ttlv_write_date(struct envol_ttlv_writer *w, uint32_t tag, int64_t seconds)
{
	write64(w, tag, ENVOL_TTLV_DATE, (uint64_t)seconds);
}

static void write_string(struct envol_ttlv_writer *w, uint32_t tag,
			 enum envol_ttlv_type type, const void *data, size_t len)
{
	uint8_t *value = add(w, tag, type, len);

	if (value && len)
		memcpy(value, data, len);
}

void envol_ttlv_write_text(struct envol_ttlv_writer *w, uint32_t tag, const void *text,
			   size_t len)
{
	write_string(w, tag, ENVOL_TTLV_TEXT, text, len);
}

void envol_ttlv_write_bytes(struct envol_ttlv_writer *w, uint32_t tag,
			    const void *data, size_t len)
{
	write_string(w, tag, ENVOL_TTLV_BYTES, data, len);
}

/* ---- reading ------------------------------------------------------------- */

static int check_value(const struct envol_ttlv *item)
{
	size_t i;

	if (fixed_len[item->type] != ANY_LEN && item->len != fixed_len[item->type])
		return -EBADMSG;
	if ((item->type == ENVOL_TTLV_STRUCTURE ||
	     item->type == ENVOL_TTLV_BIG_INTEGER) && item->len % 8)
		return -EBADMSG;
	for (i = item->len; i < padded(item->len); i++)
		if (item->value[i])
			return -EBADMSG;
	if (item->type == ENVOL_TTLV_BOOLEAN && get_be64(item->value) > 1)
		return -EBADMSG;
	return 0;
}

/* The item at the front of @len bytes, its own value checked, its children not. */
static int read_item(const uint8_t *data, size_t len, struct envol_ttlv *item)
{
	uint32_t head;

	if (len < ENVOL_TTLV_HEAD)
		return -EBADMSG;
	head = get_be32(data);
	item->tag = head >> 8;
	item->type = head & 0xff;
	item->len = get_be32(data + 4);
	item->value = data + ENVOL_TTLV_HEAD;
	if (item->tag >> 16 != TAG_STANDARD && item->tag >> 16 != TAG_EXTENSION)
		return -EBADMSG;
	if (item->type < ENVOL_TTLV_STRUCTURE || item->type >= ENVOL_TTLV_TYPES)
		return -EBADMSG;
	/* In this order, so that padding can't overflow. */
	if (item->len > len - ENVOL_TTLV_HEAD ||
	    padded(item->len) > len - ENVOL_TTLV_HEAD)
		return -EBADMSG;
	return check_value(item);
}

static size_t whole_len(const struct envol_ttlv *item)
{
	return ENVOL_TTLV_HEAD + padded(item->len);
}

/* Depth is what bounds the recursion. */
static int check_children(const struct envol_ttlv *structure, unsigned int depth)
{
	const uint8_t *at = structure->value, *end = at + structure->len;
	struct envol_ttlv child;
	int err = 0;

	if (depth == ENVOL_TTLV_DEPTH)
		return -EBADMSG;
	for (; !err && at < end; at += whole_len(&child)) {
		err = read_item(at, end - at, &child);
		if (err)
			return err;
		if (child.type == ENVOL_TTLV_STRUCTURE)
			err = check_children(&child, depth + 1);
	}
	return err;
}

int envol_ttlv_message_len(const uint8_t head[ENVOL_TTLV_HEAD], uint32_t tag,
			   size_t max, size_t *len)
{
	uint32_t value_len = get_be32(head + 4);

	if (get_be32(head) != (tag << 8 | ENVOL_TTLV_STRUCTURE) || value_len % 8)
		return -EBADMSG;
	if (max < ENVOL_TTLV_HEAD || value_len > max - ENVOL_TTLV_HEAD)
		return -EMSGSIZE;
	*len = ENVOL_TTLV_HEAD + (size_t)value_len;
	return 0;
}

int envol_ttlv_parse(const uint8_t *data, size_t len, struct envol_ttlv *item)
{
	int err = read_item(data, len, item);

	if (!err && whole_len(item) != len)
		err = -EBADMSG;
	if (!err && item->type == ENVOL_TTLV_STRUCTURE)
		err = check_children(item, 0);
	return err;
}

bool envol_ttlv_next(const struct envol_ttlv *structure,
		     const struct envol_ttlv *previous, struct envol_ttlv *child)
{
	const uint8_t *at = structure->value;

	if (structure->type != ENVOL_TTLV_STRUCTURE)
		return false;
	if (previous)
		at = previous->value + padded(previous->len);
	return read_item(at, structure->value + structure->len - at, child) == 0;
}

int envol_ttlv_find(const struct envol_ttlv *structure, uint32_t tag,
		    enum envol_ttlv_type type, struct envol_ttlv *child)
{
	struct envol_ttlv it, *previous = NULL;
	int err = -ENOENT;

	while (envol_ttlv_next(structure, previous, &it)) {
		previous = &it;
		if (it.tag != tag)
			continue;
		if (!err || it.type != type)
			return -EBADMSG;
		*child = it;
		err = 0;
	}
	return err;
}

int32_t envol_ttlv_integer(const struct envol_ttlv *item)
{
	return item->type == ENVOL_TTLV_INTEGER ?
		       (int32_t)get_be32(item->value) : 0;
}

uint32_t envol_ttlv_enum(const struct envol_ttlv *item)
{
	return item->type == ENVOL_TTLV_ENUMERATION ? get_be32(item->value) : 0;
}

bool envol_ttlv_boolean(const struct envol_ttlv *item)
{
	return item->type == ENVOL_TTLV_BOOLEAN && get_be64(item->value) == 1;
}

int64_t envol_ttlv_date(const struct envol_ttlv *item)
{
	if (item->type == ENVOL_TTLV_DATE)
		return (int64_t)get_be64(item->value);
	if (item->type == ENVOL_TTLV_DATE_EXTENDED)
		return (int64_t)get_be64(item->value) / 1000000;
	return 0;
}

int envol_ttlv_text(const struct envol_ttlv *item, char *text, size_t size)
{
	uint32_t i;

	if (item->type != ENVOL_TTLV_TEXT)
		return -EBADMSG;
	if (item->len >= size)
		return -EMSGSIZE;
	for (i = 0; i < item->len; i++)
		if (item->value[i] < ' ' || item->value[i] > '~')
			return -EILSEQ;
	memcpy(text, item->value, item->len);
	text[item->len] = 0;
	return 0;
}
