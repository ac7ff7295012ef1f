// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "userspace/lib/base/base64.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/kek.h"
#include "userspace/lib/provider/keyvault/answer.h"
#include "userspace/lib/provider/keyvault/call.h"
#include "userspace/lib/provider/settings.h"

#define API_VERSION "7.4"	/* has all that is used here, and every vault has it */

/* ---- open and close ---------------------------------------------------- */

static int connect_to(struct envol_vault *vault)
{
	struct envol *ev = vault->ev;
	const char *proxy = envol_setting(ev, ENVOL_KEYVAULT_SCHEME,
					  vault->host, "proxy");
	struct envol_http_options options = {
		.ca_file = envol_setting(ev, ENVOL_KEYVAULT_SCHEME, vault->host,
					 "ca_file"),
		.proxy = proxy && strcmp(proxy, "none") != 0 ? proxy : NULL,
	};
	int err = envol_http_new(ev, &options, &vault->http);

	return err ? err : envol_identity_new(ev, vault->host, vault->http,
					      &vault->identity);
}

static int choose_api(struct envol_vault *vault)
{
	const char *set = envol_setting(vault->ev, ENVOL_KEYVAULT_SCHEME,
					vault->host, "api_version");

	vault->api_version = set ? set : API_VERSION;
	if (strspn(vault->api_version,
		   "0123456789.-abcdefghijklmnopqrstuvwxyz") !=
		    strlen(vault->api_version) ||
	    strlen(vault->api_version) > 32)
		return envol_error(vault->ev, -EINVAL,
				   "api_version \"%.80s\" in the section [https] is none",
				   vault->api_version);
	return 0;
}

int envol_vault_open(struct envol *ev, const char *host,
		     struct envol_deadline deadline, struct envol_vault **vault)
{
	struct envol_vault *new;
	int err = envol_keyvault_check_host(ev, host);

	if (err)
		return err;
	new = calloc(1, sizeof(*new));
	if (!new)
		return envol_error(ev, -ENOMEM, "out of memory");
	new->ev = ev;
	new->deadline = deadline;
	new->hsm = envol_keyvault_is_hsm(ev, host);
	snprintf(new->host, sizeof(new->host), "%s", host);
	err = choose_api(new);
	if (!err)
		err = connect_to(new);
	if (err) {
		envol_vault_close(new);
		return err;
	}
	*vault = new;
	return 0;
}

void envol_vault_close(struct envol_vault *vault)
{
	if (!vault)
		return;
	envol_identity_free(vault->identity);
	envol_http_free(vault->http);
	free(vault);
}

bool envol_vault_is_hsm(const struct envol_vault *vault)
{
	return vault->hsm;
}

bool envol_vault_is_in_doubt(const struct envol_vault *vault)
{
	return vault->in_doubt;
}

/* ---- looking ----------------------------------------------------------- */

int envol_vault_get(struct envol_vault *vault,
		    const struct envol_keyvault_id *id,
		    struct envol_bundle *bundle)
{
	_cleanup_call_ struct envol_call call = {
		.vault = vault, .method = "GET", .id = id, .right = "get" };
	int err = envol_call_run(&call, "");

	if (!err)
		err = envol_call_parsed(envol_bundle_parse(
			vault->ev, envol_call_text(&call),
			call.answer.body.len, bundle));
	if (err)
		return err;
	if (!envol_keyvault_is_same_key(&bundle->id, id) ||
	    (*id->version && strcmp(bundle->id.version, id->version) != 0)) {
		envol_bundle_free(bundle);
		return envol_error(vault->ev, -EPROTO,
				   "the vault answers with another key than was asked for");
	}
	return 0;
}

/* A token goes with it, so it may lead nowhere else. */
static int take_link(struct envol_call *call, const char *url)
{
	const char *host = call->vault->host;
	size_t len = strlen(host);

	if (strncasecmp(url, "https://", 8) != 0 ||
	    strncasecmp(url + 8, host, len) != 0)
		return -EPROTO;
	len += 8;
	if (strncmp(url + len, ":443/", 5) != 0 && url[len] != '/')
		return -EPROTO;
	if (strlen(url) >= sizeof(call->url))
		return -EPROTO;
	strcpy(call->url, url);
	return 0;
}

int envol_vault_get_page(struct envol_vault *vault,
			 const struct envol_keyvault_id *id, const char *url,
			 struct envol_bundle_page *page)
{
	_cleanup_call_ struct envol_call call = {
		.vault = vault, .method = "GET", .id = id, .right = "list" };
	int err = url ? take_link(&call, url) :
			envol_call_address(&call, *id->name ? "/versions" : "");
	size_t i;

