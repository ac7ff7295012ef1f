// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/provider/kek.h"
#include "userspace/lib/volume/change.h"
#include "userspace/lib/volume/dek.h"
#include "userspace/lib/volume/wraps.h"

/* ---- add ---- */

struct addition {
	const struct envol_kek_choice *kek;
	struct envol_token_wrap wrap;
	bool took_two;	/* every wrap that was there before */
};

static int check_strength(struct envol *ev, const struct envol_token *token,
			  const struct envol_kek_choice *kek)
{
	if (!envol_dek_takes_two(token) || kek->second || kek->alone)
		return 0;
	return envol_error(ev, -EPERM,
			   "every wrap of the volume takes two KEKs, and %s would open it alone; name a second one, or say --alone if that is meant",
			   kek->uri);
}

static int add_to_token(struct envol *ev, struct envol_token *token, void *data)
{
	struct addition *add = data;
	uint32_t i;
	int err = check_strength(ev, token, add->kek);

	add->took_two = envol_dek_takes_two(token);
	if (err)
		return err;
	for (i = 0; i < token->n_wraps; i++) {
		struct envol_token_wrap *there = &token->wraps[i];

		if (!envol_wraps_share_versions(there, &add->wrap))
			continue;
		if (!there->retiring)
			return envol_error(ev, -EEXIST,
					   "version %s of %s wraps the volume already (wrap %u)",
					   there->parts[0].version,
					   there->parts[0].uri, i);
		if (there->proved && !add->wrap.proved)
			return envol_error(ev, -EPERM,
					   "the new wrap is not proved, for this host may not unwrap by %s: it can't replace wrap %u, which is",
					   there->parts[0].uri, i);
		/* It was to go, and comes back as new. */
		envol_token_free_wrap(there);
		return envol_wraps_copy(ev, &add->wrap, there);
	}
	return envol_wraps_append(ev, token, &add->wrap);
}

static void say_double(struct envol *ev, const struct envol_token *token,
		       const struct addition *add)
{
	const struct envol_kek_choice *kek = add->kek;

	if (kek->second && !envol_dek_takes_two(token))
		envol_log_warning(ev,
				  "the volume has a wrap that takes one KEK: as long as it is there, or a recovery key, a double key adds no protection");
	if (!kek->second && add->took_two)
		envol_log_warning(ev,
				  "%s opens the volume alone from now on: whoever has that KEK needs no second one, and the double keys protect from nothing",
				  kek->uri);
}

int envol_wrap_add(struct envol *ev, const struct envol_volume_source *source,
		   const struct envol_kek_choice *kek)
{
	_cleanup_change_ struct envol_change change = ENVOL_CHANGE_INIT;
	/* The volume was opened: this wrap does not stand alone. */
	struct envol_kek_choice beside = *kek;
	struct addition add = { .kek = &beside };
	const struct envol_token *token;
	int err = envol_change_begin(ev, source, &change);

	if (!err) {
		token = envol_header_token(change.h);
		beside.unproved = true;
		err = check_strength(ev, token, kek);
		if (!err)
			err = envol_dek_wrap(ev, token->volume_id, &beside,
					     &change.dek, &add.wrap);
	}
	if (!err)
		err = envol_change_token(ev, &change, add_to_token, &add);
	if (!err)
		say_double(ev, envol_header_token(change.h), &add);
	envol_token_free_wrap(&add.wrap);
	return err ? envol_error_while(ev, err, "add a wrap to %s",
				       source->device) :
		     0;
}

/* ---- remove ---- */

struct removal {
	struct envol_token_wrap wrap;	/* that goes */
	struct envol_token_wrap other;	/* that opens the volume then; empty: the recovery key does */
};

static int refuse_last(struct envol *ev)
{
	return envol_error(ev, -EPERM,
			   "it is the last wrap: without one no KEK opens the volume; add another first");
}

static int remove_from_token(struct envol *ev, struct envol_token *token,
			     void *data)
{
	const struct removal *removal = data;
	struct envol_token_wrap *wrap = envol_wraps_find(token, &removal->wrap);

	if (!wrap)
		return envol_error(ev, -ENOENT,
				   "another process removed it in the meantime");
	if (token->n_wraps == 1)
		return refuse_last(ev);
	if (removal->other.n_parts && !envol_wraps_find(token, &removal->other))
		return envol_error(ev, -EBUSY,
				   "another process removed the wrap that was to stay; try again");
	envol_wraps_drop(token, wrap);
	return 0;
}

/* Of the wraps that stay, one that opens the volume, of those that may be used. */
static int find_other(struct envol *ev, const struct envol_change *change,
		      unsigned int number, unsigned int *other)
{
	const struct envol_token *token = envol_header_token(change->h);
	unsigned int order[ENVOL_SEALED_WRAPS];
	size_t i, n;
	int err;

	if (change->how.wrap >= 0 && (unsigned int)change->how.wrap != number) {
		*other = change->how.wrap;
		return 0;
	}
	err = envol_unwrap_allowed(ev, token, change->source, order, &n);
	if (err)
		return err;
	err = envol_error(ev, -EACCES,
			  "none of the wraps that would stay may be used");
	for (i = 0; i < n; i++) {
		_cleanup_secret_ struct envol_secret dek = ENVOL_SECRET_INIT;

		if (order[i] == number)
			continue;
		err = envol_dek_unwrap(ev, token->volume_id,
				       &token->wraps[order[i]], &dek);
		if (!err && !envol_secret_equal(&dek, &change->dek))
			err = envol_error(ev, -EBADMSG,
					  "%s: what it unwraps is not the key of this volume",
					  token->wraps[order[i]].parts[0].uri);
		if (!err) {
			*other = order[i];
			return 0;
		}
	}
	return envol_error_while(ev, err,
				 "no other wrap opens the volume now");
}

static int plan_removal(struct envol *ev, const struct envol_change *change,
			unsigned int number, struct removal *removal)
{
	const struct envol_token *token = envol_header_token(change->h);
	unsigned int other = 0;
	int err;

	if (number >= token->n_wraps)
		return envol_error(ev, -ENOENT,
				   "there is none of that number, only 0 to %u",
				   token->n_wraps - 1);
	if (token->n_wraps == 1)
		return refuse_last(ev);
	err = envol_wraps_copy(ev, &token->wraps[number], &removal->wrap);
	if (err || change->source->recovery)
		return err;
	err = find_other(ev, change, number, &other);
	return err ? err : envol_wraps_copy(ev, &token->wraps[other],
					   &removal->other);
}

int envol_wrap_remove(struct envol *ev, const struct envol_volume_source *source,
		      unsigned int number)
{
	_cleanup_change_ struct envol_change change = ENVOL_CHANGE_INIT;
	struct removal removal = { 0 };
	int err = envol_change_begin(ev, source, &change);

	if (!err)
		err = plan_removal(ev, &change, number, &removal);
	if (!err)
		err = envol_change_token(ev, &change, remove_from_token,
					 &removal);
	envol_token_free_wrap(&removal.wrap);
	envol_token_free_wrap(&removal.other);
	return err ? envol_error_while(ev, err, "remove wrap %u of %s", number,
				       source->device) :
		     0;
}
