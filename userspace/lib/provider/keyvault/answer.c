// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A value may be a key, so it is never in a tree of JSON: it is decoded from where
 * it stands in the answer, which lies in a struct envol_secret.
 */
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/base64.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/json.h"
#include "userspace/lib/base/json_member.h"
#include "userspace/lib/provider/keyvault/answer.h"

#define WHAT "the vault's answer"
#define ID_MAX 512u
#define REFUSAL_MAX (16u * 1024)
#define NESTED_MAX 8

static int find(struct envol *ev, const char *text, size_t len,
		const char *name, struct envol_json_member *member)
{
	int err = envol_json_member_find(text, len, name, member);

	if (err == -ENOMEM)
		return envol_error(ev, err, "out of memory");
	if (err == -EBADMSG)
		return envol_error(ev, err, WHAT " is no JSON");
	if (err || !member->is_string)
		return envol_error(ev, -EBADMSG, WHAT " has no \"%s\"", name);
	return 0;
}

static int check_id(struct envol *ev, const char *text, size_t len,
		    const struct envol_keyvault_id *want)
{
	struct envol_json_member member;
	struct envol_keyvault_id id;
	char kid[ID_MAX + 1];
	const char *why = "is too long";
	int err = find(ev, text, len, "kid", &member);

	if (err)
		return err;
	if (member.len > ID_MAX)
		return envol_error(ev, -EBADMSG, WHAT ": kid %s", why);
	memcpy(kid, member.text, member.len);
	kid[member.len] = 0;
	if (envol_keyvault_parse(&id, kid, &why))
		return envol_error(ev, -EBADMSG, WHAT ": kid %s", why);
	if (!envol_keyvault_is_same_key(&id, want) ||
	    strcmp(id.version, want->version) != 0)
		return envol_error(ev, -EPROTO,
				   "the vault answers for another key: %s, version %s",
				   id.name, id.version);
	return 0;
}

/* Padding is no part of base64url here, but some servers send it. */
static size_t without_padding(const struct envol_json_member *member)
{
	size_t len = member->len;

	if (len == 0 || len % 4)
		return len;
	if (member->text[len - 1] == '=')
		len--;
	if (member->text[len - 1] == '=')
		len--;
	return len;
}

static int refuse_length(struct envol *ev, size_t len, size_t max)
{
	return envol_error(ev, -EPROTO,
			   "the vault answers with %zu bytes, not 1 to %zu",
			   len, max);
}

static int refuse_value(struct envol *ev, int err)
{
	return err == -ENOMEM ?
		       envol_error(ev, err, "out of memory") :
		       envol_error(ev, -EBADMSG,
				   WHAT ": the value is not base64url");
}

/* Before a byte is decoded: how much memory it takes. */
static int find_value(struct envol *ev, const char *text, size_t len,
		      size_t max, struct envol_json_member *member)
{
	int err = find(ev, text, len, "value", member);

	if (err)
		return err;
	member->len = without_padding(member);
	if (member->len == 0 || member->len / 4 * 3 > max + 2)
		return refuse_length(ev, member->len / 4 * 3, max);
	return 0;
}

int envol_answer_value(struct envol *ev, const char *text, size_t len,
		       size_t max, struct envol_blob *value)
{
	struct envol_json_member member;
	int err = find_value(ev, text, len, max, &member);

	if (err)
		return err;
	err = envol_base64_decode(ENVOL_BASE64URL, member.text, member.len,
				  value);
	if (err)
		return refuse_value(ev, err);
	if (value->len == 0 || value->len > max)
		return refuse_length(ev, value->len, max);
	return 0;
}

int envol_answer_blob(struct envol *ev, const char *text, size_t len,
		      const struct envol_keyvault_id *id, size_t max,
		      struct envol_blob *value)
{
	int err = check_id(ev, text, len, id);

	return err ? err : envol_answer_value(ev, text, len, max, value);
}

int envol_answer_secret(struct envol *ev, const char *text, size_t len,
			const struct envol_keyvault_id *id, size_t max,
			struct envol_secret *value)
{
	struct envol_json_member member;
	int err = id ? check_id(ev, text, len, id) : 0;

	if (!err)
		err = find_value(ev, text, len, max, &member);
	if (err)
		return err;
	err = envol_base64_decode_secret(ev, ENVOL_BASE64URL, member.text,
					 member.len, value);
	if (err)
		return refuse_value(ev, err);
	if (value->len == 0 || value->len > max) {
		err = refuse_length(ev, value->len, max);
		envol_secret_wipe(value);
	}
	return err;
}

/* ---- refusals --------------------------------------------------------------------- */

static void take_code(struct envol *ev, const struct envol_json *object,
		      struct envol_answer_refusal *refusal)
{
	const char *code;

	if (envol_json_string(ev, object, "code", ENVOL_ANSWER_CODE_SIZE - 1,
			      &code) == 0 && *code &&
	    strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") ==
		    strlen(code))
		strcpy(refusal->code, code);
}

static void take_message(struct envol *ev, const struct envol_json *object,
			 struct envol_answer_refusal *refusal)
{
	const char *message;
	size_t i;

	if (envol_json_string(ev, object, "message", REFUSAL_MAX, &message))
		return;
	for (i = 0; message[i] && message[i] != '\r' && message[i] != '\n' &&
		    i + 1 < sizeof(refusal->message); i++)
		refusal->message[i] = message[i] >= ' ' && message[i] <= '~' ?
					      message[i] : '?';
	refusal->message[i] = 0;
}

void envol_answer_refused(struct envol *ev, const char *text, size_t len,
			  struct envol_answer_refusal *refusal)
{
	_cleanup_json_ struct envol_json root = ENVOL_JSON_INIT;
	struct envol_json levels[NESTED_MAX];
	int i;

	memset(refusal, 0, sizeof(*refusal));
	if (envol_json_parse(ev, WHAT, text, len, REFUSAL_MAX, &root) ||
	    envol_json_object(ev, &root, "error", &levels[0]))
		return;
	take_message(ev, &levels[0], refusal);
	for (i = 0;; i++) {
		take_code(ev, &levels[i], refusal);
		if (i + 1 == NESTED_MAX ||
		    !envol_json_has(&levels[i], "innererror") ||
		    envol_json_object(ev, &levels[i], "innererror",
				      &levels[i + 1]))
			return;
	}
}
