// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/base64.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/json.h"
#include "userspace/lib/provider/keyvault/bundle.h"

#define WHAT "the vault's answer"
#define ID_MAX 512u		/* bytes of an identifier */
#define NEXT_MAX 8192u		/* of a link */
#define OPERATIONS_MAX 64u
#define MODULUS_TEXT_MAX 700u	/* 4096 bits, in base64url */
#define TIME_MAX 253402300799u	/* the end of 9999 */

void envol_bundle_free(struct envol_bundle *bundle)
{
	envol_blob_free(&bundle->public.modulus);
	envol_blob_free(&bundle->public.exponent);
	*bundle = (struct envol_bundle)ENVOL_BUNDLE_INIT;
}

void envol_bundle_free_page(struct envol_bundle_page *page)
{
	free(page->items);
	free(page->next);
	*page = (struct envol_bundle_page)ENVOL_BUNDLE_PAGE_INIT;
}

static int parse_id(struct envol *ev, const struct envol_json *from,
		    struct envol_keyvault_id *id)
{
	const char *text = NULL, *why;
	int err = envol_json_string(ev, from, "kid", ID_MAX, &text);

	if (!err && envol_keyvault_parse(id, text, &why))
		return envol_json_refuse(ev, from,
					 "the identifier \"%.80s\" %s", text,
					 why);
	return err;
}

static int parse_time(struct envol *ev, const struct envol_json *from,
		      const char *name, int64_t *time)
{
	uint64_t seconds = 0;
	int err;

	if (!envol_json_is_given(from, name))
		return 0;
	err = envol_json_uint(ev, from, name, TIME_MAX, &seconds);
	*time = (int64_t)seconds;
	return err;
}

static int parse_recovery(struct envol *ev, const struct envol_json *from,
			  struct envol_bundle_attributes *attributes)
{
	const char *level;
	uint64_t days;
	int err = 0;

	if (envol_json_is_given(from, "recoveryLevel")) {
		err = envol_json_string(ev, from, "recoveryLevel",
					ENVOL_BUNDLE_LEVEL_SIZE - 1, &level);
		if (err)
			return err;
		if (strspn(level, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+") !=
		    strlen(level))
			return envol_json_refuse(ev, from,
						 "recoveryLevel is no word");
		strcpy(attributes->recovery_level, level);
	}
	if (envol_json_is_given(from, "recoverableDays")) {
		err = envol_json_uint(ev, from, "recoverableDays", 36500, &days);
		attributes->recoverable_days = err ? 0 : (unsigned int)days;
	}
	return err;
}

static int parse_attributes(struct envol *ev, const struct envol_json *from,
			    struct envol_bundle_attributes *attributes)
{
	struct envol_json object;
	int err = envol_json_object(ev, from, "attributes", &object);

	if (!err)
		err = envol_json_bool(ev, &object, "enabled",
				      &attributes->enabled);
	if (!err)
		err = parse_time(ev, &object, "created", &attributes->created);
	if (!err)
		err = parse_time(ev, &object, "nbf", &attributes->not_before);
	if (!err)
		err = parse_time(ev, &object, "exp", &attributes->expires);
	return err ? err : parse_recovery(ev, &object, attributes);
}

static int parse_number(struct envol *ev, const struct envol_json *key,
			const char *name, struct envol_blob *number)
{
	const char *text;
	int err = envol_json_string(ev, key, name, MODULUS_TEXT_MAX, &text);

	if (err)
		return err;
	err = envol_base64_decode(ENVOL_BASE64URL, text, strlen(text), number);
	if (err == -ENOMEM)
		return envol_error(ev, err, "out of memory");
	if (err || number->len == 0)
		return envol_json_refuse(ev, key, "%s is not base64url", name);
	return 0;
}

static int parse_type(struct envol *ev, const struct envol_json *key,
		      struct envol_bundle *bundle)
{
	static const struct {
		const char *kty;
		enum envol_bundle_type type;
		bool in_hsm;
	} types[] = {
		{ "RSA", ENVOL_BUNDLE_RSA, false },
		{ "RSA-HSM", ENVOL_BUNDLE_RSA, true },
		{ "oct-HSM", ENVOL_BUNDLE_AES, true },
	};
	const char *kty;
	size_t i;
	int err = envol_json_string(ev, key, "kty", sizeof(bundle->kty) - 1,
				    &kty);

