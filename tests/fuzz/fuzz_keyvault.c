// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as an answer of Key Vault, and as a line of its head. What is taken must
 * hold what its readers promise.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/base/json_member.h"
#include "userspace/lib/net/http_head.h"
#include "userspace/lib/provider/keyvault/answer.h"
#include "userspace/lib/provider/keyvault/bundle.h"
#include "userspace/lib/provider/keyvault/claims.h"
#include "userspace/lib/provider/keyvault/refusal.h"

#define KID "https://v1.vault.azure.net/keys/k1/dd064d10ccf24983855c7df9a809dd23"
#define VALUE_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct envol *ev;

static void demand(bool condition)
{
	if (!condition)
		abort();
}

static void demand_printable(const char *text)
{
	for (; *text; text++)
		demand(*text >= ' ' && *text <= '~');
}

static void demand_key(const struct envol_keyvault_id *id)
{
	struct envol_keyvault_id again;
	char text[1024];
	const char *why;

	snprintf(text, sizeof(text), "https://%s/keys/%s%s%s", id->host,
		 id->name, *id->version ? "/" : "", id->version);
	demand(envol_keyvault_parse(&again, text, &why) == 0);
	demand(memcmp(&again, id, sizeof(again)) == 0);
}

static void try_bundle(const char *text, size_t len)
{
	struct envol_bundle bundle = ENVOL_BUNDLE_INIT;

	if (envol_bundle_parse(ev, text, len, &bundle)) {
		demand(*envol_error_message(ev));
		return;
	}
	demand_key(&bundle.id);
	demand(*bundle.id.version);
	demand(bundle.type != ENVOL_BUNDLE_RSA || bundle.public.modulus.len);
	envol_bundle_free(&bundle);
}

static void try_page(const char *text, size_t len)
{
	struct envol_bundle_page page = ENVOL_BUNDLE_PAGE_INIT;
	size_t i;

	if (envol_bundle_parse_page(ev, text, len, &page))
		return;
	demand(page.n_items <= ENVOL_BUNDLE_PAGE_ITEMS);
	for (i = 0; i < page.n_items; i++)
		demand_key(&page.items[i].id);
	envol_bundle_free_page(&page);
}

static void try_value(const char *text, size_t len)
{
	struct envol_secret secret = ENVOL_SECRET_INIT;
	struct envol_blob blob = ENVOL_BLOB_INIT;
	struct envol_keyvault_id id;
	const char *why;
	int err;

	demand(envol_keyvault_parse(&id, KID, &why) == 0);
	err = envol_answer_secret(ev, text, len, &id, VALUE_MAX, &secret);
	demand(err == envol_answer_blob(ev, text, len, &id, VALUE_MAX, &blob));
	if (err == 0) {
		demand(secret.len && secret.len <= VALUE_MAX);
		demand(blob.len == secret.len &&
		       memcmp(blob.data, secret.data, blob.len) == 0);
	}
	demand(err == 0 || !secret.data);
	envol_secret_wipe(&secret);
	envol_blob_free(&blob);
}

static void try_refusal(const char *text, size_t len, unsigned int status)
{
	struct envol_refusal refusal = { .uri = "u", .right = "get",
					 .bad_request = -1 };
	struct envol_http_answer answer = { .status = status };

	if (len)
		demand(envol_secret_copy(ev, &answer.body,
					 (const uint8_t *)text, len) == 0);
	demand(envol_refusal_explain(ev, &refusal, &answer) < 0);
	demand(*envol_error_message(ev));
	demand_printable(envol_error_message(ev));
	envol_secret_wipe(&answer.body);
}

/* What a vault may ask of a token stays one object, whatever it asks. */
static void try_claims(const char *header)
{
	struct envol_json_member member;
	char *asked, *claims;

	if (envol_claims_asked(ev, header, &asked))
		return;
	demand(envol_claims_write(ev, asked, &claims) == 0);
	demand(envol_json_member_find(claims, strlen(claims), "access_token",
				      &member) == 0);
	demand(!member.is_string && member.text[0] == '{' &&
	       member.text + member.len + 1 == claims + strlen(claims));
	free(asked);
	free(claims);
}

static void try_head(const char *text, size_t len)
{
	struct envol_http_answer answer = ENVOL_HTTP_ANSWER_INIT;

	demand(envol_http_head_take(&answer, text, len) == 0);
	if (answer.request_id)
		demand_printable(answer.request_id);
	demand(answer.retry_after_s <= ENVOL_HTTP_HEAD_PAUSE_MAX_S);
	try_claims(answer.challenge);
	envol_http_free_answer(&answer);
}

/* The first byte chooses the reader. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned int statuses[] = { 400, 401, 403, 404, 409, 429,
						 500, 503, 302, 204 };
	const char *text = (const char *)data + 1;

	if (!ev)
		demand(envol_new(&ev) == 0);
	if (size == 0 || size - 1 > ENVOL_SECRET_MAX)
		return 0;
	switch (data[0] % 5) {
	case 0:
		try_bundle(text, size - 1);
		break;
	case 1:
		try_page(text, size - 1);
		break;
	case 2:
		try_value(text, size - 1);
		break;
	case 3:
		try_refusal(text, size - 1, statuses[data[0] / 5 % 10]);
		break;
	default:
		try_head(text, size - 1);
	}
	return 0;
}
