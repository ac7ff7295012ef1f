// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/crypto/random.h"

#define OWN_MIN 32	/* less would bound the result below the hash's strength */

static const char mix_info[] = "envol random mix 1";

int envol_random_bytes(struct envol *ev, void *data, size_t len)
{
	uint8_t *at = data;

	while (len > 0) {
		ssize_t got = getrandom(at, len, 0);

		if (got < 0) {
			if (errno == EINTR)
				continue;
			return envol_error_errno(ev, -errno, "getrandom");
		}
		at += got;
		len -= (size_t)got;
	}
	return 0;
}

int envol_random_secret(struct envol *ev, struct envol_secret *secret,
			size_t len)
{
	_cleanup_secret_ struct envol_secret fresh = ENVOL_SECRET_INIT;
	int err;

	err = envol_secret_alloc(ev, &fresh, len);
	if (err)
		return err;
	err = envol_random_bytes(ev, fresh.data, len);
	if (err)
		return err;
	envol_secret_move(secret, &fresh);
	return 0;
}

int envol_random_mix(struct envol *ev, struct envol_secret *own,
		     const struct envol_secret *external)
{
	_cleanup_secret_ struct envol_secret both = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret mixed = ENVOL_SECRET_INIT;
	int err;

	if (own->len < OWN_MIN)
		return envol_error(ev, -EINVAL,
				   "mix randomness: %zu bytes of our own, not %d or more",
				   own->len, OWN_MIN);
	if (external->len == 0)
		return envol_error(ev, -EINVAL,
				   "mix randomness: nothing to mix in");
	err = envol_secret_alloc(ev, &both, own->len + external->len);
	if (err)
		return err;
	memcpy(both.data, own->data, own->len);
	memcpy(both.data + own->len, external->data, external->len);
	err = envol_digest_hkdf(ev, &both, NULL, 0, mix_info, strlen(mix_info),
				&mixed, own->len);
	if (err)
		return err;
	envol_secret_move(own, &mixed);
	return 0;
}
