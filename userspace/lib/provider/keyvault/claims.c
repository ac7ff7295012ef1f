// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/base64.h"
#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/json_member.h"
#include "userspace/lib/provider/keyvault/challenge.h"
#include "userspace/lib/provider/keyvault/claims.h"

#define ENCODED_MAX  4096	/* no header that is kept is longer */
#define CAPABILITIES "\"xms_cc\":{\"values\":[\"cp1\"]}"

static int refuse(struct envol *ev, const char *why)
{
	return envol_error(ev, -EPROTO,
			   "the vault wants another access token, and what it wants of it %s",
			   why);
}

/* Either kind of base64 is sent, with padding and without. */
static int decode(const char *text, struct envol_blob *json)
{
	size_t len = strlen(text);
	int err = envol_base64_decode(ENVOL_BASE64, text, len, json);

	if (err != -EINVAL)
		return err;
	while (len && text[len - 1] == '=')
		len--;
	return envol_base64_decode(ENVOL_BASE64URL, text, len, json);
}

static int cut_out(struct envol *ev, const struct envol_blob *json, char **asked)
{
	struct envol_json_member member;
	int err = envol_json_member_find((const char *)json->data, json->len,
					 "access_token", &member);

	if (err == -ENOMEM)
		return envol_error(ev, err, "out of memory");
	if (err || member.is_string || member.text[0] != '{')
		return refuse(ev, "has no \"access_token\"");
	*asked = strndup(member.text, member.len);
	return *asked ? 0 : envol_error(ev, -ENOMEM, "out of memory");
}

int envol_claims_asked(struct envol *ev, const char *header, char **asked)
{
	_cleanup_blob_ struct envol_blob json = ENVOL_BLOB_INIT;
	char error[64], encoded[ENCODED_MAX];
	int err;

	if (!header || envol_challenge_parameter(header, "Bearer", "error",
						 error, sizeof(error)) ||
	    strcmp(error, "insufficient_claims") != 0 ||
	    envol_challenge_parameter(header, "Bearer", "claims", encoded,
				      sizeof(encoded)))
		return -ENOENT;
	err = decode(encoded, &json);
	if (err == -ENOMEM)
		return envol_error(ev, err, "out of memory");
	return err ? refuse(ev, "is not in base64") : cut_out(ev, &json, asked);
}

int envol_claims_write(struct envol *ev, const char *asked, char **claims)
{
	struct envol_json_member member;
	const char *more = asked ? asked + 1 : "}";	/* behind its brace */
	bool is_empty, has_own;
	int len;

	is_empty = more[strspn(more, " \t\r\n")] == '}';
	has_own = asked && envol_json_member_find(asked, strlen(asked),
						  "xms_cc", &member) == 0;
	len = asprintf(claims, "{\"access_token\":{%s%s%s}",
		       has_own ? "" : CAPABILITIES,
		       has_own || is_empty ? "" : ",", more);
	if (len < 0) {
		*claims = NULL;
		return envol_error(ev, -ENOMEM, "out of memory");
	}
	return 0;
}
