// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/kmip/exchange.h"

#define REQUEST_SIZE 8192u

/* The newest first. */
static const struct envol_kmip_version versions[] = {
	{ 2, 1 }, { 2, 0 }, { 1, 4 }, { 1, 3 }, { 1, 2 }
};

/* With which the question is asked what versions there are. */
static const struct envol_kmip_version first_tries[] = {
	{ 1, 4 }, { 2, 0 }, { 2, 1 }, { 1, 2 }
};

int envol_kmip_client_init(struct envol_kmip_client *client)
{
	int err = envol_secret_alloc(client->ev, &client->request, REQUEST_SIZE);

	if (!err)
		err = envol_secret_alloc(client->ev, &client->answer,
					 ENVOL_KMIP_MESSAGE_MAX);
	if (!err)
		err = envol_random_bytes(client->ev, &client->id, sizeof(client->id));
	return err;
}

void envol_kmip_client_wipe(struct envol_kmip_client *client)
{
	envol_tls_close(client->tls);
	envol_secret_wipe(&client->password);
	envol_secret_wipe(&client->request);
	envol_secret_wipe(&client->answer);
	*client = (struct envol_kmip_client){ 0 };
}

static void write_uid(struct envol_ttlv_writer *w, const char *uid)
{
	envol_ttlv_write_text(w, KMIP_UNIQUE_IDENTIFIER, uid, strlen(uid));
}

/* ---- what the server is ------------------------------------------------------ */

static bool offers(const struct envol_ttlv *payload, struct envol_kmip_version version)
{
	struct envol_ttlv it, major, minor, *previous = NULL;

	while (envol_ttlv_next(payload, previous, &it)) {
		previous = &it;
		if (it.tag == KMIP_PROTOCOL_VERSION &&
		    !envol_ttlv_find(&it, KMIP_PROTOCOL_VERSION_MAJOR, ENVOL_TTLV_INTEGER,
				     &major) &&
		    !envol_ttlv_find(&it, KMIP_PROTOCOL_VERSION_MINOR, ENVOL_TTLV_INTEGER,
				     &minor) &&
		    envol_ttlv_integer(&major) == version.major &&
		    envol_ttlv_integer(&minor) == version.minor)
			return true;
	}
	return false;
}

static int ask_versions(struct envol_kmip_client *client, struct envol_ttlv *payload)
{
	struct envol_ttlv_writer w;
	size_t i;

	envol_kmip_exchange_begin(client, &w, KMIP_OP_DISCOVER_VERSIONS);
	for (i = 0; i < ENVOL_ARRAY_SIZE(versions); i++) {
		envol_ttlv_open(&w, KMIP_PROTOCOL_VERSION);
		envol_ttlv_write_integer(&w, KMIP_PROTOCOL_VERSION_MAJOR, versions[i].major);
		envol_ttlv_write_integer(&w, KMIP_PROTOCOL_VERSION_MINOR, versions[i].minor);
		envol_ttlv_close(&w);
	}
	return envol_kmip_exchange_run(client, &w, KMIP_OP_DISCOVER_VERSIONS, payload);
}

static bool is_about_version(uint32_t reason)
{
	return reason == KMIP_REASON_INVALID_MESSAGE ||
	       reason == KMIP_REASON_VERSION_NOT_SUPPORTED ||
	       reason == KMIP_REASON_OPERATION_NOT_SUPPORTED;
}

int envol_kmip_client_discover(struct envol_kmip_client *client)
{
	struct envol_ttlv payload;
	size_t i;
	int err = 0;

	for (i = 0; i < ENVOL_ARRAY_SIZE(first_tries); i++) {
		client->version = first_tries[i];
		err = ask_versions(client, &payload);
		if (!err || !is_about_version(client->reason))
			break;
	}
	if (err)
		return err;
	for (i = 0; i < ENVOL_ARRAY_SIZE(versions); i++)
		if (offers(&payload, versions[i])) {
			client->version = versions[i];
			return 0;
		}
	return envol_error(client->ev, -EOPNOTSUPP,
			   "%s speaks no version of KMIP from 1.2 to 2.1", client->server);
}

