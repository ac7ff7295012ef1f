// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/provider/pkcs11/ckr.h"
#include "userspace/lib/provider/pkcs11/kek.h"

/* ---- sessions that are lost are opened once more ---------------------------------- */

int envol_pkcs11_kek_find_keys(struct envol_kek *kek)
{
	envol_pkcs11_keys_free(kek->keys, kek->n_keys);
	kek->keys = NULL;
	kek->n_keys = 0;
	return envol_pkcs11_find_keys(&kek->session, &kek->name, &kek->keys,
				      &kek->n_keys);
}

/* Handles of one session may be those of other keys in the next. */
int envol_pkcs11_kek_renew(struct envol_kek *kek)
{
	int err = envol_pkcs11_session_reopen(&kek->session);

	return err ? err : envol_pkcs11_kek_find_keys(kek);
}

int envol_pkcs11_kek_gone(struct envol_kek *kek)
{
	return envol_error(kek->ev, -ENOENT, "the key is gone from %s",
			   kek->session.token.label);
}

bool envol_pkcs11_kek_is_worth_another(const struct envol_kek *kek, int err)
{
	if (!err || !envol_ckr_is_session_lost(kek->session.rv))
		return false;
	envol_log_info(kek->ev, "%s; once more, with a new session",
		       kek->ev->message);
	return true;
}

/* ---- which of the keys --------------------------------------------------------------- */

/* The newest, if it can be told which one that is. */
int envol_pkcs11_kek_check_versions(struct envol_kek *kek)
{
	_cleanup_free_ char *first = malloc(2 * ENVOL_PKCS11_ID_MAX + 1);
	_cleanup_free_ char *second = malloc(2 * ENVOL_PKCS11_ID_MAX + 1);

	if (!first || !second)
		return envol_error(kek->ev, -ENOMEM, "out of memory");
	if (envol_pkcs11_are_versions(kek->keys, kek->n_keys))
		return 0;
	envol_hex_encode(first, kek->keys[0].id, kek->keys[0].id_len);
	envol_hex_encode(second, kek->keys[1].id, kek->keys[1].id_len);
	return envol_error(kek->ev, -ENOTUNIQ,
			   "%zu keys in %s fit, with the ids %.64s, %.64s%s, and which is the newest can't be told: add id= or type= to the URI",
			   kek->n_keys, kek->session.token.label, first, second,
			   kek->n_keys > 2 ? " …" : "");
}

const struct envol_pkcs11_key *envol_pkcs11_kek_newest(const struct envol_kek *kek)
{
	return &kek->keys[kek->n_keys - 1];
}

int envol_pkcs11_kek_check_type(struct envol_kek *kek)
{
	static const char *const types[] = { "AES-256", "RSA-2048", "RSA-3072",
					     "RSA-4096" };
	char type[ENVOL_PKCS11_TYPE_SIZE];
	size_t i;

	envol_pkcs11_key_type(envol_pkcs11_kek_newest(kek), type);
	for (i = 0; i < ENVOL_ARRAY_SIZE(types); i++)
		if (strcmp(types[i], type) == 0)
			return 0;
	return envol_error(kek->ev, -EKEYREJECTED,
			   "the key is %s, not AES-256, RSA-2048, RSA-3072 or RSA-4096",
			   type);
}

const struct envol_pkcs11_key *
envol_pkcs11_kek_find_version(const struct envol_kek *kek, const char *version)
{
	const struct envol_pkcs11_key *found = NULL;
	uint8_t id[ENVOL_PKCS11_ID_MAX];
	size_t i, len = strlen(version) / 2;

	if (len == 0 || len > sizeof(id) || envol_hex_decode(id, len, version))
		return NULL;
	for (i = 0; i < kek->n_keys; i++) {
		const struct envol_pkcs11_key *key = &kek->keys[i];

		if (key->id_len != len || memcmp(key->id, id, len) != 0)
			continue;
		/* Two of one id are told apart by type=, or not at all. */
		if (found)
			return NULL;
		found = key;
	}
	return found;
}
