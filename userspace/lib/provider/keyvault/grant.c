// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A token is cut out where it stands: json-c, which copies, never sees an answer that
 * holds one. Nor does it see refusals, of which so little is wanted.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/json_member.h"
#include "userspace/lib/provider/keyvault/grant.h"

void envol_grant_free(struct envol_grant *grant)
{
	envol_secret_wipe(&grant->token);
	grant->life_s = 0;
}

static int find(const struct envol_secret *body, const char *name,
		struct envol_json_member *member)
{
	if (!body->data)
		return -EBADMSG;
	return envol_json_member_find((const char *)body->data, body->len, name,
				      member);
}

static int refuse(struct envol *ev, const char *from, const char *why)
{
	return envol_error(ev, -EPROTO, "%s answers with no access token: %s",
			   from, why);
}

/* RFC 6750 section 2.1. Whatever else would end the header, or be another one. */
static bool is_token(const struct envol_json_member *member)
{
	static const char others[] = "-._~+/=";
	size_t i;

	for (i = 0; i < member->len; i++) {
		char c = member->text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || (c && strchr(others, c))))
			return false;
	}
	return member->is_string && member->len;
}

/* Digits, in a string or not: 0 for what is none, UINT64_MAX for what is more than that. */
static uint64_t parse_number(const struct envol_json_member *member)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < member->len; i++) {
		unsigned int digit = (unsigned char)member->text[i] - '0';

		if (digit > 9)
			return 0;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			value = UINT64_MAX;
	}
	return value;
}

/*
 * A life that is not said, or in words of its own (App Service has had dates), makes a
 * token for one use, not a refusal: the disk is to open.
 */
static unsigned int parse_life(const struct envol_secret *body, int64_t now)
{
	struct envol_json_member member;
	uint64_t life = 0;

	if (!find(body, "expires_in", &member)) {
		life = parse_number(&member);
	} else if (!find(body, "expires_on", &member)) {
		life = parse_number(&member);
		life = now > 0 && life > (uint64_t)now ? life - now : 0;
	}
	return life < ENVOL_GRANT_LIFE_MAX_S ? life : ENVOL_GRANT_LIFE_MAX_S;
}

int envol_grant_parse(struct envol *ev, const char *from,
		      const struct envol_secret *body, int64_t now,
		      struct envol_grant *grant)
{
	static const char bearer[] = "Bearer";
	struct envol_json_member token, type;
	int err = find(body, "access_token", &token);

	if (err == -ENOMEM)
		return envol_error(ev, err, "out of memory");
	if (err)
		return refuse(ev, from,
			      err == -ENOENT ? "the answer has none" :
					       "the answer is no JSON object");
	if (!is_token(&token))
		return refuse(ev, from, "what it has as one is none");
	if (find(body, "token_type", &type) || !type.is_string ||
	    type.len != strlen(bearer) ||
	    strncasecmp(type.text, bearer, type.len) != 0)
		return refuse(ev, from, "its type is not Bearer");
	err = envol_secret_copy(ev, &grant->token, (const uint8_t *)token.text,
				token.len);
	if (!err)
		grant->life_s = parse_life(body, now);
	return err;
}

/* ---- refusals ---- */

/* What an escape at @at means, which moves to its last character; the scan has seen it whole. */
static char unescape(const char **at)
{
	char digits[5] = "";
	unsigned long c;

	if (*++*at == 'r' || **at == 'n')
		return '\n';
	if (**at != 'u')
		return **at;
	memcpy(digits, *at + 1, 4);
	*at += 4;
	c = strtoul(digits, NULL, 16);
	return c <= '~' ? (char)c : '?';
}

/* A terminal gets only what it can show, and no line but the first. */
static void show(char *out, size_t size, const struct envol_json_member *member)
{
	const char *at = member->text, *end = at + member->len;
	size_t n = 0;

	for (; at < end && n + 1 < size; at++) {
		char c = *at == '\\' ? unescape(&at) : *at;

		if (c == '\n')
			break;
		out[n++] = c >= ' ' && c <= '~' ? c : '?';
	}
	out[n] = 0;
}

static void show_string(const struct envol_secret *body, const char *name,
			char *out, size_t size)
{
	struct envol_json_member member;

	if (!find(body, name, &member) && member.is_string)
		show(out, size, &member);
}

/* "AADSTS7000215: ..." */
static unsigned int code_of(const char *text)
{
	static const char prefix[] = "AADSTS";
	const char *at = strstr(text, prefix);
	unsigned int code = 0;

	if (!at)
		return 0;
	for (at += strlen(prefix); *at >= '0' && *at <= '9'; at++)
		if (code < 100000000)
			code = code * 10 + *at - '0';
	return code;
}

void envol_grant_parse_refusal(const struct envol_secret *body,
			       struct envol_grant_refusal *refusal)
{
	char *trace;

	memset(refusal, 0, sizeof(*refusal));
	show_string(body, "error", refusal->error, sizeof(refusal->error));
	show_string(body, "error_description", refusal->text,
		    sizeof(refusal->text));
	show_string(body, "correlation_id", refusal->correlation_id,
		    sizeof(refusal->correlation_id));
	refusal->code = code_of(refusal->text);
	/* What follows is numbers for the service's support, of which one is enough. */
	trace = strstr(refusal->text, " Trace ID: ");
	if (trace)
		*trace = 0;
}
