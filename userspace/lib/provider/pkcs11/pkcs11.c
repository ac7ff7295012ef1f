// SPDX-License-Identifier: LGPL-2.1-or-later
/* KEKs in a customer's own hardware, reached through his vendor's PKCS#11 module. */
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/pkcs11/describe.h"
#include "userspace/lib/provider/pkcs11/generate.h"
#include "userspace/lib/provider/pkcs11/sign.h"
#include "userspace/lib/provider/pkcs11/turn.h"
#include "userspace/lib/provider/pkcs11/wrap.h"
#include "userspace/lib/provider/provider.h"

static void pkcs11_close(struct envol_kek *kek)
{
	envol_pkcs11_keys_free(kek->keys, kek->n_keys);
	envol_pkcs11_session_close(&kek->session);
	free(kek);
}

static int open_kek(struct envol_kek *kek)
{
	int err = envol_pkcs11_find_token(kek->ev, &kek->name,
					  &kek->session.token);

	if (!err)
		err = envol_pkcs11_session_open(&kek->session);
	envol_pkcs11_turn_end();
	if (!err)
		err = envol_pkcs11_kek_find_keys(kek);
	if (envol_pkcs11_kek_is_worth_another(kek, err))
		err = envol_pkcs11_kek_renew(kek);
	return err;
}

static int start(struct envol *ev, const struct envol_uri *uri,
		 struct envol_deadline deadline, bool is_writable,
		 struct envol_kek **kek)
{
	struct envol_kek *new = calloc(1, sizeof(*new));
	int err;

	if (!new)
		return envol_error(ev, -ENOMEM, "out of memory");
	new->ev = ev;
	new->session.ev = ev;
	new->session.deadline = deadline;
	new->session.is_writable = is_writable;
	strcpy(new->uri, uri->text);
	err = envol_pkcs11_parse(ev, uri->path, &new->name);
	if (!err)
		err = open_kek(new);
	if (err) {
		pkcs11_close(new);
		return err;
	}
	*kek = new;
	return 0;
}

static int pkcs11_open(struct envol *ev, const struct envol_uri *uri,
		       struct envol_deadline deadline, struct envol_kek **kek)
{
	int err = start(ev, uri, deadline, false, kek);

	if (err || (*kek)->n_keys)
		return err;
	envol_error(ev, -ENOENT,
		    "%s has no such key: none that is private, of AES or RSA, with this label and id; one without CKA_PRIVATE (pkcs11-tool makes them without --private) is not looked at",
		    (*kek)->session.token.label);
	pkcs11_close(*kek);
	*kek = NULL;
	return -ENOENT;
}

/* ---- the rest ------------------------------------------------------------------------------ */

static int pkcs11_describe(struct envol_kek *kek, struct envol_key_info *info)
{
	int err = envol_pkcs11_kek_check_versions(kek);

	return err ? err : envol_pkcs11_describe(kek->ev, &kek->session.token,
						 kek->keys, kek->n_keys, info);
}

static int pkcs11_rotate(struct envol_kek *kek)
{
	int err = envol_pkcs11_kek_check_versions(kek);

	if (err)
		return err;
	if (kek->name.values[ENVOL_PKCS11_ID].len ||
	    !kek->name.values[ENVOL_PKCS11_OBJECT].len)
		return envol_error(kek->ev, -EOPNOTSUPP,
				   "id= in the URI names one key, which has no other version: name it by its label, object=, or create another and add that to the volume (envol rekey)");
	kek->session.is_writable = true;
	err = envol_pkcs11_kek_renew(kek);
	if (!err && !kek->n_keys)
		err = envol_pkcs11_kek_gone(kek);
	if (!err)
		err = envol_pkcs11_kek_check_type(kek);
	if (!err)
		err = envol_pkcs11_generate(&kek->session, &kek->name,
					    envol_pkcs11_kek_newest(kek));
	if (!err)
		err = envol_pkcs11_kek_find_keys(kek);
	return err || kek->n_keys ? err : envol_pkcs11_kek_gone(kek);
}

static int pkcs11_random(struct envol_kek *kek, struct envol_secret *bytes)
{
	_cleanup_secret_ struct envol_secret fresh = ENVOL_SECRET_INIT;
	int err = envol_secret_alloc(kek->ev, &fresh, ENVOL_KEK_KEY_MAX);

	if (!err)
		err = envol_pkcs11_session_random(&kek->session, &fresh);
	if (envol_pkcs11_kek_is_worth_another(kek, err)) {
		err = envol_pkcs11_kek_renew(kek);
		if (!err)
			err = envol_pkcs11_session_random(&kek->session, &fresh);
	}
	if (!err)
		envol_secret_move(bytes, &fresh);
	return err;
}

static int sign_newest(struct envol_kek *kek, const char *algorithm,
		       const struct envol_blob *digest,
		       struct envol_blob *signature)
{
	if (!kek->n_keys)
		return envol_pkcs11_kek_gone(kek);
	return envol_pkcs11_sign(&kek->session, envol_pkcs11_kek_newest(kek),
				 algorithm, digest, signature);
}

static int pkcs11_sign(struct envol_kek *kek, const char *algorithm,
		       const struct envol_blob *digest,
		       struct envol_blob *signature)
{
	int err = envol_pkcs11_kek_check_versions(kek);

	if (!err)
		err = sign_newest(kek, algorithm, digest, signature);
	if (envol_pkcs11_kek_is_worth_another(kek, err)) {
		err = envol_pkcs11_kek_renew(kek);
		if (!err)
			err = sign_newest(kek, algorithm, digest, signature);
	}
	return err;
}

static int pkcs11_create(struct envol *ev, const struct envol_uri *uri,
			 struct envol_deadline deadline)
{
	struct envol_kek *kek = NULL;
	int err = start(ev, uri, deadline, true, &kek);

	if (err)
		return err;
	if (kek->n_keys)
		err = envol_error(ev, -EEXIST,
				  "%s has such a key; `envol key rotate` gives it a new version",
				  kek->session.token.label);
	else if (!kek->name.values[ENVOL_PKCS11_OBJECT].len)
		err = envol_error(ev, -EINVAL,
				  "a new key needs a label: object= in the URI");
	else
		err = envol_pkcs11_generate(&kek->session, &kek->name, NULL);
	pkcs11_close(kek);
	return err;
}

ENVOL_PROVIDER(pkcs11) = {
	.scheme = "pkcs11",
	.open = pkcs11_open,
	.close = pkcs11_close,
	.describe = pkcs11_describe,
	.wrap = envol_pkcs11_kek_wrap,
	.unwrap = envol_pkcs11_kek_unwrap,
	.random = pkcs11_random,
	.sign = pkcs11_sign,
	.rotate = pkcs11_rotate,
	.create = pkcs11_create,
	.list = envol_pkcs11_list,
};
