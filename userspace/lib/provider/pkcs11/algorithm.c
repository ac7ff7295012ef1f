// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/kek.h"
#include "userspace/lib/provider/pkcs11/algorithm.h"
#include "userspace/lib/provider/pkcs11/ckr.h"

/* PKCS#11 3.0: RFC 5649 for all. What _PAD is was left to vendors. */
#ifndef CKM_AES_KEY_WRAP_KWP
#define CKM_AES_KEY_WRAP_KWP 0x210bUL
#endif

#define IV_SIZE	 12u
#define TAG_SIZE 16u
#define GROWTH	 32u	/* more than any of them adds, but for RSA */

static const struct envol_pkcs11_algorithm algorithms[] = {
	{ "A256GCM", CKO_SECRET_KEY, CKM_AES_GCM, 0 },
	{ "A256KWP", CKO_SECRET_KEY, CKM_AES_KEY_WRAP_KWP, 0 },
	{ "A256KW-PAD", CKO_SECRET_KEY, CKM_AES_KEY_WRAP_PAD, 0 },
	{ "A256KW", CKO_SECRET_KEY, CKM_AES_KEY_WRAP, 0 },
	{ "RSA-OAEP-256", CKO_PRIVATE_KEY, CKM_RSA_PKCS_OAEP,
	  ENVOL_OAEP_SHA256 },
	{ "RSA-OAEP", CKO_PRIVATE_KEY, CKM_RSA_PKCS_OAEP, ENVOL_OAEP_SHA1 },
};

const struct envol_pkcs11_algorithm *envol_pkcs11_algorithm_at(size_t i)
{
	return i < ENVOL_ARRAY_SIZE(algorithms) ? &algorithms[i] : NULL;
}

