/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a key in a token wraps another: by which mechanism, with which parameters. The
 * name is stored with the wrap, and with the bytes says all that unwrapping needs.
 */
#pragma once

#include "userspace/lib/provider/pkcs11/key.h"

struct envol_pkcs11_algorithm {
	const char *name;
	CK_OBJECT_CLASS class;	/* of the keys that it is for */
	CK_MECHANISM_TYPE mechanism;
	enum envol_oaep_hash hash;	/* of RSA */
};

/* From the best on; NULL behind the last. */
const struct envol_pkcs11_algorithm *envol_pkcs11_algorithm_at(size_t i);
const struct envol_pkcs11_algorithm *envol_pkcs11_algorithm_find(const char *name);

/* Does the token tell of its mechanism? Whether it works only a use of it shows. */
bool envol_pkcs11_algorithm_is_offered(struct envol_pkcs11_session *session,
				       const struct envol_pkcs11_algorithm *how);

/*
 * @aad is authenticated where the algorithm can. After an error session->rv says what
 * the token said, CKR_OK if it was not the token.
 */
int envol_pkcs11_wrap(struct envol_pkcs11_session *session,
		      const struct envol_pkcs11_key *kek,
		      const struct envol_pkcs11_algorithm *how,
		      const struct envol_blob *aad,
		      const struct envol_secret *key, struct envol_blob *bytes)
	_must_check_;
int envol_pkcs11_unwrap(struct envol_pkcs11_session *session,
			const struct envol_pkcs11_key *kek,
			const struct envol_pkcs11_algorithm *how,
			const struct envol_blob *aad,
			const struct envol_blob *bytes,
			struct envol_secret *key) _must_check_;
