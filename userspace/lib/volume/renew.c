// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A KEK got a newer version: the volume follows, in one header write, and I/O goes
 * on. The old wrap outlives the new one's first days, in which a KEK that does not
 * answer as it did at first would be noticed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/volume/change.h"
#include "userspace/lib/volume/dek.h"
#include "userspace/lib/volume/wraps.h"

struct plan {
	struct {
		struct envol_token_wrap old, next;
	} renewals[ENVOL_SEALED_WRAPS];
	struct envol_token_wrap drops[ENVOL_SEALED_WRAPS];
	size_t n_renewals, n_drops;
	int64_t now;
	uint64_t settle_s;
	unsigned int renewed;	/* by the last try */
	int err;		/* the first, which did not stop the rest */
	char message[ENVOL_MESSAGE_SIZE];
};

static void free_plan(struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->n_renewals; i++) {
		envol_token_free_wrap(&plan->renewals[i].old);
		envol_token_free_wrap(&plan->renewals[i].next);
	}
	for (i = 0; i < plan->n_drops; i++)
		envol_token_free_wrap(&plan->drops[i]);
}

static void note_error(struct envol *ev, struct plan *plan, int err)
{
	if (plan->err)
		envol_log_warning(ev, "%s", envol_error_message(ev));
	else
		snprintf(plan->message, sizeof(plan->message), "%s",
			 envol_error_message(ev));
	plan->err = plan->err ? plan->err : err;
}

/* ---- newer versions ---- */

/* Those that are disabled, or not valid yet, do not count. */
static const char *newest_usable(const struct envol_key_info *info, int64_t now)
{
	size_t i = info->n_versions;

	while (i-- > 0)
		if (info->versions[i].enabled &&
		    info->versions[i].not_before <= now)
			return info->versions[i].version;
	return NULL;
}

static int check_part(struct envol *ev, const struct envol_token_part *part,
		      int64_t now, bool *is_newer)
{
	struct envol_key_info info = { 0 };
	const char *newest;
	int err = envol_key_show(ev, part->uri, &info);

	if (err)
		return err;
	newest = newest_usable(&info, now);
	if (newest && strcmp(newest, part->version) != 0)
		*is_newer = true;
	envol_key_info_free(&info);
	return 0;
}

static int plan_renewal(struct envol *ev, const struct envol_change *change,
			const struct envol_token_wrap *wrap, struct plan *plan)
{
	const struct envol_token *token = envol_header_token(change->h);
	const struct envol_kek_choice kek = {
		.uri = wrap->parts[0].uri,
		.second = wrap->n_parts == 2 ? wrap->parts[1].uri : NULL,
		/* What its owner took once; what was proved only something proved replaces. */
		.unprotected = wrap->unprotected,
		.unproved = !wrap->proved,
	};
	struct envol_token_wrap next = { 0 };
	bool is_newer = false;
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < wrap->n_parts; i++)
		err = check_part(ev, &wrap->parts[i], plan->now, &is_newer);
	if (err || !is_newer)
		return err;
	err = envol_dek_wrap(ev, token->volume_id, &kek, &change->dek, &next);
	if (!err)
		err = envol_wraps_check_successor(ev, wrap, &next);
	if (!err && !envol_wraps_share_versions(wrap, &next)) {
		err = envol_wraps_copy(ev, wrap,
				       &plan->renewals[plan->n_renewals].old);
		if (!err) {
			plan->renewals[plan->n_renewals++].next = next;
			return 0;
		}
	}
	envol_token_free_wrap(&next);
	return err;
}

/* ---- wraps whose time is over ---- */

static bool is_over(const struct envol_token_wrap *wrap, const struct plan *plan)
{
	return wrap->retiring && wrap->retiring <= plan->now &&
	       (uint64_t)(plan->now - wrap->retiring) >= plan->settle_s;
}

static bool is_allowed(const unsigned int *order, size_t n, unsigned int i)
{
	while (n-- > 0)
		if (order[n] == i)
			return true;
	return false;
}

/* Does a wrap that stays, by the same KEKs, open the volume now? */
static int prove_successor(struct envol *ev, const struct envol_change *change,
			   const struct envol_token_wrap *old, bool *proved)
{
	const struct envol_token *token = envol_header_token(change->h);
	uint32_t i;

	*proved = false;
	for (i = 0; i < token->n_wraps; i++) {
		_cleanup_secret_ struct envol_secret dek = ENVOL_SECRET_INIT;
		const struct envol_token_wrap *wrap = &token->wraps[i];
		int err;

		if (wrap->retiring || !envol_wraps_share_keks(wrap, old))
			continue;
		if (change->how.wrap != (int)i) {
			err = envol_dek_unwrap(ev, token->volume_id, wrap, &dek);
			if (err)
				return err;
			if (!envol_secret_equal(&dek, &change->dek))
				return envol_error(ev, -EBADMSG,
						   "%s: what wrap %u unwraps to is not the key of this volume",
						   wrap->parts[0].uri, i);
		}
		*proved = true;
		return 0;
	}
	return 0;
}