int envol_kmip_client_query(struct envol_kmip_client *client,
			    struct envol_kmip_abilities *abilities)
{
	struct envol_ttlv payload, it, *previous = NULL;
	struct envol_ttlv_writer w;
	bool encrypt = false, decrypt = false;
	int err;

	*abilities = (struct envol_kmip_abilities){ 0 };
	envol_kmip_exchange_begin(client, &w, KMIP_OP_QUERY);
	envol_ttlv_write_enum(&w, KMIP_QUERY_FUNCTION, KMIP_QUERY_OPERATIONS);
	envol_ttlv_write_enum(&w, KMIP_QUERY_FUNCTION, KMIP_QUERY_SERVER);
	err = envol_kmip_exchange_run(client, &w, KMIP_OP_QUERY, &payload);
	if (err)
		return err;
	while (envol_ttlv_next(&payload, previous, &it)) {
		uint32_t operation = it.tag == KMIP_OPERATION ? envol_ttlv_enum(&it) : 0;

		encrypt |= operation == KMIP_OP_ENCRYPT;
		decrypt |= operation == KMIP_OP_DECRYPT;
		abilities->rekeys |= operation == KMIP_OP_REKEY;
		/* For people; one that can't be shown is as good as none. */
		if (it.tag == KMIP_VENDOR_IDENTIFICATION &&
		    envol_ttlv_text(&it, abilities->vendor, sizeof(abilities->vendor)))
			*abilities->vendor = 0;
		previous = &it;
	}
	abilities->encrypts = encrypt && decrypt;
	return 0;
}

/* ---- keys -------------------------------------------------------------------- */

int envol_kmip_client_attributes(struct envol_kmip_client *client, const char *uid,
				 struct envol_kmip_object *object)
{
	struct envol_ttlv_writer w;
	struct envol_ttlv payload;
	int err;

	envol_kmip_exchange_begin(client, &w, KMIP_OP_GET_ATTRIBUTES);
	write_uid(&w, uid);
	envol_kmip_attribute_ask(&w, client->version);
	err = envol_kmip_exchange_run(client, &w, KMIP_OP_GET_ATTRIBUTES, &payload);
	if (!err)
		err = envol_kmip_exchange_check_uid(client, &payload, uid);
	if (!err && envol_kmip_attribute_read(&payload, client->version, object))
		err = envol_kmip_exchange_bad(client, "its attributes are malformed");
	return err;
}

int envol_kmip_client_locate(struct envol_kmip_client *client, const char *name,
			     size_t offset, char (*uids)[ENVOL_KMIP_TEXT_SIZE],
			     size_t max, size_t *n)
{
	struct envol_ttlv payload, it, *previous = NULL;
	struct envol_ttlv_writer w;
	int err;

	*n = 0;
	envol_kmip_exchange_begin(client, &w, KMIP_OP_LOCATE);
	envol_ttlv_write_integer(&w, KMIP_MAXIMUM_ITEMS, max);
	if (offset)
		envol_ttlv_write_integer(&w, KMIP_OFFSET_ITEMS, offset);
	envol_kmip_attribute_search(&w, client->version, name);
	err = envol_kmip_exchange_run(client, &w, KMIP_OP_LOCATE, &payload);
	while (!err && *n < max && envol_ttlv_next(&payload, previous, &it)) {
		previous = &it;
		if (it.tag != KMIP_UNIQUE_IDENTIFIER)
			continue;
		/* One that we can't name is one that we can't use. */
		if (!envol_ttlv_text(&it, uids[*n], ENVOL_KMIP_TEXT_SIZE) && it.len)
			++*n;
	}
	return err;
}

