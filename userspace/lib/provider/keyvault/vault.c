// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "userspace/lib/net/http.h"
#include "userspace/lib/provider/keyvault/answer.h"
#include "userspace/lib/provider/keyvault/identity.h"
#include "userspace/lib/provider/keyvault/refusal.h"
#include "userspace/lib/provider/keyvault/vault.h"
#include "userspace/lib/provider/message.h"
#include "userspace/lib/provider/settings.h"
#include "userspace/lib/util/base64.h"
#include "userspace/lib/util/error.h"
#include "userspace/lib/util/time.h"

#define API_VERSION	"7.4"	/* has all that is used here, and every vault has it */
#define BACKUP_MAX	(ENVOL_MESSAGE_FILE_MAX - 4096)	/* the file has a head */
#define BACKUP_TEXT_MAX (2u << 20)

struct envol_vault {
	struct envol *ev;
	struct envol_deadline deadline;
	struct envol_http *http;
	struct envol_identity *identity;
	const char *api_version;
	bool hsm;
	char host[ENVOL_KEYVAULT_HOST_SIZE];
};

/* One request, and what a refusal of it means. */
struct call {
	struct envol_vault *vault;
	const char *method;
	char url[ENVOL_URI_MAX];
	const struct envol_keyvault_id *id;
	const char *right;
	int bad_request;
	const void *body;
	size_t body_len;
	struct envol_blob *large;	/* takes an answer that is no secret */
	bool makes_version;	/* so is not to be done twice */
	struct envol_http_answer answer;
};

#define _cleanup_call_ _cleanup_(free_call)

static void free_call(struct call *call)
{
	envol_http_free_answer(&call->answer);
}

/* ---- open and close ------------------------------------------------------------------ */

/* Machines are told who they are over plain HTTP, by their own host. */
static bool is_told_nearby(const char *identity)
{
	return identity && (strcmp(identity, "managed") == 0 ||
			    strcmp(identity, "arc") == 0 ||
			    strcmp(identity, "app-service") == 0);
}

