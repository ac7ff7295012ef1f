/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Private objects of a token that can be KEKs: secret AES keys and private RSA keys.
 * One that anybody can put there without a PIN (CKA_PRIVATE false) is never looked
 * at, whatever label or id it has.
 *
 * Keys with the same label are the versions of one KEK. The version is the CKA_ID in
 * hex. Ids that envol gave tell which key is newer; one key with another id may stand
 * before them.
 */
#pragma once

#include "userspace/lib/crypto/oaep.h"
#include "userspace/lib/provider/pkcs11/session.h"

#define ENVOL_PKCS11_ID_MAX 255
#define ENVOL_PKCS11_NEW_ID_SIZE 16
#define ENVOL_PKCS11_KEYS_MAX 1024u	/* of one token */

struct envol_pkcs11_key {
	CK_OBJECT_HANDLE handle;
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	unsigned int bits;
	uint8_t id[ENVOL_PKCS11_ID_MAX];
	size_t id_len;
	char label[ENVOL_PKCS11_VALUE_MAX + 1];
	bool sensitive, extractable, always_sensitive, never_extractable;
	bool encrypt, decrypt, wrap, unwrap;
	bool asks_each_time;
	struct envol_oaep_public public;	/* of RSA, read from the private object */
};

void envol_pkcs11_key_free(struct envol_pkcs11_key *key);
void envol_pkcs11_keys_free(struct envol_pkcs11_key *keys, size_t n);

/*
 * All that fit @name's object, id and type, in a malloc'ed array sorted by label,
 * then from the oldest to the newest. None is no error.
 */
int envol_pkcs11_find_keys(struct envol_pkcs11_session *session,
			   const struct envol_pkcs11_name *name,
			   struct envol_pkcs11_key **keys, size_t *n)
	_must_check_;

/* Are @n sorted keys of one label the versions of one KEK? */
bool envol_pkcs11_are_versions(const struct envol_pkcs11_key *keys, size_t n);

/* "AES-256", "RSA-3072". */
#define ENVOL_PKCS11_TYPE_SIZE 24
const char *envol_pkcs11_key_type(const struct envol_pkcs11_key *key,
				  char text[ENVOL_PKCS11_TYPE_SIZE]);

/* A CKA_ID that is newer than @after's (NULL: none). */
int envol_pkcs11_new_id(struct envol *ev, const struct envol_pkcs11_key *after,
			uint8_t id[ENVOL_PKCS11_NEW_ID_SIZE]) _must_check_;

/* When envol made the key with that id, in Unix seconds; 0: it did not. */
int64_t envol_pkcs11_id_time(const uint8_t *id, size_t len);
