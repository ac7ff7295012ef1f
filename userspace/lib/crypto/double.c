// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/crypto/double.h"
#include "userspace/lib/crypto/keywrap.h"

#define KEY_SIZE 32

static const char constant[] = "envol double key 1";

static int append_string(struct envol_blob *info, const char *text)
{
	return envol_blob_append_prefixed(info, text, strlen(text));
}

static int encode_info(struct envol *ev, const struct envol_double *bound,
		       struct envol_blob *info)
{
	int i, err;

	err = append_string(info, constant);
	if (!err)
		err = envol_blob_append_prefixed(info, bound->volume_id,
						 sizeof(bound->volume_id));
	for (i = 0; !err && i < 2; i++) {
		err = append_string(info, bound->parts[i].uri);
		if (!err)
			err = append_string(info, bound->parts[i].version);
	}
	return err ? envol_error(ev, err, "out of memory") : 0;
}

static int derive(struct envol *ev, const struct envol_double *bound,
		  const struct envol_secret shares[2], struct envol_secret *key)
{
	_cleanup_secret_ struct envol_secret both = ENVOL_SECRET_INIT;
	_cleanup_blob_ struct envol_blob info = ENVOL_BLOB_INIT;
	int err;

	if (shares[0].len != ENVOL_DOUBLE_SHARE_SIZE ||
	    shares[1].len != ENVOL_DOUBLE_SHARE_SIZE)
		return envol_error(ev, -EINVAL,
				   "double key: shares of %zu and %zu bytes, not of %d",
				   shares[0].len, shares[1].len,
				   ENVOL_DOUBLE_SHARE_SIZE);
	err = encode_info(ev, bound, &info);
	if (!err)
		err = envol_secret_alloc(ev, &both, 2 * ENVOL_DOUBLE_SHARE_SIZE);
	if (err)
		return err;
	memcpy(both.data, shares[0].data, ENVOL_DOUBLE_SHARE_SIZE);
	memcpy(both.data + ENVOL_DOUBLE_SHARE_SIZE, shares[1].data,
	       ENVOL_DOUBLE_SHARE_SIZE);
	return envol_digest_hkdf(ev, &both, NULL, 0, info.data, info.len, key,
				 KEY_SIZE);
}

int envol_double_wrap(struct envol *ev, const struct envol_double *bound,
		      const struct envol_secret shares[2],
		      const struct envol_secret *dek, struct envol_blob *wrapped)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	int err = derive(ev, bound, shares, &key);

	return err ? err : envol_keywrap_wrap(ev, &key, dek, wrapped);
}

int envol_double_unwrap(struct envol *ev, const struct envol_double *bound,
			const struct envol_secret shares[2],
			const struct envol_blob *wrapped,
			struct envol_secret *dek)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	int err = derive(ev, bound, shares, &key);

	if (err)
		return err;
	return envol_keywrap_unwrap(ev, &key, wrapped->data, wrapped->len, dek);
}
