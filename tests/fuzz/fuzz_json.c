// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as JSON. What the scan takes json-c must take too, to the end, and a member
 * that is found in the text is the one that json-c has.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/base/json.h"
#include "userspace/lib/base/json_member.h"
#include "userspace/lib/base/json_scan.h"

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

/* Escapes in a name or a string are left as they are, and are no matter here. */
static void find_again(struct envol *ev, const struct envol_json *root,
		       const char *text, size_t size)
{
	struct envol_json_member member;
	struct envol_json item;
	const char *why, *same;
	size_t i, where;
	int err;

	for (i = 0; i < envol_json_length(root); i++) {
		envol_json_item(root, i, &item);
		err = envol_json_member_find(text, size, item.name, &member);
		demand(!err || err == -ENOENT);
		if (err)
			continue;
		demand(member.text > text &&
		       member.text + member.len < text + size);
		demand(!envol_json_scan(member.text - member.is_string,
					member.len + 2 * member.is_string, &why,
					&where));
		if (envol_json_string(ev, root, item.name, SIZE_MAX, &same))
			demand(!member.is_string);
		else if (!memchr(member.text, '\\', member.len))
			demand(member.is_string && strlen(same) == member.len &&
			       !memcmp(same, member.text, member.len));
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
	find_again(ev, &root, (const char *)data, size);
	envol_json_free(&root);
	return 0;
}