static int connect_to(struct envol_vault *vault)
{
	struct envol *ev = vault->ev;
	const char *proxy = envol_setting(ev, ENVOL_KEYVAULT_SCHEME,
					  vault->host, "proxy");
	struct envol_http_options options = {
		.ca_file = envol_setting(ev, ENVOL_KEYVAULT_SCHEME, vault->host,
					 "ca_file"),
		.proxy = proxy && strcmp(proxy, "none") != 0 ? proxy : NULL,
		.plain = is_told_nearby(envol_setting(
			ev, ENVOL_KEYVAULT_SCHEME, vault->host, "identity")),
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

/* ---- one exchange ----------------------------------------------------------------------- */

static int send_call(struct call *call)
{
	static const char *const headers[] = { "Accept: application/json",
					       NULL };
	_cleanup_secret_ struct envol_secret token = ENVOL_SECRET_INIT;
	struct envol_vault *vault = call->vault;
	struct envol_http_request request = {
		.method = call->method,
		.url = call->url,
		.headers = headers,
		.bearer = &token,
		.content_type = call->body ? "application/json" : NULL,
		.body = call->body,
		.body_len = call->body_len,
		.answer = call->large,
		.answer_max = call->large ? BACKUP_TEXT_MAX : 0,
		.once = call->makes_version,
	};
	int err = envol_identity_token(
		vault->identity, envol_keyvault_resource(vault->ev, vault->host),
		vault->deadline, &token);

	if (err)
		return err;
	envol_http_free_answer(&call->answer);
	if (call->large)
		call->large->len = 0;
	return envol_http_do(vault->http, &request, vault->deadline,
			     &call->answer);
}

/* What came instead of a large answer is read where all refusals are. */
static int move_refusal(struct call *call)
{
	size_t len = call->large ? call->large->len : 0;

	if (len == 0)
		return 0;
	return envol_secret_copy(call->vault->ev, &call->answer.body,
				 call->large->data,
				 len < ENVOL_SECRET_MAX ? len : ENVOL_SECRET_MAX);
}

static bool is_deleted(const struct call *missing)
{
	_cleanup_call_ struct call call = {
		.vault = missing->vault, .method = "GET" };
	int len = snprintf(call.url, sizeof(call.url),
			   "https://%s/deletedkeys/%s?api-version=%s",
			   call.vault->host, missing->id->name,
			   call.vault->api_version);

	return len < (int)sizeof(call.url) && send_call(&call) == 0 &&
	       call.answer.status == 200;
}

static int explain(struct call *call)
{
	struct envol_vault *vault = call->vault;
	const char *version = call->id->version;
	char uri[ENVOL_URI_MAX];
	struct envol_refusal refusal = {
		.uri = uri,
		.version = *version ? version : NULL,
		.right = call->right,
		.hsm = vault->hsm,
		.bad_request = call->bad_request ? call->bad_request : -EINVAL,
		.now = envol_time_now(),
	};
	char sentence[ENVOL_MESSAGE_SIZE];
	int err = move_refusal(call);

	if (err)
		return err;
	snprintf(uri, sizeof(uri), "https://%s/keys/%s", vault->host,
		 call->id->name);
	err = envol_refusal_explain(vault->ev, &refusal, &call->answer);
	if (err != -ENOENT || !*call->id->name)
		return err;
	strcpy(sentence, vault->ev->message);
	if (is_deleted(call))
		return envol_error(vault->ev, -ENOENT,
				   "the key was deleted and can be recovered: az keyvault key recover --id https://%s/deletedkeys/%s",
				   vault->host, call->id->name);
	return envol_error(vault->ev, -ENOENT, "%s", sentence);
}

/* A token that was kept may be over by the vault's clock, or ours be for another tenant. */
static int authenticate_anew(struct call *call)
{
	struct envol_vault *vault = call->vault;
	const char *resource = envol_keyvault_resource(vault->ev, vault->host);
	int err = 0;

	if (call->answer.challenge)
		err = envol_identity_check_challenge(
			vault->identity, call->answer.challenge, resource);
	if (err)
		return err;
	envol_identity_forget(vault->identity, resource);
	return send_call(call);
}

/* 0 for HTTP 200 alone. */
static int perform(struct call *call)
{
	int err = send_call(call);

	if (!err && call->answer.status == 401)
		err = authenticate_anew(call);
	if (err)
		return err;
	return call->answer.status == 200 ? 0 : explain(call);
}

/* @operation: "" or "/wrapkey". */
static int address(struct call *call, const char *operation)
{
	const struct envol_keyvault_id *id = call->id;
	int len = snprintf(call->url, sizeof(call->url),
			   "https://%s/keys%s%s%s%s%s?api-version=%s",
			   call->vault->host, *id->name ? "/" : "", id->name,
			   *id->version ? "/" : "", id->version, operation,
			   call->vault->api_version);

	return len < (int)sizeof(call->url) ? 0 :
		envol_error(call->vault->ev, -EINVAL, "a URL that is too long");
}

static int run(struct call *call, const char *operation)
{
	int err = address(call, operation);

	return err ? err : perform(call);
}

/* An answer that is none says nothing of the bytes that were sent: -EBADMSG is for those. */
static int parsed(int err)
{
	return err == -EBADMSG ? -EPROTO : err;
}

static const char *text(const struct call *call)
{
	return (const char *)call->answer.body.data;
}

static int need_version(struct envol_vault *vault,
			const struct envol_keyvault_id *id)
{
	return *id->version ? 0 :
		envol_error(vault->ev, -EINVAL, "no version of the key is given");
}

/* ---- looking ------------------------------------------------------------------------------ */

int envol_vault_get(struct envol_vault *vault,
		    const struct envol_keyvault_id *id,
		    struct envol_bundle *bundle)
{
	_cleanup_call_ struct call call = {
		.vault = vault, .method = "GET", .id = id, .right = "get" };
	int err = run(&call, "");

	if (!err)
		err = parsed(envol_bundle_parse(vault->ev, text(&call),
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
static int take_link(struct call *call, const char *url)
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
	_cleanup_call_ struct call call = {
		.vault = vault, .method = "GET", .id = id, .right = "list" };
	int err = url ? take_link(&call, url) :
			address(&call, *id->name ? "/versions" : "");
	size_t i;

	if (err)
		return envol_error(vault->ev, err,
				   "the vault's list goes on in another place: %.200s",
				   url ? url : "");
	err = perform(&call);
	if (!err)
		err = parsed(envol_bundle_parse_page(
			vault->ev, text(&call), call.answer.body.len, page));
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

/* ---- using ----------------------------------------------------------------------------------- */

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
	_cleanup_call_ struct call call = {
		.vault = vault, .method = "POST", .id = id, .right = "wrapKey" };
	int err = need_version(vault, id);

	if (!err)
		err = make_body(vault->ev, algorithm, key, &body);
	if (err)
		return err;
	call.body = body.data;
	call.body_len = body.len;
	err = run(&call, "/wrapkey");
	return err ? err :
		     parsed(envol_answer_blob(vault->ev, text(&call),
					      call.answer.body.len, id,
					      ENVOL_KEK_WRAPPED_MAX, wrapped));
}

int envol_vault_unwrap(struct envol_vault *vault,
		       const struct envol_keyvault_id *id,
		       const char *algorithm, const struct envol_blob *wrapped,
		       struct envol_secret *key)
{
	_cleanup_secret_ struct envol_secret body = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret bytes = ENVOL_SECRET_INIT;
	_cleanup_call_ struct call call = {
		.vault = vault, .method = "POST", .id = id,
		.right = "unwrapKey", .bad_request = -EBADMSG };
	int err = need_version(vault, id);

	if (!err)
		err = envol_secret_copy(vault->ev, &bytes, wrapped->data,
					wrapped->len);
	if (!err)
		err = make_body(vault->ev, algorithm, &bytes, &body);
	if (err)
		return err;
	call.body = body.data;
	call.body_len = body.len;
	err = run(&call, "/unwrapkey");
	return err ? err :
		     parsed(envol_answer_secret(vault->ev, text(&call),
						call.answer.body.len, id,
						ENVOL_KEK_KEY_MAX, key));
}

int envol_vault_random(struct envol_vault *vault, unsigned int count,
		       struct envol_secret *bytes)
{
	const struct envol_keyvault_id none = { .name = "" };
	char body[32];
	_cleanup_call_ struct call call = {
		.vault = vault, .method = "POST", .id = &none, .right = "rng",
		.body = body };
	int err;

	if (!vault->hsm)
		return envol_error(vault->ev, -EOPNOTSUPP,
				   "a vault gives no random bytes, a Managed HSM does");
	call.body_len = snprintf(body, sizeof(body), "{\"count\":%u}", count);
	snprintf(call.url, sizeof(call.url), "https://%s/rng?api-version=%s",
		 vault->host, vault->api_version);
	err = perform(&call);
	return err ? err :
		     parsed(envol_answer_secret(vault->ev, text(&call),
						call.answer.body.len, NULL,
						count, bytes));
}

/* ---- changing --------------------------------------------------------------------------------- */

/* The bundle that comes back is of the key that was meant. */
static int change_into(struct call *call, const char *operation,
		       struct envol_bundle *bundle)
{
	struct envol *ev = call->vault->ev;
	int err = run(call, operation);

	if (!err)
		err = parsed(envol_bundle_parse(
			ev, text(call), call->answer.body.len, bundle));
	if (err)
		return err;
	return envol_keyvault_is_same_key(&bundle->id, call->id) ? 0 :
		envol_error(ev, -EPROTO,
			    "the vault answers with another key than was asked for");
}

static int change(struct call *call, const char *operation)
{
	_cleanup_bundle_ struct envol_bundle bundle = ENVOL_BUNDLE_INIT;

	return change_into(call, operation, &bundle);
}

int envol_vault_import(struct envol_vault *vault,
		       const struct envol_keyvault_id *id,
		       const struct envol_secret *body,
		       struct envol_bundle *bundle)
{
	_cleanup_call_ struct call call = {
		.vault = vault, .method = "PUT", .id = id, .right = "import",
		.makes_version = true, .body = body->data, .body_len = body->len };

	return change_into(&call, "", bundle);
}

int envol_vault_create(struct envol_vault *vault,
		       const struct envol_keyvault_id *id, const char *kty,
		       unsigned int bits)
{
	char body[160];
	_cleanup_call_ struct call call = {
		.vault = vault, .method = "POST", .id = id, .right = "create",
		.makes_version = true, .body = body };

	call.body_len = snprintf(body, sizeof(body),
				 "{\"kty\":\"%s\",\"key_size\":%u,\"key_ops\":[\"wrapKey\",\"unwrapKey\"]}",
				 kty, bits);
	return change(&call, "/create");
}

int envol_vault_rotate(struct envol_vault *vault,
		       const struct envol_keyvault_id *id)
{
	_cleanup_call_ struct call call = {
		.vault = vault, .method = "POST", .id = id, .right = "rotate",
		.makes_version = true };

	return change(&call, "/rotate");
}

int envol_vault_set_enabled(struct envol_vault *vault,
			    const struct envol_keyvault_id *id, bool enabled)
{
	char body[64];
	_cleanup_call_ struct call call = {
		.vault = vault, .method = "PATCH", .id = id, .right = "update",
		.body = body };
	int err = need_version(vault, id);

	call.body_len = snprintf(body, sizeof(body),
				 "{\"attributes\":{\"enabled\":%s}}",
				 enabled ? "true" : "false");
	return err ? err : change(&call, "");
}

int envol_vault_backup(struct envol_vault *vault,
		       const struct envol_keyvault_id *id,
		       struct envol_blob *blob)
{
	_cleanup_blob_ struct envol_blob answer = ENVOL_BLOB_INIT;
	_cleanup_call_ struct call call = {
		.vault = vault, .method = "POST", .id = id, .right = "backup",
		.large = &answer };
	int err = run(&call, "/backup");

	return err ? err :
		     parsed(envol_answer_value(vault->ev,
					       (const char *)answer.data,
					       answer.len, BACKUP_MAX, blob));
}

int envol_vault_restore(struct envol_vault *vault,
			const struct envol_blob *blob,
			struct envol_keyvault_id *id)
{
	const struct envol_keyvault_id place = { .name = "restore" };
	_cleanup_bundle_ struct envol_bundle bundle = ENVOL_BUNDLE_INIT;
	_cleanup_free_ char *encoded = NULL, *body = NULL;
	_cleanup_call_ struct call call = {
		.vault = vault, .method = "POST", .id = &place,
		.right = "restore" };
	int err;

	encoded = envol_base64_encode(ENVOL_BASE64URL, blob->data, blob->len);
	if (!encoded || asprintf(&body, "{\"value\":\"%s\"}", encoded) < 0) {
		body = NULL;
		return envol_error(vault->ev, -ENOMEM, "out of memory");
	}
	call.body = body;
	call.body_len = strlen(body);
	err = run(&call, "");
	if (!err)
		err = parsed(envol_bundle_parse(vault->ev, text(&call),
						call.answer.body.len, &bundle));
	if (err)
		return err;
	*id = bundle.id;
	return strcasecmp(id->host, vault->host) == 0 ? 0 :
		envol_error(vault->ev, -EPROTO,
			    "the vault answers with a key of another vault");
}
