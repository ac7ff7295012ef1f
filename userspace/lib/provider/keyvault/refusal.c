// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/keyvault/answer.h"
#include "userspace/lib/provider/keyvault/challenge.h"
#include "userspace/lib/provider/keyvault/refusal.h"

#define SKEW_S 300	/* what authorities of tokens forgive */

/* The sentence is built up in @text; its end is the same for all of them. */
struct said {
	struct envol *ev;
	const struct envol_refusal *refusal;
	const struct envol_http_answer *answer;
	struct envol_answer_refusal why;
};

static int say(const struct said *s, int err, const char *fmt, ...)
	_printf_(3, 4);
static int say(const struct said *s, int err, const char *fmt, ...)
{
	char text[ENVOL_MESSAGE_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (s->answer->request_id)
		return envol_error(s->ev, err, "%s (request %.64s)", text,
				   s->answer->request_id);
	return envol_error(s->ev, err, "%s", text);
}

static const char *between(const struct said *s)
{
	return *s->why.message ? ": " : "";
}

/* ---- who asks ------------------------------------------------------------------ */

static const char *role(const struct envol_refusal *r)
{
	static const char *const of_users[] = { "get", "list", "wrapKey",
						"unwrapKey" };
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(of_users); i++)
		if (strcmp(r->right, of_users[i]) == 0)
			return r->hsm ?
				"Managed HSM Crypto Service Encryption User" :
				"Key Vault Crypto Service Encryption User";
	return r->hsm ? "Managed HSM Crypto User" : "Key Vault Crypto Officer";
}

bool envol_refusal_wants_claims(const struct envol_http_answer *answer)
{
	char error[64];

	return answer->challenge &&
	       envol_challenge_parameter(answer->challenge, "Bearer", "error",
					 error, sizeof(error)) == 0 &&
	       strcmp(error, "insufficient_claims") == 0;
}

static int unauthenticated(const struct said *s)
{
	int64_t skew = s->answer->date ? s->answer->date - s->refusal->now : 0;

	if (envol_refusal_wants_claims(s->answer))
		return say(s, -EACCES,
			   "the service takes no token of this identity as it is (continuous access evaluation): it was disabled or revoked, or a conditional access policy of the tenant bars it from here%s%s",
			   between(s), s->why.message);
	if (skew > SKEW_S || skew < -SKEW_S)
		return say(s, -EACCES,
			   "the access token is not accepted, and this host's clock is %lld s %s; set it right%s%s",
			   (long long)(skew > 0 ? skew : -skew),
			   skew > 0 ? "behind" : "ahead", between(s),
			   s->why.message);
	return say(s, -EACCES,
		   "the access token is not accepted; is tenant in the section [https] the vault's own?%s%s",
		   *s->why.message ? " The service says: " : "",
		   s->why.message);
}

static int disabled(const struct said *s)
{
	if (s->refusal->version)
		return say(s, -EKEYREVOKED,
			   "version %s is disabled; `envol key enable %s --key-version %s` if it is to be used again",
			   s->refusal->version, s->refusal->uri,
			   s->refusal->version);
	return say(s, -EKEYREVOKED,
		   "it is disabled; `envol key enable %s` if it is to be used again",
		   s->refusal->uri);
}

static int no_role(const struct said *s)
{
	return say(s, -EACCES,
		   "no role lets this identity do %s with the key; give it the role \"%s\" (a change takes minutes to be seen)",
		   s->refusal->right, role(s->refusal));
}

static int no_policy(const struct said *s)
{
	return say(s, -EACCES,
		   "the vault's access policy does not give this identity the key permission %s",
		   s->refusal->right);
}

static int firewall(const struct said *s)
{
	return say(s, -ENETUNREACH,
		   "the vault's firewall does not let this host's address in; add it, or use a private endpoint%s%s",
		   between(s), s->why.message);
}

static int no_public_access(const struct said *s)
{
	return say(s, -ENETUNREACH,
		   "the vault takes no connections from public networks; use its private endpoint");
}

static int no_operation(const struct said *s)
{
	return say(s, -EKEYREJECTED,
		   "the operations of the key do not include %s; add it (az keyvault key set-attributes --ops)",
		   s->refusal->right);
}

