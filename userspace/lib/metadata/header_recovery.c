// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A keyslot can't be written together with the token that seals it, and a header
 * whose seal lists other keyslots than it has does not open. So the token first
 * calls the keyslot pending, which takes it out of what is sealed; then the
 * keyslot comes or goes; then the token lists what is there.
 */
#include <errno.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/metadata/header_state.h"

#define NONE ENVOL_TOKEN_KEYSLOT	/* never a recovery keyslot */

/* The keyslot besides that of stock tools; NONE. */
static unsigned int find_recovery(const struct envol_header *h)
{
	unsigned int i;

	for (i = 0; i < h->layout.n_keyslots; i++)
		if (h->layout.keyslots[i].number != ENVOL_TOKEN_KEYSLOT)
			return h->layout.keyslots[i].number;
	return NONE;
}

static int set_pending(struct envol *ev, struct envol_header *h,
		       const struct envol_secret *dek, unsigned int number)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	int err;

	if (h->token.pending_keyslot == number)
		return 0;
	err = envol_token_copy(ev, &h->token, &token);
	if (err)
		return err;
	token.pending_keyslot = number;
	return envol_header_write_token(ev, h, dek, &token);
}

static int remove_keyslot(struct envol *ev, struct envol_header *h,
			  unsigned int number)
{
	int err = 0;

	if (envol_layout_has_keyslot(&h->layout, number))
		err = envol_luks_remove_keyslot(ev, h->luks, number);
	return err ? err : envol_header_refresh(ev, h);
}

int envol_header_add_recovery(struct envol *ev, struct envol_header *h,
			      const struct envol_secret *dek,
			      const struct envol_secret *passphrase)
{
	unsigned int number = h->token.pending_keyslot;
	int err = envol_header_verify(ev, h, dek);

	if (err)
		return err;
	if (number == NONE && find_recovery(h) != NONE)
		return envol_error(ev, -EEXIST,
				   "%s: has a recovery key already; remove it first",
				   envol_header_path(h));
	if (number == NONE)
		number = ENVOL_TOKEN_KEYSLOT + 1;
	err = set_pending(ev, h, dek, number);
	/* One that an earlier call left was never told to anyone. */
	if (!err)
		err = remove_keyslot(ev, h, number);
	if (!err)
		err = envol_luks_add_keyslot(ev, h->luks, number, dek, passphrase);
	if (!err)
		err = envol_header_refresh(ev, h);
	return err ? err : set_pending(ev, h, dek, NONE);
}

int envol_header_remove_recovery(struct envol *ev, struct envol_header *h,
				 const struct envol_secret *dek)
{
	unsigned int number = h->token.pending_keyslot;
	int err = envol_header_verify(ev, h, dek);

	if (err)
		return err;
	if (number == NONE)
		number = find_recovery(h);
	if (number == NONE)
		return envol_error(ev, -ENOENT, "%s: has no recovery key",
				   envol_header_path(h));
	err = set_pending(ev, h, dek, number);
	if (!err)
		err = remove_keyslot(ev, h, number);
	return err ? err : set_pending(ev, h, dek, NONE);
}

int envol_header_recover(struct envol *ev, struct envol_header *h,
			 const struct envol_secret *passphrase,
			 struct envol_secret *dek)
{
	int err = -ENOENT;
	unsigned int i;

	for (i = 0; i < h->layout.n_keyslots; i++) {
		if (h->layout.keyslots[i].number == ENVOL_TOKEN_KEYSLOT)
			continue;
		err = envol_luks_unlock(ev, h->luks, h->layout.keyslots[i].number,
					passphrase, h->layout.key_size, dek);
		if (err != -EPERM)
			return err;
	}
	if (err == -ENOENT)
		return envol_error(ev, err, "%s: has no recovery key",
				   envol_header_path(h));
	return envol_error(ev, err, "%s: not its recovery key",
			   envol_header_path(h));
}
