/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A KEK in a token while it is used: its keys, which are its versions, and a session. */
#pragma once

#include "userspace/lib/base/uri.h"
#include "userspace/lib/provider/pkcs11/key.h"

struct envol_kek {
	struct envol *ev;
	char uri[ENVOL_URI_MAX];
	struct envol_pkcs11_name name;
	struct envol_pkcs11_session session;
	struct envol_pkcs11_key *keys;	/* what fits the name, the newest last */
	size_t n_keys;
};

/* Look for the keys, anew. None is no error. */
int envol_pkcs11_kek_find_keys(struct envol_kek *kek) _must_check_;

/* A new session, and the keys in it. */
int envol_pkcs11_kek_renew(struct envol_kek *kek) _must_check_;

/* Was @err the session's, that was lost? */
bool envol_pkcs11_kek_is_worth_another(const struct envol_kek *kek, int err);

/* -ENOENT, after a renewal that found no key any more. */
int envol_pkcs11_kek_gone(struct envol_kek *kek);

/* -ENOTUNIQ, with the ids, where it can't be told which key is the newest. */
int envol_pkcs11_kek_check_versions(struct envol_kek *kek) _must_check_;

/* There has to be one. */
const struct envol_pkcs11_key *
envol_pkcs11_kek_newest(const struct envol_kek *kek);

/* -EKEYREJECTED unless the newest is of a type and size that we take. */
int envol_pkcs11_kek_check_type(struct envol_kek *kek) _must_check_;

/* The one key that has this version; NULL: none, or not one alone. */
const struct envol_pkcs11_key *
envol_pkcs11_kek_find_version(const struct envol_kek *kek, const char *version);
