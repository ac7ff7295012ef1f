// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as JSON. What the scan takes json-c must take too, to the end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/util/json.h"
#include "userspace/lib/util/json_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
	if (!condition)
		abort();
}

/* Read each value in each way. */
static void visit(struct envol *ev, const struct envol_json *value)
{
	struct envol_blob blob = ENVOL_BLOB_INIT;
	struct envol_json inner, item;
	const char *text;
	uint64_t number;
	bool flag;
	size_t i;

	if (!envol_json_string(ev, value, NULL, SIZE_MAX, &text))
		demand(text != NULL);
	if (!envol_json_uint(ev, value, NULL, 1000, &number))
		demand(number <= 1000);
	if (!envol_json_decimal(ev, value, NULL, 1000, &number))
		demand(number <= 1000);
	if (!envol_json_base64(ev, value, NULL, 32, &blob))
		demand(blob.len <= 32);
	envol_blob_free(&blob);
	if (!envol_json_bool(ev, value, NULL, &flag))
		return;
	if (envol_json_object(ev, value, NULL, &inner) &&
	    envol_json_array(ev, value, NULL, SIZE_MAX, &inner))
		return;
	for (i = 0; i < envol_json_length(&inner); i++) {
		envol_json_item(&inner, i, &item);
		visit(ev, &item);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct envol *ev;
	struct envol_json root;
	const char *why;
	size_t where, start;
	int err;

	if (!ev)
		demand(envol_new(&ev) == 0);
	err = envol_json_scan((const char *)data, size, &why, &where);
	demand(where <= size && (err == 0) == (why == NULL));
	start = 0;
	while (start < size && strchr(" \t\r\n", data[start]) && data[start])
		start++;
	if (envol_json_parse(ev, "fuzz", (const char *)data, size, size, &root)) {
		demand(err || data[start] != '{');
		return 0;
	}
	demand(!err && data[start] == '{');
	visit(ev, &root);
	envol_json_free(&root);
	return 0;
}
