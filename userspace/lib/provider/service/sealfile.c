// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/crypto/keywrap.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/credential.h"
#include "userspace/lib/provider/service/enrol.h"
#include "userspace/lib/provider/service/rootfile.h"
#include "userspace/lib/provider/service/sealfile.h"
#include "userspace/lib/provider/service/stamp.h"
#include "userspace/lib/provider/service/text.h"

#define KEY_SIZE 32u
#define WRAPPED_MAX (ENVOL_KEYWRAP_MAX + 8u)

static const struct envol_seal_subject subject = {
	.name = "this secret",
	.lost = "seal it anew here (envol credential seal) from where it came",
	.changed = "use another KEK or a recovery key, find out who changed it, then `envol credential seal` anew",
};

static int need_tpm(struct envol *ev, char **tcti)
{
	int err = envol_seal_find(ev, tcti);

	if (err || *tcti)
		return err;
	return envol_error(ev, -ENODEV, "a TPM is needed, and %s",
			   *ev->tpm ? "the configuration says to use none" :
				      "this host has none now (no /dev/tpmrm0: firmware setup, kernel module?)");
}

static int derive(struct envol *ev, const struct envol_secret *sealed,
		  const void *head, size_t head_len, struct envol_secret *key)
{
	return envol_digest_hkdf(ev, sealed, NULL, 0, head, head_len, key,
				 KEY_SIZE);
}

/* ---- making one ---- */

static int check(struct envol *ev, const struct envol_secret *content,
		 const struct envol_policy *policy)
{
	if (policy->pin)
		return envol_error(ev, -EINVAL,
				   "where somebody is there to type a PIN, no secret has to lie in a file: choose a policy without one");
	if (content->len == 0)
		return envol_error(ev, -ENODATA, "there is nothing to seal");
	if (content->len > ENVOL_KEYWRAP_MAX)
		return envol_error(ev, -EFBIG,
				   "%zu bytes: not more than %d can be sealed",
				   content->len, ENVOL_KEYWRAP_MAX);
	return 0;
}

static int seal_and_wrap(struct envol *ev, const struct envol_secret *content,
			 const struct envol_blob *head, struct envol_seal *seal,
			 struct envol_blob *wrapped)
{
	_cleanup_secret_ struct envol_secret sealed = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	const struct envol_secret no_pin = ENVOL_SECRET_INIT;
	_cleanup_free_ char *tcti = NULL;
	int err = need_tpm(ev, &tcti);

	if (!err)
		err = envol_random_secret(ev, &sealed, KEY_SIZE);
	if (!err)
		err = derive(ev, &sealed, head->data, head->len, &key);
	if (!err)
		err = envol_keywrap_wrap(ev, &key, content, wrapped);
	return err ? err : envol_seal_seal(ev, tcti, &sealed, &no_pin, seal);
}

static int add_wrapped(struct envol *ev, const struct envol_blob *wrapped,
		       struct envol_blob *file)
{
	char hex[2 * WRAPPED_MAX + 1];

	envol_hex_encode(hex, wrapped->data, wrapped->len);
	return envol_stamp_add(ev, file, "data %s\n", hex);
}

int envol_sealfile_make(struct envol *ev, const char *setting,
			const struct envol_secret *content,
			const struct envol_key_reseal *how,
			struct envol_blob *file)
{
	_cleanup_blob_ struct envol_blob wrapped = ENVOL_BLOB_INIT;
	_cleanup_seal_ struct envol_seal seal = ENVOL_SEAL_INIT;
	int err;

	seal.subject = &subject;
	err = envol_enrol_policy(ev, how, &seal.policy);
	if (!err)
		err = check(ev, content, &seal.policy);
	if (!err)
		err = envol_stamp_add(ev, file, ENVOL_CREDENTIAL_FORMAT "for %s %s\n",
				      setting, how->boot ? "boot" : "any");
	if (!err)
		err = seal_and_wrap(ev, content, file, &seal, &wrapped);
	if (!err)
		err = envol_rootfile_put_seal(ev, file, &seal);
	return err ? err : add_wrapped(ev, &wrapped, file);
}

/* ---- opening one ---- */

static bool parse(struct envol *ev, const struct envol_blob *file,
		  const struct envol_credential_head *head,
		  struct envol_seal *seal, struct envol_blob *wrapped)
{
	struct envol_text text = { (const char *)file->data + head->len,
				   (const char *)file->data + file->len };
	uint8_t bytes[WRAPPED_MAX];
	size_t len;

	if (!envol_rootfile_take_seal(ev, &text, seal) || seal->policy.pin ||
	    head->boot != !!(seal->policy.pcrs & 1u << ENVOL_POLICY_BOOT_PCR) ||
	    !envol_text_take(&text, "data "))
		return false;
	len = (size_t)(text.end - text.at) / 2;
	return len > 0 && len <= sizeof(bytes) &&
	       envol_text_hex(&text, bytes, len) &&
	       envol_text_take(&text, "\n") && text.at == text.end &&
	       envol_blob_append(wrapped, bytes, len) == 0;
}

static int damaged(struct envol *ev)
{
	return envol_error(ev, -EBADMSG,
			   "the sealed file is damaged or was changed; seal the secret anew (envol credential seal) from where it came");
}

static int unwrap(struct envol *ev, const struct envol_secret *sealed,
		  const struct envol_blob *file,
		  const struct envol_credential_head *head,
		  const struct envol_blob *wrapped, struct envol_secret *content)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	int err;

	if (sealed->len != KEY_SIZE)
		return damaged(ev);
	err = derive(ev, sealed, file->data, head->len, &key);
	if (!err)
		err = envol_keywrap_unwrap(ev, &key, wrapped->data,
					   wrapped->len, content);
	return err == -EBADMSG ? damaged(ev) : err;
}

int envol_sealfile_open(struct envol *ev, const char *setting,
			const struct envol_blob *file,
			struct envol_secret *content)
{
	_cleanup_secret_ struct envol_secret sealed = ENVOL_SECRET_INIT;
	_cleanup_blob_ struct envol_blob wrapped = ENVOL_BLOB_INIT;
	_cleanup_seal_ struct envol_seal seal = ENVOL_SEAL_INIT;
	const struct envol_secret no_pin = ENVOL_SECRET_INIT;
	struct envol_credential_head head;
	_cleanup_free_ char *tcti = NULL;
	int err = envol_credential_take_head(ev, setting, file->data, file->len,
					     &head);

	if (err)
		return err;
	seal.subject = &subject;
	if (!parse(ev, file, &head, &seal, &wrapped))
		return damaged(ev);
	err = need_tpm(ev, &tcti);
	if (!err)
		err = envol_seal_unseal(ev, tcti, &seal, 1, &no_pin, &sealed);
	if (err == -EBADMSG)
		return damaged(ev);
	return err ? err : unwrap(ev, &sealed, file, &head, &wrapped, content);
}
