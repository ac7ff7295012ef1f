// SPDX-License-Identifier: GPL-2.0-or-later
/* Any two runs of bytes as encodings: equal if and only if they are the same bytes. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/metadata/sealed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
	if (!condition)
		abort();
}

/* A copy of its own, so that a byte too many is seen. */
static struct envol_blob copy(const uint8_t *data, size_t len)
{
	struct envol_blob blob = ENVOL_BLOB_INIT;

	demand(envol_blob_append(&blob, data, len) == 0);
	if (len) {
		blob.data = realloc(blob.data, len);
		demand(blob.data != NULL);
	}
	return blob;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct envol *ev;
	struct envol_blob a, b;
	size_t cut;
	int err;

	if (!ev)
		demand(envol_new(&ev) == 0);
	if (size < 2)
		return 0;
	cut = (data[0] | data[1] << 8) % (size - 1);
	data += 2;
	size -= 2;
	a = copy(data, cut);
	b = copy(data + cut, size - cut);
	err = envol_sealed_compare(ev, &a, &b);
	demand(err == (envol_blob_equal(&a, &b) ? 0 : -EBADMSG));
	demand(envol_sealed_compare(ev, &b, &a) == err);
	demand(envol_sealed_compare(ev, &a, &a) == 0);
	/* The same but for what stands behind it, so that the walk is a long one. */
	demand(envol_blob_append(&b, data, size) == 0);
	envol_blob_free(&a);
	a = copy(b.data, b.len);
	if (a.len) {
		a.data[a.len - 1] ^= 1;
		demand(envol_sealed_compare(ev, &a, &b) == -EBADMSG);
		a.len--;
		demand(envol_sealed_compare(ev, &a, &b) == -EBADMSG);
	}
	envol_blob_free(&a);
	envol_blob_free(&b);
	return 0;
}
