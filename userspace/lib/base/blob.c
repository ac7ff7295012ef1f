// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/base/blob.h"

void envol_blob_free(struct envol_blob *blob)
{
	free(blob->data);
	*blob = (struct envol_blob)ENVOL_BLOB_INIT;
}

/* Room for @more bytes behind those that are there. */
static int reserve(struct envol_blob *blob, size_t more)
{
	size_t need, size;
	uint8_t *data;

	if (__builtin_add_overflow(blob->len, more, &need))
		return -ENOMEM;
	if (need <= blob->size)
		return 0;
	size = need > SIZE_MAX / 2 ? need : need + need / 2;
	data = realloc(blob->data, size);
	if (!data)
		return -ENOMEM;
	blob->data = data;
	blob->size = size;
	return 0;
}

int envol_blob_append(struct envol_blob *blob, const void *data, size_t len)
{
	int err;

	if (len == 0)
		return 0;
	err = reserve(blob, len);
	if (err)
		return err;
	memcpy(blob->data + blob->len, data, len);
	blob->len += len;
	return 0;
}

static int append_le(struct envol_blob *blob, uint64_t v, size_t len)
{
	uint8_t bytes[8];
	size_t i;

	for (i = 0; i < len; i++)
		bytes[i] = v >> (8 * i);
	return envol_blob_append(blob, bytes, len);
}

int envol_blob_append_le32(struct envol_blob *blob, uint32_t v)
{
	return append_le(blob, v, 4);
}

int envol_blob_append_le64(struct envol_blob *blob, uint64_t v)
{
	return append_le(blob, v, 8);
}

int envol_blob_append_prefixed(struct envol_blob *blob, const void *data,
			       size_t len)
{
	int err;

	if (len > UINT32_MAX)
		return -ENOMEM;
	/* Both or neither. */
	err = reserve(blob, 4 + len);
	if (err)
		return err;
	err = envol_blob_append_le32(blob, len);
	if (err)
		return err;
	return envol_blob_append(blob, data, len);
}

void envol_blob_move(struct envol_blob *dst, struct envol_blob *src)
{
	if (dst == src)
		return;
	envol_blob_free(dst);
	*dst = *src;
	*src = (struct envol_blob)ENVOL_BLOB_INIT;
}

bool envol_blob_equal(const struct envol_blob *a, const struct envol_blob *b)
{
	return a->len == b->len &&
	       (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}
