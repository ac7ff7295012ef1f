// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/provider/pin.h"
#include "userspace/lib/provider/pkcs11/describe.h"
#include "userspace/lib/provider/pkcs11/turn.h"

static int out_of_memory(struct envol *ev)
{
	return envol_error(ev, -ENOMEM, "out of memory");
}

/* Said of the newest: what it is now, and what it was in its life. */
static const char *secrecy(const struct envol_pkcs11_key *key)
{
	if (!key->sensitive || key->extractable)
		return "THE KEY CAN BE TAKEN OUT";
	if (!key->always_sensitive || !key->never_extractable)
		return "it can't be taken out, but was put in or could be taken out once";
	return "it never leaves";
}

static int describe_versions(const struct envol_pkcs11_key *keys, size_t n,
			     struct envol_key_info *info)
{
	size_t i;

	info->versions = calloc(n, sizeof(*info->versions));
	if (!info->versions)
		return -ENOMEM;
	info->n_versions = n;
	for (i = 0; i < n; i++) {
		struct envol_key_version *version = &info->versions[i];

		version->version = malloc(2 * keys[i].id_len + 1);
		if (!version->version)
			return -ENOMEM;
		envol_hex_encode(version->version, keys[i].id, keys[i].id_len);
		version->created = envol_pkcs11_id_time(keys[i].id,
							keys[i].id_len);
		version->enabled = true;
	}
	return 0;
}

int envol_pkcs11_describe(struct envol *ev,
			  const struct envol_pkcs11_token *token,
			  const struct envol_pkcs11_key *keys, size_t n,
			  struct envol_key_info *info)
{
	char type[ENVOL_PKCS11_TYPE_SIZE];

	info->type = strdup(envol_pkcs11_key_type(&keys[n - 1], type));
	if (asprintf(&info->protection, "in %s; %s", token->label,
		     secrecy(&keys[n - 1])) < 0)
		info->protection = NULL;
	info->recovery = strdup("gone when who has the PIN deletes it, or the token is lost: have its backup, or a second KEK");
	info->recoverable = true;
	if (!info->type || !info->protection || !info->recovery ||
	    describe_versions(keys, n, info))
		return out_of_memory(ev);
	return 0;
}

/* ---- all there are ------------------------------------------------------------------ */

struct list {
	struct envol *ev;
	struct envol_deadline deadline;
	struct envol_key_info *infos;
	size_t n;
};

static struct envol_key_info *more(struct list *list)
{
	struct envol_key_info *infos;

	infos = reallocarray(list->infos, list->n + 1, sizeof(*infos));
	if (!infos)
		return NULL;
	list->infos = infos;
	infos[list->n] = (struct envol_key_info){ 0 };
	return &infos[list->n++];
}

static void set_value(struct envol_pkcs11_value *value, const void *bytes,
		      size_t len)
{
	memcpy(value->bytes, bytes, len);
	value->bytes[len] = 0;
	value->len = len;
}

/* Token and serial number say which token; the rest of what it says may change. */
static void name_token(struct envol_pkcs11_name *name,
		       const struct envol_pkcs11_token *token)
{
	memset(name, 0, sizeof(*name));
	name->values[ENVOL_PKCS11_TOKEN] =
		token->name.values[ENVOL_PKCS11_TOKEN];
	name->values[ENVOL_PKCS11_SERIAL] =
		token->name.values[ENVOL_PKCS11_SERIAL];
}

static int list_versions(struct list *list,
			 const struct envol_pkcs11_token *token,
			 const struct envol_pkcs11_key *keys, size_t n,
			 bool by_id)
{
	struct envol_key_info *info = more(list);
	struct envol_pkcs11_name name;
	int err;

	if (!info)
		return out_of_memory(list->ev);
	name_token(&name, token);
	set_value(&name.values[ENVOL_PKCS11_OBJECT], keys[0].label,
		  strlen(keys[0].label));
	if (by_id)
		set_value(&name.values[ENVOL_PKCS11_ID], keys[0].id,
			  keys[0].id_len);
	err = envol_pkcs11_format(list->ev, "pkcs11:", &name,
				  ENVOL_PKCS11_ATTRIBUTES, &info->uri);
	if (err)
		return err;
	return envol_pkcs11_describe(list->ev, token, keys, n, info);
}

static int list_label(struct list *list,
		      const struct envol_pkcs11_token *token,
		      const struct envol_pkcs11_key *keys, size_t n)
{
	size_t i;
	int err = 0;

	if (*keys->label && envol_pkcs11_are_versions(keys, n))
		return list_versions(list, token, keys, n, false);
	for (i = 0; i < n && !err; i++)
		if (keys[i].id_len)
			err = list_versions(list, token, &keys[i], 1, true);
	return err;
}

static int list_keys(struct list *list, struct envol_pkcs11_session *session)
{
	static const struct envol_pkcs11_name any;
	struct envol_pkcs11_key *keys = NULL;
	size_t n = 0, i, first = 0;
	int err = envol_pkcs11_find_keys(session, &any, &keys, &n);

	for (i = 1; i <= n && !err; i++) {
		if (i < n && strcmp(keys[i].label, keys[first].label) == 0)
			continue;
		err = list_label(list, &session->token, &keys[first],
				 i - first);
		first = i;
	}
	envol_pkcs11_keys_free(keys, n);
	return err;
}

/* The token stands for the keys that can't be looked at, with the reason. */
static int list_reason(struct list *list,
		       const struct envol_pkcs11_token *token)
{
	struct envol_key_info *info = more(list);
	struct envol_pkcs11_name name;

	if (!info)
		return out_of_memory(list->ev);
	info->protection = strdup(list->ev->message);
	if (!info->protection)
		return out_of_memory(list->ev);
	name_token(&name, token);
	return envol_pkcs11_format(list->ev, "pkcs11:", &name,
				   ENVOL_PKCS11_OBJECT, &info->uri);
}

static int list_token(struct list *list, struct envol_pkcs11_token *token,
		      bool is_only_one)
{
	struct envol_pkcs11_session session = { .ev = list->ev,
						.deadline = list->deadline };
	size_t before = list->n;
	int err;

	session.token = *token;
	token->subject = NULL;
	err = envol_pkcs11_session_open(&session);
	if (!err)
		err = list_keys(list, &session);
	/* Of one token alone a PIN can be asked for. */
	if (err && err != -ENOMEM && (err != -ENOANO || !is_only_one)) {
		while (list->n > before)
			envol_key_info_free(&list->infos[--list->n]);
		err = list_reason(list, &session.token);
	}
	envol_pkcs11_session_close(&session);
	return err;
}

int envol_pkcs11_list(struct envol *ev, struct envol_deadline deadline,
		      struct envol_key_info **infos, size_t *n_infos)
{
	struct list list = { .ev = ev, .deadline = deadline };
	struct envol_pkcs11_token *tokens = NULL;
	size_t n = 0, i;
	int err = envol_pkcs11_list_tokens(ev, &tokens, &n);

	/* A PIN that came with the request is for one. */
	if (!err && n > 1 && envol_pin_of_request(ev)->len)
		err = envol_error(ev, -EINVAL,
				  "there are %zu tokens, and a PIN is for one of them: set pin_file for each",
				  n);
	for (i = 0; i < n && !err; i++)
		err = list_token(&list, &tokens[i], n == 1);
	envol_pkcs11_turn_end();
	for (i = 0; i < n; i++)
		envol_pkcs11_token_free(&tokens[i]);
	free(tokens);
	*infos = list.infos;
	*n_infos = list.n;
	return err;
}