static int forbidden(const struct said *s)
{
	static const struct {
		const char *code;
		int (*explain)(const struct said *s);
	} causes[] = {
		{ "KeyDisabled", disabled },
		{ "KeyOperationForbidden", no_operation },
		{ "ForbiddenByRbac", no_role },
		{ "ForbiddenByPolicy", no_policy },
		{ "AccessDenied", no_policy },
		{ "ForbiddenByFirewall", firewall },
		{ "ForbiddenByConnection", no_public_access },
	};
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(causes); i++)
		if (strcmp(s->why.code, causes[i].code) == 0)
			return causes[i].explain(s);
	return say(s, -EACCES, "%s is refused%s%s", s->refusal->right,
		   between(s), s->why.message);
}

/* ---- what is asked for ------------------------------------------------------------ */

static int missing(const struct said *s)
{
	if (s->refusal->version)
		return say(s, -ENOENT,
			   "there is no such key with a version %s; if it was deleted, recover it (az keyvault key recover)",
			   s->refusal->version);
	return say(s, -ENOENT,
		   "there is no such key; if it was deleted, recover it (az keyvault key recover)");
}

static int conflict(const struct said *s)
{
	if (strcmp(s->why.code, "ObjectIsDeletedButRecoverable") == 0)
		return say(s, -EEXIST,
			   "a key of that name was deleted and can be recovered (az keyvault key recover); until it is purged the name can't be used again");
	if (strcmp(s->why.code, "ObjectIsBeingDeleted") == 0 ||
	    strcmp(s->why.code, "ObjectIsBeingRecovered") == 0)
		return say(s, -EAGAIN,
			   "a key of that name is being deleted or recovered at this moment");
	return say(s, -EEXIST, "there is such a key%s%s", between(s),
		   s->why.message);
}

static int bad_request(const struct said *s)
{
	if (s->refusal->bad_request == -EBADMSG)
		return say(s, -EBADMSG,
			   "the service takes these bytes for nothing that the key has wrapped%s%s",
			   between(s), s->why.message);
	return say(s, s->refusal->bad_request, "the service refuses the request%s%s",
		   between(s), s->why.message);
}

/* ---- the service itself -------------------------------------------------------------- */

/*
 * The published limits count over ten seconds. Who comes back sooner finds the window
 * still full and, where refused requests count too, keeps it so.
 */
#define THROTTLED_S 10

static int later(const struct said *s, const char *cause, unsigned int pause_s)
{
	s->ev->retry_after_s = pause_s;
	if (pause_s)
		return say(s, -EAGAIN, "%s; again in %u s%s%s", cause, pause_s,
			   between(s), s->why.message);
	return say(s, -EAGAIN, "%s%s%s", cause, between(s), s->why.message);
}

static int throttled(const struct said *s)
{
	unsigned int pause_s = s->answer->retry_after_s;

	return later(s, "the service is asked too often",
		     pause_s > THROTTLED_S ? pause_s : THROTTLED_S);
}

static int server_error(const struct said *s)
{
	char cause[64];

	snprintf(cause, sizeof(cause), "the service is not available (HTTP %u)",
		 s->answer->status);
	return later(s, cause, s->answer->retry_after_s);
}

static int senseless(const struct said *s)
{
	if (s->answer->status / 100 == 3)
		return say(s, -EPROTO,
			   "the service answers HTTP %u, a redirect, which is not followed",
			   s->answer->status);
	return say(s, -EPROTO, "the service answers HTTP %u%s%s",
		   s->answer->status, between(s), s->why.message);
}

int envol_refusal_explain(struct envol *ev, const struct envol_refusal *refusal,
			  const struct envol_http_answer *answer)
{
	struct said s = { .ev = ev, .refusal = refusal, .answer = answer };

	envol_answer_refused(ev, (const char *)answer->body.data,
			     answer->body.len, &s.why);
	switch (answer->status) {
	case 400:
		return bad_request(&s);
	case 401:
		return unauthenticated(&s);
	case 403:
		return forbidden(&s);
	case 404:
		return missing(&s);
	case 409:
		return conflict(&s);
	case 429:
		return throttled(&s);
	case 408:
	case 500:
	case 502:
	case 503:
	case 504:
		return server_error(&s);
	default:
		return senseless(&s);
	}
}
