// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/pkcs11/algorithm.h"
#include "userspace/lib/provider/pkcs11/ckr.h"
#include "userspace/lib/provider/pkcs11/generate.h"
#include "userspace/lib/provider/settings.h"

#define DEFAULT_RSA "RSA-3072"
#define AES "AES-256"

struct template {
	CK_ATTRIBUTE attributes[16];
	CK_ULONG n;
};

static void put(struct template *template, CK_ATTRIBUTE_TYPE type,
		const void *value, size_t len)
{
	template->attributes[template->n++] =
		(CK_ATTRIBUTE){ type, (void *)value, len };
}

static void put_bool(struct template *template, CK_ATTRIBUTE_TYPE type,
		     bool value)
{
	static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

	put(template, type, value ? &yes : &no, sizeof(CK_BBOOL));
}

static void put_names(struct template *template,
		      const struct envol_pkcs11_value *label, const uint8_t *id,
		      size_t id_len)
{
	put_bool(template, CKA_TOKEN, true);
	put(template, CKA_LABEL, label->bytes, label->len);
	put(template, CKA_ID, id, id_len);
}

static void put_secrecy(struct template *template)
{
	put_bool(template, CKA_PRIVATE, true);
	put_bool(template, CKA_SENSITIVE, true);
	put_bool(template, CKA_EXTRACTABLE, false);
	put_bool(template, CKA_DECRYPT, true);
}

static int generate_aes(struct envol_pkcs11_session *session,
			const struct envol_pkcs11_value *label,
			const uint8_t *id, size_t id_len)
{
	CK_MECHANISM mechanism = { CKM_AES_KEY_GEN, NULL, 0 };
	struct template template = { .n = 0 };
	CK_OBJECT_HANDLE handle;
	CK_ULONG size = 32;
	CK_RV rv;

	put_names(&template, label, id, id_len);
	put_secrecy(&template);
	put_bool(&template, CKA_ENCRYPT, true);
	put_bool(&template, CKA_WRAP, true);
	put_bool(&template, CKA_UNWRAP, true);
	put(&template, CKA_VALUE_LEN, &size, sizeof(size));
	rv = session->token.module->C_GenerateKey(session->handle, &mechanism,
						  template.attributes,
						  template.n, &handle);
	session->rv = rv;
	if (rv != CKR_OK)
		return envol_ckr_error(session->ev, rv,
				       "make an AES-256 key in %s; key_type in envol.conf may name another kind",
				       session->token.label);
	return 0;
}

static int generate_rsa(struct envol_pkcs11_session *session,
			const struct envol_pkcs11_value *label,
			const uint8_t *id, size_t id_len, CK_ULONG bits)
{
	static const uint8_t exponent[] = { 1, 0, 1 };
	CK_MECHANISM mechanism = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	struct template public = { .n = 0 }, private = { .n = 0 };
	CK_OBJECT_HANDLE handles[2];
	CK_RV rv;

	put_names(&public, label, id, id_len);
	put_bool(&public, CKA_ENCRYPT, true);
	put(&public, CKA_MODULUS_BITS, &bits, sizeof(bits));
	put(&public, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent));
	put_names(&private, label, id, id_len);
	put_secrecy(&private);
	rv = session->token.module->C_GenerateKeyPair(
		session->handle, &mechanism, public.attributes, public.n,
		private.attributes, private.n, &handles[0], &handles[1]);
	session->rv = rv;
	if (rv != CKR_OK)
		return envol_ckr_error(session->ev, rv,
				       "make an RSA-%lu key in %s; key_type in envol.conf may name another kind",
				       bits, session->token.label);
	return 0;
}

static bool can_aes(struct envol_pkcs11_session *session)
{
	const struct envol_pkcs11_algorithm *how;
	CK_MECHANISM_INFO info;
	size_t i;

	if (session->token.module->C_GetMechanismInfo(
		    session->token.slot, CKM_AES_KEY_GEN, &info) != CKR_OK)
		return false;
	for (i = 0; (how = envol_pkcs11_algorithm_at(i)); i++)
		if (how->class == CKO_SECRET_KEY &&
		    envol_pkcs11_algorithm_is_offered(session, how))
			return true;
	return false;
}

static int choose(struct envol_pkcs11_session *session,
		  const struct envol_pkcs11_name *name,
		  const struct envol_pkcs11_key *like,
		  char kind[ENVOL_PKCS11_TYPE_SIZE])
{
	const char *type = name->values[ENVOL_PKCS11_TYPE].bytes;
	const char *set = envol_setting(session->ev, "pkcs11",
					session->token.subject, "key_type");

	if (like)
		envol_pkcs11_key_type(like, kind);
	else if (set)
		snprintf(kind, ENVOL_PKCS11_TYPE_SIZE, "%s", set);
	else if (strcmp(type, "private") == 0)
		strcpy(kind, DEFAULT_RSA);
	else if (strcmp(type, "secret-key") == 0 || can_aes(session))
		strcpy(kind, AES);
	else
		strcpy(kind, DEFAULT_RSA);
	if (*type && (strcmp(kind, AES) == 0) !=
			     (strcmp(type, "secret-key") == 0))
		return envol_error(session->ev, -EINVAL,
				   "type=%s in the URI, and key_type = %s in envol.conf",
				   type, kind);
	return 0;
}

int envol_pkcs11_generate(struct envol_pkcs11_session *session,
			  const struct envol_pkcs11_name *name,
			  const struct envol_pkcs11_key *like)
{
	const struct envol_pkcs11_value *label =
		&name->values[ENVOL_PKCS11_OBJECT];
	const struct envol_pkcs11_value *given = &name->values[ENVOL_PKCS11_ID];
	uint8_t new_id[ENVOL_PKCS11_NEW_ID_SIZE];
	const uint8_t *id = given->len ? (const uint8_t *)given->bytes : new_id;
	size_t id_len = given->len ? given->len : sizeof(new_id);
	char kind[ENVOL_PKCS11_TYPE_SIZE];
	int err = choose(session, name, like, kind);

	if (!err)
		err = envol_pkcs11_new_id(session->ev, like, new_id);
	if (err)
		return err;
	if (strcmp(kind, AES) == 0)
		return generate_aes(session, label, id, id_len);
	return generate_rsa(session, label, id, id_len,
			    strtoul(kind + strlen("RSA-"), NULL, 10));
}
