// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/crypto/double.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/kek.h"
#include "userspace/lib/volume/dek.h"

/* The two shares of a double key. */
struct shares {
	struct envol_secret of[2];
};

#define SHARES_INIT { { ENVOL_SECRET_INIT, ENVOL_SECRET_INIT } }
#define _cleanup_shares_ _cleanup_(wipe_shares)

static void wipe_shares(struct shares *shares)
{
	envol_secret_wipe(&shares->of[0]);
	envol_secret_wipe(&shares->of[1]);
}

static struct envol_double bound_to(const uint8_t *volume_id,
				    const struct envol_token_wrap *wrap)
{
	struct envol_double bound;
	int i;

	memcpy(bound.volume_id, volume_id, sizeof(bound.volume_id));
	for (i = 0; i < 2; i++) {
		bound.parts[i].uri = wrap->parts[i].uri;
		bound.parts[i].version = wrap->parts[i].version;
	}
	return bound;
}

/* ---- unwrap ---- */

static int unwrap_part(struct envol *ev, const uint8_t *volume_id,
		       const struct envol_token_part *part,
		       struct envol_secret *key)
{
	const struct envol_wrapped wrapped = {
		.version = part->version,
		.algorithm = part->algorithm,
		.bytes = part->bytes,
	};

	envol_log_debug(ev, "unwrap with %s, version %s", part->uri,
			part->version);
	return envol_kek_unwrap(ev, part->uri, volume_id, &wrapped, key);
}

static int unwrap_double(struct envol *ev, const uint8_t *volume_id,
			 const struct envol_token_wrap *wrap,
			 struct envol_secret *dek)
{
	const struct envol_double bound = bound_to(volume_id, wrap);
	_cleanup_shares_ struct shares shares = SHARES_INIT;
	int i, err = 0;

	for (i = 0; !err && i < 2; i++)
		err = unwrap_part(ev, volume_id, &wrap->parts[i],
				  &shares.of[i]);
	if (err)
		return err;
	/* A share of another length is another key than was wrapped. */
	err = envol_double_unwrap(ev, &bound, shares.of, &wrap->dek, dek);
	if (err)
		err = envol_error_while(ev, err == -EINVAL ? -EBADMSG : err,
					"double key of %s and %s",
					wrap->parts[0].uri, wrap->parts[1].uri);
	return err;
}

int envol_dek_unwrap(struct envol *ev,
		     const uint8_t volume_id[ENVOL_SEALED_ID_SIZE],
		     const struct envol_token_wrap *wrap,
		     struct envol_secret *dek)
{
	if (wrap->n_parts == 2)
		return unwrap_double(ev, volume_id, wrap, dek);
	return unwrap_part(ev, volume_id, &wrap->parts[0], dek);
}

/* ---- wrap ---- */

static int wrap_part(struct envol *ev, const uint8_t *volume_id,
		     const struct envol_secret *key,
		     struct envol_token_part *part)
{
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	int err = envol_kek_wrap(ev, part->uri, volume_id, key, &wrapped);

	if (err)
		return err;
	part->version = take_ptr(wrapped.version);
	part->algorithm = take_ptr(wrapped.algorithm);
	envol_blob_move(&part->bytes, &wrapped.bytes);
	return 0;
}

static int wrap_double(struct envol *ev, const uint8_t *volume_id,
		       const struct envol_secret *dek,
		       struct envol_token_wrap *wrap)
{
	_cleanup_shares_ struct shares shares = SHARES_INIT;
	struct envol_double bound;
	int i, err = 0;

	for (i = 0; !err && i < 2; i++) {
		err = envol_random_secret(ev, &shares.of[i],
					  ENVOL_DOUBLE_SHARE_SIZE);
		if (!err)
			err = wrap_part(ev, volume_id, &shares.of[i],
					&wrap->parts[i]);
	}
	if (err)
		return err;
	bound = bound_to(volume_id, wrap);
	return envol_double_wrap(ev, &bound, shares.of, dek, &wrap->dek);
}

static int prove(struct envol *ev, const uint8_t *volume_id,
		 const struct envol_secret *dek, struct envol_token_wrap *wrap)
{
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	int err = envol_dek_unwrap(ev, volume_id, wrap, &back);

	if (err)
		return err;
	if (!envol_secret_equal(dek, &back))
		return envol_error(ev, -EKEYREJECTED,
				   "%s%s%s unwraps to something else than the key that was wrapped",
				   wrap->parts[0].uri,
				   wrap->n_parts == 2 ? " with " : "",
				   wrap->n_parts == 2 ? wrap->parts[1].uri : "");
	wrap->proved = true;
	return 0;
}

static int name_parts(struct envol *ev, const struct envol_kek_choice *kek,
		      struct envol_token_wrap *wrap)
{
	int err = envol_kek_canonical(ev, kek->uri, &wrap->parts[0].uri);

	wrap->n_parts = kek->second ? 2 : 1;
	if (!err && kek->second)
		err = envol_kek_canonical(ev, kek->second, &wrap->parts[1].uri);
	if (!err && kek->second &&
	    strcmp(wrap->parts[0].uri, wrap->parts[1].uri) == 0)
		err = envol_error(ev, -EINVAL,
				  "a double key takes two KEKs, and %s is one",
				  wrap->parts[0].uri);
	return err;
}

static int enrol(struct envol *ev, const uint8_t *volume_id,
		 const struct envol_kek_choice *kek,
		 struct envol_token_wrap *wrap, bool *can_prove)
{
	unsigned int i;
	int err = 0;

	*can_prove = true;
	for (i = 0; !err && i < wrap->n_parts; i++) {
		struct envol_enrolment enrolment = {
			.may_be_unprotected = kek->unprotected,
			.may_be_unproved = kek->unproved,
		};

		err = envol_kek_enrol(ev, wrap->parts[i].uri, volume_id,
				      &enrolment);
		wrap->unprotected |= enrolment.is_unprotected;
		*can_prove &= !enrolment.is_unproved;
	}
	return err;
}

int envol_dek_wrap(struct envol *ev, const uint8_t volume_id[ENVOL_SEALED_ID_SIZE],
		   const struct envol_kek_choice *kek,
		   const struct envol_secret *dek, struct envol_token_wrap *wrap)
{
	struct envol_token_wrap new = { .created = envol_time_now() };
	bool can_prove = false;
	int err = name_parts(ev, kek, &new);

	if (!err)
		err = enrol(ev, volume_id, kek, &new, &can_prove);
	if (!err && new.n_parts == 2)
		err = wrap_double(ev, volume_id, dek, &new);
	else if (!err)
		err = wrap_part(ev, volume_id, dek, &new.parts[0]);
	if (!err && can_prove)
		err = prove(ev, volume_id, dek, &new);
	if (err) {
		envol_token_free_wrap(&new);
		return err;
	}
	*wrap = new;
	return 0;
}

bool envol_dek_takes_two(const struct envol_token *token)
{
	uint32_t i;

	for (i = 0; i < token->n_wraps; i++)
		if (token->wraps[i].n_parts != 2)
			return false;
	return token->n_wraps > 0;
}
