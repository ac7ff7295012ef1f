// SPDX-License-Identifier: LGPL-2.1-or-later
/* The provider of kmip: URIs: customers' key managers and HSMs that speak KMIP. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/provider/kmip/key.h"
#include "userspace/lib/provider/kmip/server.h"
#include "userspace/lib/provider/kmip/wrap.h"
#include "userspace/lib/provider/message.h"

#define PAGE 64u	/* keys that are asked for at once */

static void kmip_close(struct envol_kek *kek)
{
	envol_kmip_client_wipe(&kek->client);
	free(kek->uri);
	free(kek);
}

/* Connected, and nothing asked for. */
static int connect_kek(struct envol *ev, const struct envol_uri *uri,
		       struct envol_deadline deadline, struct envol_kek **kek)
{
	struct envol_kek *new = calloc(1, sizeof(*new));
	int err;

	if (!new)
		return envol_error(ev, -ENOMEM, "out of memory");
	new->ev = ev;
	err = envol_kmip_scheme_parse(ev, uri, &new->id);
	if (!err)
		err = envol_kmip_scheme_format(ev, &new->id, &new->uri);
	if (!err)
		err = envol_kmip_server_connect(ev, &new->id.place, deadline, &new->client);
	if (err) {
		kmip_close(new);
		return err;
	}
	*kek = new;
	return 0;
}

/* The one object that bears the name. */
static int locate(struct envol_kek *kek, char uid[ENVOL_KMIP_TEXT_SIZE])
{
	char found[2][ENVOL_KMIP_TEXT_SIZE];
	size_t n;
	int err = envol_kmip_client_locate(&kek->client, kek->id.name, 0, found, 2, &n);

	if (err)
		return err;
	if (n == 0)
		return envol_error(kek->ev, -ENOENT,
				   "%s has no symmetric key of that name, or none that this client may see; envol key create makes one",
				   kek->client.server);
	if (n > 1)
		return envol_error(kek->ev, -EKEYREJECTED,
				   "%s has several keys of that name; name one by its identifier (envol key list kmip)",
				   kek->client.server);
	strcpy(uid, found[0]);
	return 0;
}

static int kmip_open(struct envol *ev, const struct envol_uri *uri,
		     struct envol_deadline deadline, struct envol_kek **kek)
{
	char uid[ENVOL_KMIP_TEXT_SIZE];
	struct envol_kek *new;
	int err = connect_kek(ev, uri, deadline, &new);

	if (err)
		return err;
	strcpy(uid, new->id.uid);
	if (*new->id.name)
		err = locate(new, uid);
	if (!err)
		err = envol_kmip_client_attributes(&new->client, uid, &new->newest);
	if (err) {
		kmip_close(new);
		return err;
	}
	*kek = new;
	return 0;
}

/* A server that has no Query may have Encrypt all the same. */
static int query(struct envol_kmip_client *client, struct envol_kmip_abilities *abilities)
{
	int err = envol_kmip_client_query(client, abilities);

	if (err && client->reason) {
		envol_log_debug(client->ev, "%s", envol_error_message(client->ev));
		*abilities = (struct envol_kmip_abilities){ .encrypts = true, .rekeys = true };
		return 0;
	}
	return err;
}

static int kmip_describe(struct envol_kek *kek, struct envol_key_info *info)
{
	struct envol_kmip_abilities abilities;
	int err = query(&kek->client, &abilities);

	return err ? err : envol_kmip_key_describe(kek, &abilities, true, info);
}

static int kmip_wrap(struct envol_kek *kek, const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		     const struct envol_secret *key, struct envol_wrapped *wrapped)
{
	struct envol_kmip_abilities abilities;
	int err = envol_kmip_key_check(kek, &kek->newest, ENVOL_KMIP_WRAP);

	if (!err)
		err = query(&kek->client, &abilities);
	return err ? err : envol_kmip_wrap_make(kek, &abilities, volume_id, key, wrapped);
}

static int kmip_unwrap(struct envol_kek *kek, const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		       const struct envol_wrapped *wrapped, struct envol_secret *key)
{
	struct envol_kmip_object object;
	int err = envol_kmip_key_find(kek, wrapped->version, &object);

	if (!err)
		err = envol_kmip_key_check(kek, &object, ENVOL_KMIP_UNWRAP);
	return err ? err : envol_kmip_wrap_open(kek, volume_id, wrapped, key);
}

