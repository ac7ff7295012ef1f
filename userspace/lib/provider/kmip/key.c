// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/kmip/key.h"
#include "userspace/lib/provider/message.h"

const char *envol_kmip_key_setting(const struct envol_kek *kek, const char *key)
{
	return envol_setting(kek->ev, "kmip", kek->id.place.subject, key);
}

bool envol_kmip_key_allows(const struct envol_kek *kek, const char *key)
{
	return envol_setting_is_yes(kek->ev, "kmip", kek->id.place.subject, key);
}

/* ---- versions ------------------------------------------------------------------ */

static int no_version(struct envol_kek *kek, const char *version)
{
	return envol_error(kek->ev, -ENOENT, "it has no version \"%.200s\"", version);
}

/* Follow what replaced it until the object that has the name. */
static int check_descent(struct envol_kek *kek, const struct envol_kmip_object *old)
{
	struct envol_kmip_object object = *old;
	char next[ENVOL_KMIP_TEXT_SIZE];
	unsigned int i;
	int err;

	for (i = 0; i < ENVOL_KMIP_CHAIN_MAX && *object.replacement; i++) {
		if (strcmp(object.replacement, kek->newest.uid) == 0)
			return 0;
		strcpy(next, object.replacement);
		err = envol_kmip_client_attributes(&kek->client, next, &object);
		if (err)
			return err;
	}
	return no_version(kek, old->uid);
}

int envol_kmip_key_find(struct envol_kek *kek, const char *version,
			struct envol_kmip_object *object)
{
	int err;

	*object = kek->newest;
	if (strcmp(version, kek->newest.uid) == 0)
		return 0;
	if (!*kek->id.name || !*version || strlen(version) >= sizeof(object->uid))
		return no_version(kek, version);
	err = envol_kmip_client_attributes(&kek->client, version, object);
	if (err == -ENOENT)
		return no_version(kek, version);
	return err ? err : check_descent(kek, object);
}

/* ---- may it be used? ------------------------------------------------------------- */

static int check_state(struct envol_kek *kek, const struct envol_kmip_object *object,
		       enum envol_kmip_use use)
{
	static const char *const way_out =
		"which is final; open the volume by another KEK or its recovery key, and wrap it with a new key (envol rekey)";

	switch (object->state) {
	case 0:	/* A server that does not tell enforces it, or nobody does. */
	case KMIP_STATE_ACTIVE:
		return 0;
	case KMIP_STATE_PRE_ACTIVE:
		return envol_error(kek->ev, -EKEYREVOKED,
				   "key %s is not active yet; activate it (envol key enable)",
				   object->uid);
	case KMIP_STATE_DEACTIVATED:
		if (use == ENVOL_KMIP_UNWRAP && envol_kmip_key_allows(kek, "allow_deactivated"))
			return 0;
		return envol_error(kek->ev, -EKEYREVOKED,
				   "key %s was deactivated at the server, %s; allow_deactivated = yes lets it unwrap until then",
				   object->uid, way_out);
	case KMIP_STATE_COMPROMISED:
		return envol_error(kek->ev, -EKEYREVOKED,
				   "key %s was revoked at the server as compromised, %s",
				   object->uid, way_out);
	default:
		return envol_error(kek->ev, -ENOENT,
				   "key %s was destroyed; a backup of the server may have it",
				   object->uid);
	}
}

int envol_kmip_key_check(struct envol_kek *kek, const struct envol_kmip_object *object,
			 enum envol_kmip_use use)
{
	int32_t want = use == ENVOL_KMIP_WRAP ? KMIP_MAY_ENCRYPT | KMIP_MAY_DECRYPT :
						KMIP_MAY_DECRYPT;
	int err = check_state(kek, object, use);

	if (err)
		return err;
	if ((object->type && object->type != KMIP_TYPE_SYMMETRIC_KEY) ||
	    (object->algorithm && object->algorithm != KMIP_ALGORITHM_AES) ||
	    (object->length && object->length != 256))
		return envol_error(kek->ev, -EKEYREJECTED, "key %s is no AES-256 key",
				   object->uid);
	if (object->usage && (object->usage & want) != want)
		return envol_error(kek->ev, -EKEYREJECTED,
				   "key %s may not %s, by its usage mask 0x%x; create one that has Encrypt and Decrypt",
				   object->uid,
				   object->usage & KMIP_MAY_DECRYPT ? "encrypt" : "decrypt",
				   (unsigned int)object->usage);
	return 0;
}