static int plan_drop(struct envol *ev, const struct envol_change *change,
		     const struct envol_token_wrap *wrap, struct plan *plan)
{
	bool proved;
	int err = prove_successor(ev, change, wrap, &proved);

	if (!err && proved)
		err = envol_wraps_copy(ev, wrap, &plan->drops[plan->n_drops]);
	if (!err && proved)
		plan->n_drops++;
	return err;
}

static int make_plan(struct envol *ev, const struct envol_change *change,
		     struct plan *plan)
{
	const struct envol_token *token = envol_header_token(change->h);
	unsigned int order[ENVOL_SEALED_WRAPS];
	uint32_t i;
	size_t n;
	int err = envol_unwrap_allowed(ev, token, change->source, order, &n);

	if (err)
		return err;
	for (i = 0; i < token->n_wraps; i++) {
		const struct envol_token_wrap *wrap = &token->wraps[i];

		if (!is_allowed(order, n, i))
			continue;
		err = 0;
		if (!wrap->retiring)
			err = plan_renewal(ev, change, wrap, plan);
		else if (is_over(wrap, plan))
			err = plan_drop(ev, change, wrap, plan);
		if (err == -ENOMEM)
			return err;
		if (err)
			note_error(ev, plan, err);
	}
	return 0;
}

/* ---- into the token ---- */

static bool has_successor(const struct envol_token *token,
			  const struct envol_token_wrap *old)
{
	uint32_t i;

	for (i = 0; i < token->n_wraps; i++)
		if (!token->wraps[i].retiring &&
		    envol_wraps_share_keks(&token->wraps[i], old))
			return true;
	return false;
}

static bool has_versions(const struct envol_token *token,
			 const struct envol_token_wrap *wrap)
{
	uint32_t i;

	for (i = 0; i < token->n_wraps; i++)
		if (envol_wraps_share_versions(&token->wraps[i], wrap))
			return true;
	return false;
}

/* The new one takes the old one's number. */
static int replace(struct envol *ev, struct envol_token *token,
		   struct envol_token_wrap *old,
		   const struct envol_token_wrap *next, const struct plan *plan)
{
	struct envol_token_wrap *last, swap;
	int err = envol_wraps_append(ev, token, next);

	if (err)
		return err;
	last = &token->wraps[token->n_wraps - 1];
	swap = *old;
	*old = *last;
	*last = swap;
	last->retiring = plan->now;
	if (plan->settle_s == 0)
		envol_wraps_drop(token, last);
	return 0;
}

static int apply(struct envol *ev, struct envol_token *token, void *data)
{
	struct plan *plan = data;
	struct envol_token_wrap *wrap;
	size_t i;
	int err;

	plan->renewed = 0;
	for (i = 0; i < plan->n_drops; i++) {
		wrap = envol_wraps_find(token, &plan->drops[i]);
		if (wrap && wrap->retiring && has_successor(token, wrap))
			envol_wraps_drop(token, wrap);
	}
	for (i = 0; i < plan->n_renewals; i++) {
		const struct envol_token_wrap *next = &plan->renewals[i].next;

		wrap = envol_wraps_find(token, &plan->renewals[i].old);
		/* Else another process has done it. */
		if (!wrap || wrap->retiring || has_versions(token, next))
			continue;
		err = replace(ev, token, wrap, next, plan);
		if (err)
			return err;
		plan->renewed++;
	}
	return 0;
}

int envol_wrap_renew(struct envol *ev, const struct envol_volume_source *source,
		     uint64_t settle_s, unsigned int *renewed)
{
	_cleanup_change_ struct envol_change change = ENVOL_CHANGE_INIT;
	struct plan plan = { .now = envol_time_now(), .settle_s = settle_s };
	int err = envol_change_begin(ev, source, &change);

	if (!err)
		err = make_plan(ev, &change, &plan);
	if (!err && plan.n_renewals + plan.n_drops)
		err = envol_change_token(ev, &change, apply, &plan);
	*renewed = err ? 0 : plan.renewed;
	if (!err && plan.err)
		err = envol_error(ev, plan.err, "%s", plan.message);
	free_plan(&plan);
	return err ? envol_error_while(ev, err, "renew the wraps of %s",
				       source->device) :
		     0;
}