/* ---- changing keys -------------------------------------------------------------------- */

static int activate(struct envol_kek *kek, const char *uid)
{
	struct envol_kmip_object object;
	int err = envol_kmip_client_attributes(&kek->client, uid, &object);

	if (!err && object.state == KMIP_STATE_PRE_ACTIVE)
		err = envol_kmip_client_activate(&kek->client, uid);
	return err;
}

static int kmip_rotate(struct envol_kek *kek)
{
	struct envol_kmip_abilities abilities;
	char uid[ENVOL_KMIP_TEXT_SIZE];
	int err;

	if (!*kek->id.name)
		return envol_error(kek->ev, -EOPNOTSUPP,
				   "the URI names one object of the server by its identifier, which is one version for good; create a key and add it to the volume (envol rekey), or use kmip://HOST/?name=NAME");
	err = envol_kmip_key_check(kek, &kek->newest, ENVOL_KMIP_WRAP);
	if (!err)
		err = query(&kek->client, &abilities);
	if (!err && !abilities.rekeys)
		err = envol_error(kek->ev, -EOPNOTSUPP,
				  "%s has no Re-key; create a key of another name and add it to the volume (envol rekey)",
				  kek->client.server);
	if (!err)
		err = envol_kmip_client_rekey(&kek->client, kek->newest.uid, uid);
	if (!err)
		err = activate(kek, uid);
	return err ? err : envol_kmip_client_attributes(&kek->client, uid, &kek->newest);
}

static int kmip_enable(struct envol_kek *kek, const char *version, bool enabled)
{
	struct envol_kmip_object object;
	int err;

	err = envol_kmip_key_find(kek, version ? version : kek->newest.uid, &object);
	if (err)
		return err;
	if (!enabled)
		return envol_error(kek->ev, -EOPNOTSUPP,
				   "what KMIP has for it (Revoke) is final, and would lock the volumes for good; withdraw this client's permission at the server, or revoke the key there if that is what is meant");
	if (object.state == KMIP_STATE_PRE_ACTIVE) {
		err = envol_kmip_client_activate(&kek->client, object.uid);
		return err ? err : envol_kmip_client_attributes(&kek->client, kek->newest.uid,
								&kek->newest);
	}
	return envol_kmip_key_check(kek, &object, ENVOL_KMIP_WRAP);
}

static int create_named(struct envol_kek *kek)
{
	char uid[1][ENVOL_KMIP_TEXT_SIZE];
	size_t n;
	int err;

	err = envol_kmip_client_locate(&kek->client, kek->id.name, 0, uid, 1, &n);
	if (!err && n)
		err = envol_error(kek->ev, -EEXIST, "%s has a key of that name, %s",
				  kek->client.server, uid[0]);
	if (!err)
		err = envol_kmip_client_create(&kek->client, kek->id.name, uid[0]);
	if (err)
		return err;
	err = activate(kek, uid[0]);
	if (err) {
		char said[ENVOL_MESSAGE_SIZE];

		strcpy(said, envol_error_message(kek->ev));
		if (envol_kmip_client_destroy(&kek->client, uid[0]))
			return envol_error(kek->ev, err,
					   "%s (the new key, %s, is there and not active)", said,
					   uid[0]);
		return envol_error(kek->ev, err, "%s", said);
	}
	return 0;
}

static int kmip_create(struct envol *ev, const struct envol_uri *uri,
		       struct envol_deadline deadline)
{
	struct envol_kmip_id id;
	struct envol_kek *kek;
	int err = envol_kmip_scheme_parse(ev, uri, &id);

	if (err)
		return err;
	if (!*id.name)
		return envol_error(ev, -EOPNOTSUPP,
				   "the server chooses a new key's identifier; create it by a name, kmip://%s/?name=NAME",
				   id.place.host);
	err = connect_kek(ev, uri, deadline, &kek);
	if (err)
		return err;
	err = create_named(kek);
	kmip_close(kek);
	return err;
}

/* ---- listing --------------------------------------------------------------------------- */

struct listing {
	struct envol_kek kek;	/* the server, and one key after the other */
	struct envol_kmip_abilities abilities;
	struct envol_key_info *infos;
	size_t n;
};