const struct envol_pkcs11_algorithm *envol_pkcs11_algorithm_find(const char *name)
{
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(algorithms); i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

/* ---- mechanisms with their parameters -------------------------------------------- */

struct mechanism {
	CK_MECHANISM ck;
	CK_RSA_PKCS_OAEP_PARAMS oaep;
	CK_GCM_PARAMS gcm;
	uint8_t iv[IV_SIZE];
};

static void init(struct mechanism *mechanism,
		 const struct envol_pkcs11_algorithm *how,
		 const struct envol_blob *aad)
{
	bool is_sha1 = how->hash == ENVOL_OAEP_SHA1;

	memset(mechanism, 0, sizeof(*mechanism));
	mechanism->ck.mechanism = how->mechanism;
	if (how->mechanism == CKM_AES_GCM) {
		/* Its members have other names in p11-kit 0.25 than before. */
		mechanism->gcm = (CK_GCM_PARAMS){
			mechanism->iv, IV_SIZE, 8 * IV_SIZE,
			aad->data, aad->len, 8 * TAG_SIZE,
		};
		mechanism->ck.pParameter = &mechanism->gcm;
		mechanism->ck.ulParameterLen = sizeof(mechanism->gcm);
	} else if (how->mechanism == CKM_RSA_PKCS_OAEP) {
		mechanism->oaep = (CK_RSA_PKCS_OAEP_PARAMS){
			.hashAlg = is_sha1 ? CKM_SHA_1 : CKM_SHA256,
			.mgf = is_sha1 ? CKG_MGF1_SHA1 : CKG_MGF1_SHA256,
			.source = CKZ_DATA_SPECIFIED,
		};
		mechanism->ck.pParameter = &mechanism->oaep;
		mechanism->ck.ulParameterLen = sizeof(mechanism->oaep);
	}
}

static CK_FLAGS offered(struct envol_pkcs11_session *session,
			const struct envol_pkcs11_algorithm *how)
{
	CK_MECHANISM_INFO info = { 0 };

	if (session->token.module->C_GetMechanismInfo(
		    session->token.slot, how->mechanism, &info) != CKR_OK)
		return 0;
	return info.flags;
}

bool envol_pkcs11_algorithm_is_offered(struct envol_pkcs11_session *session,
				       const struct envol_pkcs11_algorithm *how)
{
	return offered(session, how) &
	       (CKF_ENCRYPT | CKF_DECRYPT | CKF_WRAP | CKF_UNWRAP);
}

/* ---- calls into the token: what it says of lengths is not believed ----------------- */

static int said(struct envol_pkcs11_session *session,
		const struct envol_pkcs11_algorithm *how, const char *function,
		CK_RV rv)
{
	session->rv = rv;
	if (rv == CKR_OK)
		return 0;
	return envol_ckr_error(session->ev, rv, "%s by %s (%s)", how->name,
			       session->token.label, function);
}

static int check_len(struct envol_pkcs11_session *session, CK_ULONG len,
		     size_t room)
{
	if (len > 0 && len <= room)
		return 0;
	return envol_error(session->ev, -EPROTO,
			   "%s says that it gave %lu bytes where there was room for %zu",
			   session->token.label, len, room);
}

static int confirm(struct envol_pkcs11_session *session,
		   const struct envol_pkcs11_key *kek)
{
	return kek->asks_each_time ? envol_pkcs11_session_confirm(session) : 0;
}

static int encrypt(struct envol_pkcs11_session *session,
		   const struct envol_pkcs11_key *kek,
		   const struct envol_pkcs11_algorithm *how,
		   struct mechanism *mechanism, const struct envol_secret *key,
		   uint8_t *out, CK_ULONG *len)
{
	CK_FUNCTION_LIST *module = session->token.module;
	int err;

	err = said(session, how, "C_EncryptInit",
		   module->C_EncryptInit(session->handle, &mechanism->ck,
					 kek->handle));
	if (!err)
		err = confirm(session, kek);
	if (err)
		return err;
	return said(session, how, "C_Encrypt",
		    module->C_Encrypt(session->handle, key->data, key->len, out,
				      len));
}

static int decrypt(struct envol_pkcs11_session *session,
		   const struct envol_pkcs11_key *kek,
		   const struct envol_pkcs11_algorithm *how,
		   struct mechanism *mechanism, const uint8_t *bytes, size_t len,
		   struct envol_secret *key)
{
	CK_FUNCTION_LIST *module = session->token.module;
	_cleanup_secret_ struct envol_secret out = ENVOL_SECRET_INIT;
	CK_ULONG n = len;
	int err;

	err = envol_secret_alloc(session->ev, &out, len);
	if (!err)
		err = said(session, how, "C_DecryptInit",
			   module->C_DecryptInit(session->handle,
						 &mechanism->ck, kek->handle));
	if (!err)
		err = confirm(session, kek);
	if (!err)
		err = said(session, how, "C_Decrypt",
			   module->C_Decrypt(session->handle, (CK_BYTE *)bytes,
					     len, out.data, &n));
	if (!err)
		err = check_len(session, n, out.len);
	if (err)
		return err;
	envol_secret_truncate(&out, n);
	envol_secret_move(key, &out);
	return 0;
}

/* C_WrapKey takes objects alone: the key becomes one for a moment. */
static int put_object(struct envol_pkcs11_session *session,
		      const struct envol_pkcs11_algorithm *how,
		      const struct envol_secret *key, CK_OBJECT_HANDLE *object)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_TOKEN, &no, sizeof(no) },
		{ CKA_SENSITIVE, &no, sizeof(no) },
		{ CKA_EXTRACTABLE, &yes, sizeof(yes) },
		{ CKA_VALUE, key->data, key->len },
	};

	return said(session, how, "C_CreateObject",
		    session->token.module->C_CreateObject(
			    session->handle, template,
			    ENVOL_ARRAY_SIZE(template), object));
}

static int wrap_object(struct envol_pkcs11_session *session,
		       const struct envol_pkcs11_key *kek,
		       const struct envol_pkcs11_algorithm *how,
		       struct mechanism *mechanism,
		       const struct envol_secret *key, uint8_t *out,
		       CK_ULONG *len)
{
	CK_FUNCTION_LIST *module = session->token.module;
	CK_OBJECT_HANDLE object = 0;
	int err = put_object(session, how, key, &object);

	if (err)
		return err;
	err = said(session, how, "C_WrapKey",
		   module->C_WrapKey(session->handle, &mechanism->ck,
				     kek->handle, object, out, len));
	module->C_DestroyObject(session->handle, object);
	return err;
}

static int take_object(struct envol_pkcs11_session *session,
		       const struct envol_pkcs11_algorithm *how,
		       CK_OBJECT_HANDLE object, struct envol_secret *key)
{
	_cleanup_secret_ struct envol_secret out = ENVOL_SECRET_INIT;
	CK_ATTRIBUTE value = { CKA_VALUE, NULL, ENVOL_KEK_KEY_MAX };
	int err = envol_secret_alloc(session->ev, &out, ENVOL_KEK_KEY_MAX);

	if (err)
		return err;
	value.pValue = out.data;
	err = said(session, how, "C_GetAttributeValue",
		   session->token.module->C_GetAttributeValue(
			   session->handle, object, &value, 1));
	if (!err)
		err = check_len(session, value.ulValueLen, out.len);
	if (err)
		return err;
	envol_secret_truncate(&out, value.ulValueLen);
	envol_secret_move(key, &out);
	return 0;
}

