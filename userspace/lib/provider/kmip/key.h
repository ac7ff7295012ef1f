/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A KEK in a KMIP server, and which of its objects is used. */
#pragma once

#include "userspace/lib/provider/kmip/client.h"
#include "userspace/lib/provider/kmip/scheme.h"
#include "userspace/lib/provider/provider.h"

#define ENVOL_KMIP_CHAIN_MAX 64u	/* objects that replaced one another */

/*
 * A key object of KMIP never changes its value: it is one version of a KEK, and its
 * identifier is the version's. A URI with an identifier has that one version. One with
 * a name has as newest version the object that bears the name; a Re-key hands the name
 * to a new object and links the two, so the older versions are those that the links lead
 * to, and no others: a version in a header can't reach keys that the URI does not name.
 */
struct envol_kek {
	struct envol *ev;
	struct envol_kmip_id id;
	char *uri;
	struct envol_kmip_client client;
	struct envol_kmip_object newest;
};

/* The object of @version; -ENOENT if it is none of this KEK's. */
int envol_kmip_key_find(struct envol_kek *kek, const char *version,
			struct envol_kmip_object *object) _must_check_;

/* Fill all of @info but the URI, with the older versions if @all. */
int envol_kmip_key_describe(struct envol_kek *kek, const struct envol_kmip_abilities *abilities,
			    bool all, struct envol_key_info *info) _must_check_;

enum envol_kmip_use { ENVOL_KMIP_WRAP, ENVOL_KMIP_UNWRAP };

/* May it be used, by its type, state and usage mask? -EKEYREVOKED, -ENOENT, -EKEYREJECTED. */
int envol_kmip_key_check(struct envol_kek *kek, const struct envol_kmip_object *object,
			 enum envol_kmip_use use) _must_check_;

/* A setting of this KEK's server. */
const char *envol_kmip_key_setting(const struct envol_kek *kek, const char *key);
bool envol_kmip_key_allows(const struct envol_kek *kek, const char *key);
