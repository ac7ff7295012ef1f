// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/provider/keyvault/call.h"
#include "userspace/lib/provider/keyvault/refusal.h"

void envol_call_free(struct envol_call *call)
{
	envol_http_free_answer(&call->answer);
}

/* Time is left to look what became of a request that is not to be sent again. */
static struct envol_deadline until(const struct envol_call *call)
{
	struct envol_deadline deadline = call->vault->deadline;

	return call->makes_version ?
		       envol_deadline_in(envol_deadline_left_ms(deadline) / 4 * 3) :
		       deadline;
}

/* An answer below 500 says that it was done, or was not. */
static bool is_in_doubt(const struct envol_http_answer *answer)
{
	return answer->sent && (answer->status == 0 || answer->status == 408 ||
				answer->status >= 500);
}

static int send_call(struct envol_call *call)
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
		.answer_max = call->large ? call->large_max : 0,
		.once = call->makes_version,
	};
	int err = envol_identity_token(
		vault->identity, envol_keyvault_resource(vault->ev, vault->host),
		vault->deadline, &token);

	envol_http_free_answer(&call->answer);
	if (call->large)
		call->large->len = 0;
	if (!err)
		err = envol_http_do(vault->http, &request, until(call),
				    &call->answer);
	if (call->makes_version)
		vault->in_doubt = is_in_doubt(&call->answer);
	return err;
}

/* What came instead of a large answer is read where all refusals are. */
static int move_refusal(struct envol_call *call)
{
	size_t len = call->large ? call->large->len : 0;

	if (len == 0)
		return 0;
	return envol_secret_copy(call->vault->ev, &call->answer.body,
				 call->large->data,
				 len < ENVOL_SECRET_MAX ? len : ENVOL_SECRET_MAX);
}

static bool is_deleted(const struct envol_call *missing)
{
	_cleanup_call_ struct envol_call call = {
		.vault = missing->vault, .method = "GET" };
	int len = snprintf(call.url, sizeof(call.url),
			   "https://%s/deletedkeys/%s?api-version=%s",
			   call.vault->host, missing->id->name,
			   call.vault->api_version);

	return len < (int)sizeof(call.url) && send_call(&call) == 0 &&
	       call.answer.status == 200;
}

static int explain(struct envol_call *call)
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

/*
 * A token that was kept may be over by the vault's clock, or ours be for another tenant;
 * or it was revoked, and the challenge says what the next has to show: then @claimed.
 */
static int authenticate_anew(struct envol_call *call, bool *claimed)
{
	struct envol_vault *vault = call->vault;
	const char *resource = envol_keyvault_resource(vault->ev, vault->host);
	int err = envol_identity_check_challenge(
		vault->identity, call->answer.challenge, resource);

	if (!err) {
		err = envol_identity_take_claims(vault->identity,
						 call->answer.challenge);
		*claimed = !err;
	}
	if (err && err != -ENOENT)
		return err;
	envol_identity_forget(vault->identity, resource);
	return send_call(call);
}

/* Each once: a new token, and a new one with claims. */
static int convince(struct envol_call *call)
{
	bool claimed = false;
	int err = authenticate_anew(call, &claimed);

	if (!err && call->answer.status == 401 && !claimed &&
	    envol_refusal_wants_claims(&call->answer))
		err = authenticate_anew(call, &claimed);
	return err;
}

int envol_call_perform(struct envol_call *call)
{
	int err = send_call(call);

	if (!err && call->answer.status == 401)
		err = convince(call);
	if (err)
		return err;
	return call->answer.status == 200 ? 0 : explain(call);
}

int envol_call_address(struct envol_call *call, const char *operation)
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

int envol_call_run(struct envol_call *call, const char *operation)
{
	int err = envol_call_address(call, operation);

	return err ? err : envol_call_perform(call);
}

int envol_call_parsed(int err)
{
	return err == -EBADMSG ? -EPROTO : err;
}

const char *envol_call_text(const struct envol_call *call)
{
	return (const char *)call->answer.body.data;
}

int envol_call_need_version(struct envol_vault *vault,
			const struct envol_keyvault_id *id)
{
	return *id->version ? 0 :
		envol_error(vault->ev, -EINVAL, "no version of the key is given");
}
