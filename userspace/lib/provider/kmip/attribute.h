/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Attributes of a key, in both of their encodings: by name, each in a structure of its
 * own, until KMIP 1.4; by tag since 2.0. Pure.
 */
#pragma once

#include "userspace/lib/provider/kmip/message.h"

#define ENVOL_KMIP_NAMES 4	/* of one object, that are looked at */

/* What is known of an object; 0 and "" for what the server does not say. */
struct envol_kmip_object {
	char uid[ENVOL_KMIP_TEXT_SIZE];
	uint32_t type, state, algorithm;
	int32_t length;			/* bits */
	int32_t usage;			/* mask */
	int64_t created, activation, deactivation;	/* Unix seconds */
	char names[ENVOL_KMIP_NAMES][ENVOL_KMIP_TEXT_SIZE];
	char replacement[ENVOL_KMIP_TEXT_SIZE];	/* what a Re-key made of it */
	char replaced[ENVOL_KMIP_TEXT_SIZE];	/* what it was made of */
};

/* Ask for all of the above, within the payload of Get Attributes. */
void envol_kmip_attribute_ask(struct envol_ttlv_writer *w, struct envol_kmip_version version);

/* Its answer. -EBADMSG for what is malformed, or too long for us. */
int envol_kmip_attribute_read(const struct envol_ttlv *payload,
			      struct envol_kmip_version version,
			      struct envol_kmip_object *object) _must_check_;

/* A new AES-256 key of that name that encrypts and decrypts, within the payload of Create. */
void envol_kmip_attribute_new_key(struct envol_ttlv_writer *w,
				  struct envol_kmip_version version, const char *name);

/* Symmetric keys, of that name unless it is NULL, within the payload of Locate. */
void envol_kmip_attribute_search(struct envol_ttlv_writer *w,
				 struct envol_kmip_version version, const char *name);
