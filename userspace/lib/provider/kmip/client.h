/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One connection to a KMIP server and the operations on it, one request and one answer
 * at a time. Both messages lie in struct envol_secret: either may hold a key.
 *
 * Errors are those of provider.h with a sentence: of the server's own, by its reason;
 * -EPROTO for an answer that is none, whose connection is of no more use;
 * -EHOSTUNREACH, -ETIMEDOUT, -EPROTO and -EACCES of the connection.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/net/tls.h"
#include "userspace/lib/provider/kmip/attribute.h"

struct envol_kmip_client {
	struct envol *ev;
	struct envol_tls *tls;
	struct envol_deadline deadline;
	char server[300];	/* HOST:PORT, for sentences */
	struct envol_kmip_version version;
	const char *username;		/* NULL: none */
	struct envol_secret password;
	uint64_t id;			/* of the last request */
	struct envol_secret request, answer;
	uint32_t reason;		/* of the last error that the server told of; 0: none */
};

/* Buffers for a client whose other members are set. */
int envol_kmip_client_init(struct envol_kmip_client *client) _must_check_;
void envol_kmip_client_wipe(struct envol_kmip_client *client);

/* The newest version that both sides have into client->version. */
int envol_kmip_client_discover(struct envol_kmip_client *client) _must_check_;

struct envol_kmip_abilities {
	bool encrypts, rekeys;		/* has Encrypt and Decrypt; has Re-key */
	char vendor[ENVOL_KMIP_TEXT_SIZE];
};

int envol_kmip_client_query(struct envol_kmip_client *client,
			    struct envol_kmip_abilities *abilities) _must_check_;

int envol_kmip_client_attributes(struct envol_kmip_client *client, const char *uid,
				 struct envol_kmip_object *object) _must_check_;

/*
 * Identifiers of up to @max symmetric keys behind the first @offset, of that name unless it
 * is NULL; how many in @n.
 */
int envol_kmip_client_locate(struct envol_kmip_client *client, const char *name,
			     size_t offset, char (*uids)[ENVOL_KMIP_TEXT_SIZE],
			     size_t max, size_t *n) _must_check_;

/* A new AES-256 key, not active yet. A lost connection is -EIO: it may be there. */
int envol_kmip_client_create(struct envol_kmip_client *client, const char *name,
			     char uid[ENVOL_KMIP_TEXT_SIZE]) _must_check_;

/* A new key in place of @uid, which gets its name and is linked with it. Otherwise as create. */
int envol_kmip_client_rekey(struct envol_kmip_client *client, const char *uid,
			    char new_uid[ENVOL_KMIP_TEXT_SIZE]) _must_check_;

int envol_kmip_client_activate(struct envol_kmip_client *client, const char *uid)
	_must_check_;
int envol_kmip_client_destroy(struct envol_kmip_client *client, const char *uid)
	_must_check_;

/* The AES-256 key itself, into @key, which must be empty. */
int envol_kmip_client_get(struct envol_kmip_client *client, const char *uid,
			  struct envol_secret *key) _must_check_;