	if (err)
		return err;
	strcpy(bundle->kty, kty);
	for (i = 0; i < ENVOL_ARRAY_SIZE(types); i++)
		if (strcmp(kty, types[i].kty) == 0) {
			bundle->type = types[i].type;
			bundle->in_hsm = types[i].in_hsm;
		}
	if (bundle->type != ENVOL_BUNDLE_RSA)
		return 0;
	err = parse_number(ev, key, "n", &bundle->public.modulus);
	if (!err)
		err = parse_number(ev, key, "e", &bundle->public.exponent);
	if (!err)
		bundle->bits = envol_oaep_bits(&bundle->public);
	return err;
}

/* A set: Managed HSM gives them in an order that changes. */
static int parse_operations(struct envol *ev, const struct envol_json *key,
			    struct envol_bundle *bundle)
{
	struct envol_json operations, item;
	const char *name;
	size_t i;
	int err;

	if (!envol_json_is_given(key, "key_ops"))
		return 0;
	err = envol_json_array(ev, key, "key_ops", OPERATIONS_MAX, &operations);
	for (i = 0; !err && i < envol_json_length(&operations); i++) {
		envol_json_item(&operations, i, &item);
		err = envol_json_string(ev, &item, NULL, 64, &name);
		if (err)
			break;
		bundle->can_wrap |= strcmp(name, "wrapKey") == 0;
		bundle->can_unwrap |= strcmp(name, "unwrapKey") == 0;
	}
	return err;
}

static int parse_bundle(struct envol *ev, const struct envol_json *root,
			struct envol_bundle *bundle)
{
	struct envol_json key;
	int err = envol_json_object(ev, root, "key", &key);

	if (!err)
		err = parse_id(ev, &key, &bundle->id);
	if (!err && !*bundle->id.version)
		return envol_json_refuse(ev, &key, "kid has no version");
	if (!err)
		err = parse_type(ev, &key, bundle);
	if (!err)
		err = parse_operations(ev, &key, bundle);
	return err ? err : parse_attributes(ev, root, &bundle->attributes);
}

int envol_bundle_parse(struct envol *ev, const char *text, size_t len,
		       struct envol_bundle *bundle)
{
	_cleanup_json_ struct envol_json root = ENVOL_JSON_INIT;
	int err = envol_json_parse(ev, WHAT, text, len, ENVOL_BUNDLE_MAX, &root);

	if (!err)
		err = parse_bundle(ev, &root, bundle);
	if (err)
		envol_bundle_free(bundle);
	return err;
}

static int parse_items(struct envol *ev, const struct envol_json *root,
		       struct envol_bundle_page *page)
{
	struct envol_json list, item;
	size_t i, n;
	int err = envol_json_array(ev, root, "value", ENVOL_BUNDLE_PAGE_ITEMS,
				   &list);

	if (err)
		return err;
	n = envol_json_length(&list);
	page->items = calloc(n + 1, sizeof(*page->items));
	if (!page->items)
		return envol_error(ev, -ENOMEM, "out of memory");
	for (i = 0; i < n && !err; i++) {
		envol_json_item(&list, i, &item);
		err = envol_json_object(ev, &item, NULL, &item);
		if (!err)
			err = parse_id(ev, &item, &page->items[i].id);
		if (!err)
			err = parse_attributes(ev, &item,
					       &page->items[i].attributes);
	}
	page->n_items = n;
	return err;
}

static int parse_next(struct envol *ev, const struct envol_json *root,
		      struct envol_bundle_page *page)
{
	const char *next;
	int err;

	if (!envol_json_is_given(root, "nextLink"))
		return 0;
	err = envol_json_string(ev, root, "nextLink", NEXT_MAX, &next);
	if (err || !*next)
		return err;
	page->next = strdup(next);
	return page->next ? 0 : envol_error(ev, -ENOMEM, "out of memory");
}

int envol_bundle_parse_page(struct envol *ev, const char *text, size_t len,
			    struct envol_bundle_page *page)
{
	_cleanup_json_ struct envol_json root = ENVOL_JSON_INIT;
	int err = envol_json_parse(ev, WHAT, text, len, ENVOL_BUNDLE_MAX, &root);

	if (!err)
		err = parse_items(ev, &root, page);
	if (!err)
		err = parse_next(ev, &root, page);
	if (err)
		envol_bundle_free_page(page);
	return err;
}

bool envol_bundle_is_protected(const struct envol_bundle_attributes *attributes)
{
	return *attributes->recovery_level &&
	       !strstr(attributes->recovery_level, "Purgeable");
}
