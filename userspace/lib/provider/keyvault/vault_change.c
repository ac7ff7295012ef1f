// SPDX-License-Identifier: LGPL-2.1-or-later
/* What changes keys, and takes and brings back their backups. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "userspace/lib/base/base64.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/keyvault/answer.h"
#include "userspace/lib/provider/keyvault/call.h"
#include "userspace/lib/provider/message.h"

#define BACKUP_MAX	(ENVOL_MESSAGE_FILE_MAX - 4096)	/* the file has a head */
#define BACKUP_TEXT_MAX (2u << 20)

/* The bundle that comes back is of the key that was meant. */
static int change_into(struct envol_call *call, const char *operation,
		       struct envol_bundle *bundle)
{
	struct envol *ev = call->vault->ev;
	int err = envol_call_run(call, operation);

	if (!err)
		err = envol_call_parsed(envol_bundle_parse(
			ev, envol_call_text(call), call->answer.body.len,
			bundle));
	if (err)
		return err;
	return envol_keyvault_is_same_key(&bundle->id, call->id) ? 0 :
		envol_error(ev, -EPROTO,
			    "the vault answers with another key than was asked for");
}

static int change(struct envol_call *call, const char *operation)
{
	_cleanup_bundle_ struct envol_bundle bundle = ENVOL_BUNDLE_INIT;

	return change_into(call, operation, &bundle);
}

int envol_vault_import(struct envol_vault *vault,
		       const struct envol_keyvault_id *id,
		       const struct envol_secret *body,
		       struct envol_bundle *bundle)
{
	_cleanup_call_ struct envol_call call = {
		.vault = vault, .method = "PUT", .id = id, .right = "import",
		.makes_version = true, .body = body->data, .body_len = body->len };

	return change_into(&call, "", bundle);
}

int envol_vault_create(struct envol_vault *vault,
		       const struct envol_keyvault_id *id, const char *kty,
		       unsigned int bits)
{
	char body[160];
	_cleanup_call_ struct envol_call call = {
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
	_cleanup_call_ struct envol_call call = {
		.vault = vault, .method = "POST", .id = id, .right = "rotate",
		.makes_version = true };

	return change(&call, "/rotate");
}

int envol_vault_set_enabled(struct envol_vault *vault,
			    const struct envol_keyvault_id *id, bool enabled)
{
	char body[64];
	_cleanup_call_ struct envol_call call = {
		.vault = vault, .method = "PATCH", .id = id, .right = "update",
		.body = body };
	int err = envol_call_need_version(vault, id);

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
	_cleanup_call_ struct envol_call call = {
		.vault = vault, .method = "POST", .id = id, .right = "backup",
		.large = &answer,
		.large_max = BACKUP_TEXT_MAX };
	int err = envol_call_run(&call, "/backup");

	return err ? err :
		     envol_call_parsed(envol_answer_value(
			     vault->ev, (const char *)answer.data, answer.len,
			     BACKUP_MAX, blob));
}

int envol_vault_restore(struct envol_vault *vault,
			const struct envol_blob *blob,
			struct envol_keyvault_id *id)
{
	const struct envol_keyvault_id place = { .name = "restore" };
	_cleanup_bundle_ struct envol_bundle bundle = ENVOL_BUNDLE_INIT;
	_cleanup_free_ char *encoded = NULL, *body = NULL;
	_cleanup_call_ struct envol_call call = {
		.vault = vault, .method = "POST", .id = &place,
		.right = "restore", .makes_version = true };
	int err;

	encoded = envol_base64_encode(ENVOL_BASE64URL, blob->data, blob->len);
	if (!encoded || asprintf(&body, "{\"value\":\"%s\"}", encoded) < 0) {
		body = NULL;
		return envol_error(vault->ev, -ENOMEM, "out of memory");
	}
	call.body = body;
	call.body_len = strlen(body);
	err = envol_call_run(&call, "");
	if (!err)
		err = envol_call_parsed(envol_bundle_parse(
			vault->ev, envol_call_text(&call),
			call.answer.body.len, &bundle));
	if (err)
		return err;
	*id = bundle.id;
	return strcasecmp(id->host, vault->host) == 0 ? 0 :
		envol_error(vault->ev, -EPROTO,
			    "the vault answers with a key of another vault");
}