int envol_kmip_client_create(struct envol_kmip_client *client, const char *name,
			     char uid[ENVOL_KMIP_TEXT_SIZE])
{
	struct envol_ttlv_writer w;
	struct envol_ttlv payload;
	int err;

	envol_kmip_exchange_begin(client, &w, KMIP_OP_CREATE);
	envol_kmip_attribute_new_key(&w, client->version, name);
	err = envol_kmip_exchange_run(client, &w, KMIP_OP_CREATE, &payload);
	return err ? err : envol_kmip_exchange_take_uid(client, &payload, uid);
}

static int run_on_uid(struct envol_kmip_client *client, enum envol_kmip_operation operation,
		      const char *uid, struct envol_ttlv *payload)
{
	struct envol_ttlv_writer w;

	envol_kmip_exchange_begin(client, &w, operation);
	write_uid(&w, uid);
	return envol_kmip_exchange_run(client, &w, operation, payload);
}

int envol_kmip_client_rekey(struct envol_kmip_client *client, const char *uid,
			    char new_uid[ENVOL_KMIP_TEXT_SIZE])
{
	struct envol_ttlv payload;
	int err = run_on_uid(client, KMIP_OP_REKEY, uid, &payload);

	return err ? err : envol_kmip_exchange_take_uid(client, &payload, new_uid);
}

int envol_kmip_client_activate(struct envol_kmip_client *client, const char *uid)
{
	struct envol_ttlv payload;
	int err = run_on_uid(client, KMIP_OP_ACTIVATE, uid, &payload);

	return err ? err : envol_kmip_exchange_check_uid(client, &payload, uid);
}

int envol_kmip_client_destroy(struct envol_kmip_client *client, const char *uid)
{
	struct envol_ttlv payload;
	int err = run_on_uid(client, KMIP_OP_DESTROY, uid, &payload);

	return err ? err : envol_kmip_exchange_check_uid(client, &payload, uid);
}

int envol_kmip_client_get(struct envol_kmip_client *client, const char *uid,
			  struct envol_secret *key)
{
	struct envol_ttlv payload, object, block, wrapping, format, value, material;
	struct envol_ttlv_writer w;
	int err;

	envol_kmip_exchange_begin(client, &w, KMIP_OP_GET);
	write_uid(&w, uid);
	envol_ttlv_write_enum(&w, KMIP_KEY_FORMAT_TYPE, KMIP_FORMAT_RAW);
	err = envol_kmip_exchange_run(client, &w, KMIP_OP_GET, &payload);
	if (!err)
		err = envol_kmip_exchange_check_uid(client, &payload, uid);
	if (err)
		return err;
	if (envol_ttlv_find(&payload, KMIP_SYMMETRIC_KEY, ENVOL_TTLV_STRUCTURE, &object) ||
	    envol_ttlv_find(&object, KMIP_KEY_BLOCK, ENVOL_TTLV_STRUCTURE, &block) ||
	    envol_ttlv_find(&block, KMIP_KEY_FORMAT_TYPE, ENVOL_TTLV_ENUMERATION, &format) ||
	    envol_ttlv_find(&block, KMIP_KEY_WRAPPING_DATA, ENVOL_TTLV_STRUCTURE,
			    &wrapping) != -ENOENT ||
	    envol_ttlv_enum(&format) != KMIP_FORMAT_RAW ||
	    envol_ttlv_find(&block, KMIP_KEY_VALUE, ENVOL_TTLV_STRUCTURE, &value) ||
	    envol_ttlv_find(&value, KMIP_KEY_MATERIAL, ENVOL_TTLV_BYTES, &material) ||
	    material.len != 32)
		return envol_kmip_exchange_bad(client, "it holds no AES-256 key, raw and not wrapped");
	err = envol_secret_copy(client->ev, key, material.value, material.len);
	explicit_bzero(client->answer.data, client->answer.len);
	return err;
}