/* ---- for people -------------------------------------------------------------------- */

static char *type_of(const struct envol_kmip_object *object)
{
	char *type = NULL;

	if (object->type == KMIP_TYPE_SYMMETRIC_KEY && object->algorithm == KMIP_ALGORITHM_AES) {
		if (asprintf(&type, "AES-%d", object->length) < 0)
			return NULL;
	} else if (asprintf(&type, "object type %u, algorithm %u", object->type,
			    object->algorithm) < 0) {
		return NULL;
	}
	return type;
}

static char *protection_of(struct envol_kek *kek,
			   const struct envol_kmip_abilities *abilities)
{
	bool leaves = envol_kmip_key_allows(kek, "allow_key_export");
	char *text;

	if (asprintf(&text, "%s %s%s%s%s, KMIP %d.%d",
		     leaves ? "may leave its KMIP server (allow_key_export):" : "in the KMIP server",
		     kek->client.server, *abilities->vendor ? " (" : "", abilities->vendor,
		     *abilities->vendor ? ")" : "", kek->client.version.major,
		     kek->client.version.minor) < 0)
		return NULL;
	return text;
}

/* No provider of KMIP says whether a destroyed key can be brought back. */
#define RECOVERY "an active key can't be destroyed; one that was revoked and destroyed comes back from the server's backups alone"

/* A server's number may be no time that can be told. What is too late stays late. */
static int64_t time_of(int64_t seconds)
{
	if (seconds <= 0)
		return 0;
	return seconds < ENVOL_MESSAGE_TIME_MAX ? seconds : ENVOL_MESSAGE_TIME_MAX;
}

static void fill_version(const struct envol_kmip_object *object,
			 struct envol_key_version *version)
{
	version->version = strdup(object->uid);
	version->created = time_of(object->created);
	version->not_before = time_of(object->activation);
	version->expires = time_of(object->deactivation);
	version->enabled = object->state == 0 || object->state == KMIP_STATE_ACTIVE;
}

/* From the newest back to the oldest. */
static int fill_versions(struct envol_kek *kek, bool all, struct envol_key_info *info)
{
	struct envol_kmip_object object = kek->newest;
	char replaced[ENVOL_KMIP_TEXT_SIZE];
	int err;

	fill_version(&object, &info->versions[info->n_versions++]);
	while (all && *kek->id.name && *object.replaced &&
	       info->n_versions < ENVOL_KMIP_CHAIN_MAX) {
		strcpy(replaced, object.replaced);
		err = envol_kmip_client_attributes(&kek->client, replaced, &object);
		if (err == -ENOENT)	/* destroyed: what was before it can't be told */
			return 0;
		if (err)
			return err;
		fill_version(&object, &info->versions[info->n_versions++]);
	}
	return 0;
}

static void turn_round(struct envol_key_version *versions, size_t n)
{
	size_t i;

	for (i = 0; i < n / 2; i++) {
		struct envol_key_version first = versions[i];

		versions[i] = versions[n - 1 - i];
		versions[n - 1 - i] = first;
	}
}

int envol_kmip_key_describe(struct envol_kek *kek, const struct envol_kmip_abilities *abilities,
			    bool all, struct envol_key_info *info)
{
	size_t i;
	int err;

	info->type = type_of(&kek->newest);
	info->protection = protection_of(kek, abilities);
	info->recovery = strdup(RECOVERY);
	info->recoverable = true;
	info->versions = calloc(ENVOL_KMIP_CHAIN_MAX, sizeof(*info->versions));
	if (!info->type || !info->protection || !info->recovery || !info->versions)
		return envol_error(kek->ev, -ENOMEM, "out of memory");
	err = fill_versions(kek, all, info);
	for (i = 0; i < info->n_versions && !err; i++)
		if (!info->versions[i].version)
			err = envol_error(kek->ev, -ENOMEM, "out of memory");
	turn_round(info->versions, info->n_versions);
	return err;
}