static int describe_listed(struct listing *listing, const char *uid, struct envol_key_info *info)
{
	struct envol_kek *kek = &listing->kek;
	int err = envol_kmip_client_attributes(&kek->client, uid, &kek->newest);

	snprintf(kek->id.uid, sizeof(kek->id.uid), "%s", uid);
	*kek->id.name = 0;
	if (!err)
		strcpy(kek->id.name, kek->newest.names[0]);
	if (err && !kek->client.reason)
		return err;
	if (err) {
		info->protection = strdup(envol_error_message(kek->ev));
		if (!info->protection)
			return envol_error(kek->ev, -ENOMEM, "out of memory");
	}
	if (envol_kmip_scheme_format(kek->ev, &kek->id, &info->uri))
		return -ENOMEM;
	return err ? 0 : envol_kmip_key_describe(kek, &listing->abilities, false, info);
}

static int list_page(struct listing *listing, char (*uids)[ENVOL_KMIP_TEXT_SIZE], size_t n)
{
	struct envol_key_info *infos;
	size_t i;
	int err = 0;

	if (listing->n + n > ENVOL_MESSAGE_KEYS_MAX)
		return envol_error(listing->kek.ev, -E2BIG,
				   "%s has more keys than the %u that can be listed",
				   listing->kek.client.server, ENVOL_MESSAGE_KEYS_MAX);
	infos = reallocarray(listing->infos, listing->n + n, sizeof(*infos));
	if (!infos)
		return envol_error(listing->kek.ev, -ENOMEM, "out of memory");
	listing->infos = infos;
	for (i = 0; i < n && !err; i++) {
		infos[listing->n] = (struct envol_key_info){ 0 };
		err = describe_listed(listing, uids[i], &infos[listing->n++]);
	}
	return err;
}

/* A server that has no offset gives the first page again and again. */
static int list_server(struct listing *listing)
{
	char uids[PAGE][ENVOL_KMIP_TEXT_SIZE], first[ENVOL_KMIP_TEXT_SIZE] = "";
	size_t n, offset = 0;
	int err;

	err = query(&listing->kek.client, &listing->abilities);
	while (!err) {
		err = envol_kmip_client_locate(&listing->kek.client, NULL, offset, uids, PAGE, &n);
		if (err || n == 0 || strcmp(uids[0], first) == 0)
			return err;
		strcpy(first, uids[0]);
		err = list_page(listing, uids, n);
		offset += n;
		if (n < PAGE)
			return err;
	}
	return err;
}

static int list_place(struct listing *listing, const char *subject,
		      struct envol_deadline deadline)
{
	struct envol_kek *kek = &listing->kek;
	int err = envol_kmip_scheme_place(kek->ev, subject, &kek->id.place);

	if (!err)
		err = envol_kmip_server_connect(kek->ev, &kek->id.place, deadline,
						&kek->client);
	if (!err)
		err = list_server(listing);
	envol_kmip_client_wipe(&kek->client);
	return err;
}

static size_t count_servers(struct envol *ev)
{
	size_t n = 0;

	while (envol_setting_subject(ev, "kmip", n))
		n++;
	return n;
}

/* Of every server that has a section: one that is down hides its keys and no others'. */
static int kmip_list(struct envol *ev, struct envol_deadline deadline,
		     struct envol_key_info **infos, size_t *n_infos)
{
	struct listing listing = { .kek.ev = ev };
	size_t i, n = count_servers(ev), n_listed = 0;
	int err = 0;

	for (i = 0; i < n && err != -ENOMEM; i++) {
		struct envol_deadline until = envol_deadline_in(
			envol_deadline_left_ms(deadline) / (int)(n - i));
		size_t before = listing.n;

		err = list_place(&listing, envol_setting_subject(ev, "kmip", i), until);
		if (!err) {
			n_listed++;
			continue;
		}
		while (listing.n > before)
			envol_key_info_free(&listing.infos[--listing.n]);
		if (n > 1)
			envol_log_warning(ev, "%s; its keys are not listed",
					  envol_error_message(ev));
	}
	*infos = listing.infos;
	*n_infos = listing.n;
	return n_listed && err != -ENOMEM ? 0 : err;
}

ENVOL_PROVIDER(kmip) = {
	.scheme = "kmip",
	.open = kmip_open,
	.close = kmip_close,
	.describe = kmip_describe,
	.wrap = kmip_wrap,
	.unwrap = kmip_unwrap,
	.rotate = kmip_rotate,
	.enable = kmip_enable,
	.create = kmip_create,
	.list = kmip_list,
};