	if (err)
		return envol_error(vault->ev, err,
				   "the vault's list goes on in another place: %.200s",
				   url ? url : "");
	err = envol_call_perform(&call);
	if (!err)
		err = envol_call_parsed(envol_bundle_parse_page(
			vault->ev, envol_call_text(&call),
			call.answer.body.len, page));
	for (i = 0; !err && i < page->n_items; i++) {
		const struct envol_keyvault_id *got = &page->items[i].id;

		if (strcasecmp(got->host, id->host) != 0 ||
		    (*id->name && (!envol_keyvault_is_same_key(got, id) ||
				   !*got->version)))
			err = envol_error(vault->ev, -EPROTO,
					  "the vault lists what was not asked for");
	}
	if (err)
		envol_bundle_free_page(page);
	return err;
}

/* ---- using ------------------------------------------------------------- */

/* {"alg":…,"value":…}: the value may be a key. */
static int make_body(struct envol *ev, const char *algorithm,
		     const struct envol_secret *value,
		     struct envol_secret *body)
{
	_cleanup_secret_ struct envol_secret encoded = ENVOL_SECRET_INIT;
	char head[96];
	int len, err;

	err = envol_base64_encode_secret(ev, ENVOL_BASE64URL, value, &encoded);
	if (err)
		return err;
	len = snprintf(head, sizeof(head), "{\"alg\":\"%s\",\"value\":\"",
		       algorithm);
	err = envol_secret_alloc(ev, body, len + encoded.len + 2);
	if (err)
		return err;
	memcpy(body->data, head, len);
	memcpy(body->data + len, encoded.data, encoded.len);
	memcpy(body->data + len + encoded.len, "\"}", 2);
	return 0;
}

int envol_vault_wrap(struct envol_vault *vault,
		     const struct envol_keyvault_id *id, const char *algorithm,
		     const struct envol_secret *key, struct envol_blob *wrapped)
{
	_cleanup_secret_ struct envol_secret body = ENVOL_SECRET_INIT;
	_cleanup_call_ struct envol_call call = {
		.vault = vault, .method = "POST", .id = id, .right = "wrapKey" };
	int err = envol_call_need_version(vault, id);

	if (!err)
		err = make_body(vault->ev, algorithm, key, &body);
	if (err)
		return err;
	call.body = body.data;
	call.body_len = body.len;
	err = envol_call_run(&call, "/wrapkey");
	return err ? err :
		     envol_call_parsed(envol_answer_blob(
			     vault->ev, envol_call_text(&call),
			     call.answer.body.len, id, ENVOL_KEK_WRAPPED_MAX,
			     wrapped));
}

int envol_vault_unwrap(struct envol_vault *vault,
		       const struct envol_keyvault_id *id,
		       const char *algorithm, const struct envol_blob *wrapped,
		       struct envol_secret *key)
{
	_cleanup_secret_ struct envol_secret body = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret bytes = ENVOL_SECRET_INIT;
	_cleanup_call_ struct envol_call call = {
		.vault = vault, .method = "POST", .id = id,
		.right = "unwrapKey", .bad_request = -EBADMSG };
	int err = envol_call_need_version(vault, id);

	if (!err)
		err = envol_secret_copy(vault->ev, &bytes, wrapped->data,
					wrapped->len);
	if (!err)
		err = make_body(vault->ev, algorithm, &bytes, &body);
	if (err)
		return err;
	call.body = body.data;
	call.body_len = body.len;
	err = envol_call_run(&call, "/unwrapkey");
	return err ? err :
		     envol_call_parsed(envol_answer_secret(
			     vault->ev, envol_call_text(&call),
			     call.answer.body.len, id, ENVOL_KEK_KEY_MAX, key));
}

int envol_vault_random(struct envol_vault *vault, unsigned int count,
		       struct envol_secret *bytes)
{
	const struct envol_keyvault_id none = { .name = "" };
	char body[32];
	_cleanup_call_ struct envol_call call = {
		.vault = vault, .method = "POST", .id = &none, .right = "rng",
		.body = body };
	int err;

	if (!vault->hsm)
		return envol_error(vault->ev, -EOPNOTSUPP,
				   "a vault gives no random bytes, a Managed HSM does");
	call.body_len = snprintf(body, sizeof(body), "{\"count\":%u}", count);
	snprintf(call.url, sizeof(call.url), "https://%s/rng?api-version=%s",
		 vault->host, vault->api_version);
	err = envol_call_perform(&call);
	return err ? err :
		     envol_call_parsed(envol_answer_secret(
			     vault->ev, envol_call_text(&call),
			     call.answer.body.len, NULL, count, bytes));
}
