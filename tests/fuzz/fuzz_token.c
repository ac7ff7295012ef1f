// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a token. What is accepted must format, and what was formatted must
 * parse to a token that formats and seals the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/metadata/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
	if (!condition)
		abort();
}

static void encode(struct envol *ev, const struct envol_token *token,
		   struct envol_blob *encoding)
{
	struct envol_sealed *sealed = calloc(1, sizeof(*sealed));

	demand(sealed && envol_token_seal(ev, token, sealed) == 0);
	demand(envol_sealed_encode(ev, sealed, encoding) == 0);
	free(sealed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct envol_token first = ENVOL_TOKEN_INIT, second = ENVOL_TOKEN_INIT;
	struct envol_blob a = ENVOL_BLOB_INIT, b = ENVOL_BLOB_INIT;
	static struct envol *ev;
	char *json, *again;

	if (!ev)
		demand(envol_new(&ev) == 0);
	if (envol_token_parse(ev, (const char *)data, size, &first)) {
		demand(envol_error_message(ev)[0] != '\0');
		return 0;
	}
	demand(envol_token_format(ev, &first, &json) == 0);
	demand(envol_token_parse(ev, json, strlen(json), &second) == 0);
	demand(envol_token_format(ev, &second, &again) == 0);
	demand(strcmp(json, again) == 0);
	encode(ev, &first, &a);
	encode(ev, &second, &b);
	demand(envol_sealed_compare(ev, &a, &b) == 0);
	envol_blob_free(&a);
	envol_blob_free(&b);
	envol_token_free(&first);
	envol_token_free(&second);
	free(json);
	free(again);
	return 0;
}