static int unwrap_object(struct envol_pkcs11_session *session,
			 const struct envol_pkcs11_key *kek,
			 const struct envol_pkcs11_algorithm *how,
			 struct mechanism *mechanism, const uint8_t *bytes,
			 size_t len, struct envol_secret *key)
{
	CK_FUNCTION_LIST *module = session->token.module;
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_TOKEN, &no, sizeof(no) },
		{ CKA_SENSITIVE, &no, sizeof(no) },
		{ CKA_EXTRACTABLE, &yes, sizeof(yes) },
	};
	CK_OBJECT_HANDLE object = 0;
	int err;

	err = said(session, how, "C_UnwrapKey",
		   module->C_UnwrapKey(session->handle, &mechanism->ck,
				       kek->handle, (CK_BYTE *)bytes, len,
				       template, ENVOL_ARRAY_SIZE(template),
				       &object));
	if (err)
		return err;
	err = take_object(session, how, object, key);
	module->C_DestroyObject(session->handle, object);
	return err;
}

/* ---- one wrap, one unwrap --------------------------------------------------------- */

int envol_pkcs11_wrap(struct envol_pkcs11_session *session,
		      const struct envol_pkcs11_key *kek,
		      const struct envol_pkcs11_algorithm *how,
		      const struct envol_blob *aad,
		      const struct envol_secret *key, struct envol_blob *bytes)
{
	uint8_t out[ENVOL_KEK_KEY_MAX + GROWTH];
	struct mechanism mechanism;
	CK_ULONG len = sizeof(out);
	int err = 0;

	session->rv = CKR_OK;
	if (how->class == CKO_PRIVATE_KEY)
		return envol_oaep_wrap(session->ev, &kek->public, how->hash, key,
				       bytes);
	init(&mechanism, how, aad);
	if (how->mechanism == CKM_AES_GCM)
		err = envol_random_bytes(session->ev, mechanism.iv, IV_SIZE);
	if (err)
		return err;
	if (kek->encrypt && offered(session, how) & CKF_ENCRYPT)
		err = encrypt(session, kek, how, &mechanism, key, out, &len);
	else
		err = wrap_object(session, kek, how, &mechanism, key, out, &len);
	if (!err)
		err = check_len(session, len, sizeof(out));
	if (err)
		return err;
	envol_blob_free(bytes);
	/* Behind the call: some tokens choose the IV themselves, and write it there. */
	if ((how->mechanism == CKM_AES_GCM &&
	     envol_blob_append(bytes, mechanism.iv, IV_SIZE)) ||
	    envol_blob_append(bytes, out, len))
		return envol_error(session->ev, -ENOMEM, "out of memory");
	return 0;
}

static int check_bytes(struct envol_pkcs11_session *session,
		       const struct envol_pkcs11_key *kek,
		       const struct envol_pkcs11_algorithm *how, size_t len)
{
	bool ok = len >= 16 && len % 8 == 0;

	if (how->mechanism == CKM_AES_GCM)
		ok = len > IV_SIZE + TAG_SIZE &&
		     len <= IV_SIZE + ENVOL_KEK_KEY_MAX + TAG_SIZE;
	else if (how->class == CKO_PRIVATE_KEY)
		ok = len == (kek->bits + 7) / 8;
	if (ok)
		return 0;
	return envol_error(session->ev, -EBADMSG,
			   "%zu bytes are nothing that this key wrapped with %s",
			   len, how->name);
}

int envol_pkcs11_unwrap(struct envol_pkcs11_session *session,
			const struct envol_pkcs11_key *kek,
			const struct envol_pkcs11_algorithm *how,
			const struct envol_blob *aad,
			const struct envol_blob *bytes,
			struct envol_secret *key)
{
	const uint8_t *at = bytes->data;
	struct mechanism mechanism;
	size_t len = bytes->len;
	int err;

	session->rv = CKR_OK;
	err = check_bytes(session, kek, how, len);
	if (err)
		return err;
	init(&mechanism, how, aad);
	if (how->mechanism == CKM_AES_GCM) {
		memcpy(mechanism.iv, at, IV_SIZE);
		at += IV_SIZE;
		len -= IV_SIZE;
	}
	if (kek->decrypt && offered(session, how) & CKF_DECRYPT)
		err = decrypt(session, kek, how, &mechanism, at, len, key);
	else
		err = unwrap_object(session, kek, how, &mechanism, at, len, key);
	if (!err && key->len > ENVOL_KEK_KEY_MAX) {
		envol_secret_wipe(key);
		err = envol_error(session->ev, -EBADMSG,
				  "it unwraps to more than the %d bytes of a key",
				  ENVOL_KEK_KEY_MAX);
	}
	return err;
}
