// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/pkcs11/ckr.h"
#include "userspace/lib/provider/pkcs11/sign.h"

#define SIGNATURE_MAX 512u	/* of RSA-4096 */
#define INFO_SIZE     19u
#define DIGEST_MAX    64u

/* CKM_RSA_PKCS pads and no more: RFC 8017, 9.2, has what goes before the digest. */
static const struct algorithm {
	const char *name;
	CK_MECHANISM_TYPE mechanism;
	CK_MECHANISM_TYPE hash;	/* of PSS */
	CK_RSA_PKCS_MGF_TYPE mgf;
	size_t digest_len;
	uint8_t info[INFO_SIZE];	/* of PKCS#1 */
} algorithms[] = {
	{ "PS256", CKM_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, 32, { 0 } },
	{ "PS384", CKM_RSA_PKCS_PSS, CKM_SHA384, CKG_MGF1_SHA384, 48, { 0 } },
	{ "PS512", CKM_RSA_PKCS_PSS, CKM_SHA512, CKG_MGF1_SHA512, 64, { 0 } },
	{ "RS256", CKM_RSA_PKCS, 0, 0, 32,
	  { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
	    0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 } },
	{ "RS384", CKM_RSA_PKCS, 0, 0, 48,
	  { 0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
	    0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30 } },
	{ "RS512", CKM_RSA_PKCS, 0, 0, 64,
	  { 0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
	    0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40 } },
};

static const struct algorithm *find(const char *name)
{
	size_t i;

	for (i = 0; name && i < ENVOL_ARRAY_SIZE(algorithms); i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

static int check(struct envol_pkcs11_session *session,
		 const struct envol_pkcs11_key *key,
		 const struct algorithm *how, const struct envol_blob *digest)
{
	char type[ENVOL_PKCS11_TYPE_SIZE];

	if (!how || digest->len != how->digest_len)
		return envol_error(session->ev, -EINVAL,
				   "%zu bytes are not what a signature is made of",
				   digest->len);
	if (key->class == CKO_PRIVATE_KEY)
		return 0;
	return envol_error(session->ev, -EINVAL,
			   "the key in %s is %s, which signs nothing: one of RSA does",
			   session->token.label,
			   envol_pkcs11_key_type(key, type));
}

static int said(struct envol_pkcs11_session *session,
		const struct algorithm *how, const char *function, CK_RV rv)
{
	session->rv = rv;
	if (rv == CKR_OK)
		return 0;
	return envol_ckr_error(session->ev, rv, "a signature (%s) by %s (%s)",
			       how->name, session->token.label, function);
}

int envol_pkcs11_sign(struct envol_pkcs11_session *session,
		      const struct envol_pkcs11_key *key, const char *algorithm,
		      const struct envol_blob *digest,
		      struct envol_blob *signature)
{
	CK_FUNCTION_LIST *module = session->token.module;
	const struct algorithm *how = find(algorithm);
	CK_RSA_PKCS_PSS_PARAMS pss = { 0 };
	CK_MECHANISM mechanism = { 0 };
	uint8_t text[INFO_SIZE + DIGEST_MAX], out[SIGNATURE_MAX];
	CK_ULONG n = sizeof(out);
	size_t len = 0;
	int err;

	session->rv = CKR_OK;
	err = check(session, key, how, digest);
	if (err)
		return err;
	mechanism.mechanism = how->mechanism;
	if (how->mechanism == CKM_RSA_PKCS_PSS) {
		pss = (CK_RSA_PKCS_PSS_PARAMS){ how->hash, how->mgf,
						how->digest_len };
		mechanism.pParameter = &pss;
		mechanism.ulParameterLen = sizeof(pss);
	} else {
		memcpy(text, how->info, INFO_SIZE);
		len = INFO_SIZE;
	}
	memcpy(text + len, digest->data, digest->len);
	len += digest->len;
	err = said(session, how, "C_SignInit",
		   module->C_SignInit(session->handle, &mechanism, key->handle));
	if (!err && key->asks_each_time)
		err = envol_pkcs11_session_confirm(session);
	if (!err)
		err = said(session, how, "C_Sign",
			   module->C_Sign(session->handle, text, len, out, &n));
	if (err)
		return err;
	if (n == 0 || n > sizeof(out))
		return envol_error(session->ev, -EPROTO,
				   "%s says that it gave a signature of %lu bytes where there was room for %zu",
				   session->token.label, n, sizeof(out));
	return envol_blob_append(signature, out, n) ?
		       envol_error(session->ev, -ENOMEM, "out of memory") : 0;
}
