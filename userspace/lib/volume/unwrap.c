// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/provider/health.h"
#include "userspace/lib/provider/kek.h"
#include "userspace/lib/volume/dek.h"
#include "userspace/lib/volume/recovery.h"
#include "userspace/lib/volume/state.h"
#include "userspace/lib/volume/unwrap.h"

_Static_assert(ENVOL_FINGERPRINT_SIZE == 2 * ENVOL_DIGEST_FINGERPRINT_SIZE + 1,
	       "a fingerprint as text");

/* Each that fails is another process that wrote a header. */
#define TRIES 10

/* ---- which wraps ---- */

#define NOT_ALLOWED SIZE_MAX

static size_t position(const char *const *keks, size_t n_keks, const char *uri)
{
	size_t i;

	for (i = 0; i < n_keks; i++)
		if (strcmp(keks[i], uri) == 0)
			return i;
	return NOT_ALLOWED;
}

/* The later of its KEKs' positions, so that one that is not allowed decides. */
static size_t rank(const struct envol_token_wrap *wrap, const char *const *keks,
		   size_t n_keks)
{
	size_t worst = 0;
	unsigned int i;

	for (i = 0; keks && i < wrap->n_parts; i++) {
		size_t at = position(keks, n_keks, wrap->parts[i].uri);

		if (at > worst)
			worst = at;
	}
	return worst;
}

size_t envol_unwrap_order(const struct envol_token *token,
			  const char *const *keks, size_t n_keks,
			  unsigned int order[ENVOL_SEALED_WRAPS])
{
	size_t ranks[ENVOL_SEALED_WRAPS], n = 0, at;
	unsigned int i;

	for (i = 0; i < token->n_wraps; i++) {
		size_t r = rank(&token->wraps[i], keks, n_keks);

		if (r == NOT_ALLOWED)
			continue;
		if (token->wraps[i].retiring)
			r += n_keks + 1;
		for (at = n++; at > 0 && ranks[at - 1] > r; at--) {
			ranks[at] = ranks[at - 1];
			order[at] = order[at - 1];
		}
		ranks[at] = r;
		order[at] = i;
	}
	return n;
}

/* ---- what it was that failed ---- */

static int helpfulness(int err)
{
	switch (err) {
	case -ETIMEDOUT:
	case -EHOSTUNREACH:
	case -EAGAIN:
		return 4;
	case -EACCES:
	case -EPERM:
	case -EKEYREVOKED:
	case -EKEYEXPIRED:
	case -EKEYREJECTED:
		return 3;
	case -ENOENT:
	case -ENOKEY:
	case -ENOPKG:
		return 2;
	case -EBADMSG:
		return 1;
	default:
		return 0;
	}
}

int envol_unwrap_choose_error(int a, int b)
{
	return !a || helpfulness(b) > helpfulness(a) ? b : a;
}

/* What went wrong with each KEK, in one sentence. */
struct failures {
	int err;
	unsigned int count;
	char text[ENVOL_MESSAGE_SIZE];
};

static void add_failure(struct envol *ev, struct failures *failures, int err)
{
	size_t len = strlen(failures->text);

	failures->err = envol_unwrap_choose_error(failures->err, err);
	failures->count++;
	snprintf(failures->text + len, sizeof(failures->text) - len, "%s%s",
		 len ? "; " : "", envol_error_message(ev));
	envol_log_info(ev, "%s", envol_error_message(ev));
}

/* One that fails is one fewer that opens the volume when this one fails, too. */
static void tell_failures(struct envol *ev, const struct failures *failures,
			  const char *uri)
{
	if (failures->count)
		envol_log_warning(ev, "%s opens the volume; before it: %s", uri,
				  failures->text);
}

static int report_failures(struct envol *ev, const struct failures *failures)
{
	if (failures->count == 1)
		return envol_error(ev, failures->err, "%s", failures->text);
	return envol_error(ev, failures->err,
			   "none of %u KEKs opens the volume: %s",
			   failures->count, failures->text);
}

/* ---- one wrap ---- */

/*
 * A DEK that is not the volume's makes this wrap a bad one, and the next may be
 * good. A DEK that is, in a header that was changed, would be the same for all.
 */
static int try_wrap(struct envol *ev, struct envol_header *h,
		    const struct envol_token_wrap *wrap,
		    struct envol_secret *dek, bool *is_final)
{
	const struct envol_token *token = envol_header_token(h);
	int err;

	*is_final = false;
	err = envol_dek_unwrap(ev, token->volume_id, wrap, dek);
	if (err) {
		*is_final = err == -ENOMEM || err == -EINTR;
		return err;
	}
	err = envol_header_verify(ev, h, dek);
	if (err == -EPERM)
		return envol_error(ev, -EBADMSG,
				   "%s: what it unwraps is not the key of this volume",
				   wrap->parts[0].uri);
	*is_final = true;
	return err;
}

static int try_wraps(struct envol *ev, struct envol_header *h,
		     const unsigned int *order, size_t n,
		     struct envol_secret *dek, int *used)
{
	const struct envol_token *token = envol_header_token(h);
	struct failures failures = { 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		_cleanup_secret_ struct envol_secret got = ENVOL_SECRET_INIT;
		bool is_final;
		int err = try_wrap(ev, h, &token->wraps[order[i]], &got,
				   &is_final);

		if (!err) {
			envol_secret_move(dek, &got);
			*used = order[i];
			tell_failures(ev, &failures,
				      token->wraps[order[i]].parts[0].uri);
			return 0;
		}
		if (is_final)
			return err;
		add_failure(ev, &failures, err);
	}
	return report_failures(ev, &failures);
}

/* ---- by KEKs, or by the recovery key ---- */

static void free_strings(char **strings, size_t n)
{
	size_t i;

	for (i = 0; strings && i < n; i++)
		free(strings[i]);
	free(strings);
}

/* Two wraps may be of two versions of one KEK. */
static bool is_named_before(const struct envol_token *token, unsigned int wrap, unsigned int part)
{
	const char *uri = token->wraps[wrap].parts[part].uri;
	unsigned int i, k;

	for (i = 0; i <= wrap; i++)
		for (k = 0; k < (i < wrap ? token->wraps[i].n_parts : part); k++)
			if (strcmp(token->wraps[i].parts[k].uri, uri) == 0)
				return true;
	return false;
}

static int refuse_all(struct envol *ev, const struct envol_token *token)
{
	char uris[ENVOL_MESSAGE_SIZE / 2] = "";
	unsigned int i, part;

	for (i = 0; i < token->n_wraps; i++)
		for (part = 0; part < token->wraps[i].n_parts; part++) {
			size_t len = strlen(uris);

			if (!is_named_before(token, i, part))
				snprintf(uris + len, sizeof(uris) - len, "%s%s", len ? ", " : "",
					 token->wraps[i].parts[part].uri);
		}
	return envol_error(ev, -EACCES,
			   "no KEK of the header (%s) is among those that may be used",
			   uris);
}

static int canonical_keks(struct envol *ev, const struct envol_volume_source *source,
			  char ***keks)
{
	size_t i;
	int err = 0;

	*keks = NULL;
	if (!source->keks)
		return 0;
	*keks = calloc(source->n_keks + 1, sizeof(**keks));
	if (!*keks)
		return envol_error(ev, -ENOMEM, "out of memory");
	for (i = 0; !err && i < source->n_keks; i++)
		err = envol_kek_canonical(ev, source->keks[i], &(*keks)[i]);
	return err;
}

/* Behind the others, in the same order. */
static void ask_unreachable_last(struct envol *ev, const struct envol_token *token,
				 unsigned int *order, size_t n)
{
	unsigned int poor[ENVOL_SEALED_WRAPS], part;
	size_t n_poor = 0, n_good = 0, i;

	for (i = 0; i < n && n > 1; i++) {
		const struct envol_token_wrap *wrap = &token->wraps[order[i]];
		bool is_poor = false;

		for (part = 0; part < wrap->n_parts && !is_poor; part++)
			is_poor = envol_health_is_poor(ev,
						       wrap->parts[part].uri);
		if (is_poor)
			poor[n_poor++] = order[i];
		else
			order[n_good++] = order[i];
	}
	memcpy(order + n_good, poor, n_poor * sizeof(*poor));
}

int envol_unwrap_allowed(struct envol *ev, const struct envol_token *token,
			 const struct envol_volume_source *source,
			 unsigned int order[ENVOL_SEALED_WRAPS], size_t *n)
{
	char **keks;
	int err = canonical_keks(ev, source, &keks);

	if (!err)
		*n = envol_unwrap_order(token, (const char *const *)keks,
					source->n_keks, order);
	if (!err)
		ask_unreachable_last(ev, token, order, *n);
	free_strings(keks, source->n_keks);
	return err;
}

static int unwrap_by_keks(struct envol *ev, struct envol_header *h,
			  const struct envol_volume_source *source,
			  struct envol_secret *dek, int *used)
{
	const struct envol_token *token = envol_header_token(h);
	unsigned int order[ENVOL_SEALED_WRAPS];
	size_t n;
	int err = envol_unwrap_allowed(ev, token, source, order, &n);

	if (err)
		return err;
	return n ? try_wraps(ev, h, order, n, dek, used) : refuse_all(ev, token);
}

static int unwrap_by_recovery(struct envol *ev, struct envol_header *h,
			      const struct envol_volume_source *source,
			      struct envol_secret *dek)
{
	_cleanup_secret_ struct envol_secret text = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret got = ENVOL_SECRET_INIT;
	int err = envol_recovery_parse(ev, source->recovery, &text);

	if (!err)
		err = envol_header_recover(ev, h, &text, &got);
	if (!err)
		err = envol_header_verify(ev, h, &got);
	if (!err)
		envol_secret_move(dek, &got);
	return err;
}

/* ---- whose volume it is ---- */

static int check_source(struct envol *ev, const struct envol_volume_source *source)
{
	uint8_t id[ENVOL_DIGEST_FINGERPRINT_SIZE];

	if (source->unattended && !source->keks)
		return envol_error(ev, -EINVAL,
				   "an unattended open needs the KEKs that may be used: those of the header are only a request");
	if (source->unattended && !source->id)
		return envol_error(ev, -EINVAL,
				   "an unattended open needs the volume's fingerprint: a header can't prove whose volume it is");
	if (source->id && envol_hex_decode(id, sizeof(id), source->id))
		return envol_error(ev, -EINVAL,
				   "fingerprint \"%s\": not 32 hex digits",
				   source->id);
	return 0;
}

static int check_fingerprint(struct envol *ev, const struct envol_secret *dek,
			     const char *id, char text[ENVOL_FINGERPRINT_SIZE])
{
	uint8_t got[ENVOL_DIGEST_FINGERPRINT_SIZE];
	uint8_t want[ENVOL_DIGEST_FINGERPRINT_SIZE];
	uint8_t differ = 0;
	size_t i;
	int err = envol_digest_fingerprint(ev, dek, got);

	if (err)
		return err;
	envol_hex_encode(text, got, sizeof(got));
	if (!id)
		return 0;
	if (envol_hex_decode(want, sizeof(want), id))
		return envol_error(ev, -EINVAL, "fingerprint \"%s\"", id);
	for (i = 0; i < sizeof(got); i++)
		differ |= got[i] ^ want[i];
	ev->is_other_volume = differ;
	if (differ)
		return envol_error(ev, -EKEYREJECTED,
				   "another volume: its fingerprint is %s, not %s",
				   text, id);
	return 0;
}

static int unwrap_once(struct envol *ev, struct envol_header *h,
		       const struct envol_volume_source *source,
		       struct envol_secret *dek, struct envol_unwrapped *how)
{
	const struct envol_token *token = envol_header_token(h);
	_cleanup_secret_ struct envol_secret got = ENVOL_SECRET_INIT;
	struct envol_unwrapped out = { .wrap = -1 };
	int err;

	if (source->recovery)
		err = unwrap_by_recovery(ev, h, source, &got);
	else
		err = unwrap_by_keks(ev, h, source, &got, &out.wrap);
	if (!err)
		err = check_fingerprint(ev, &got, source->id, out.fingerprint);
	if (!err)
		err = envol_state_check(ev, token->volume_id, token->generation,
					source->allow_older);
	if (err)
		return err;
	envol_secret_move(dek, &got);
	if (how)
		*how = out;
	return 0;
}

/*
 * A header that was the newest when it was read is none any more when another
 * process writes one while a KEK is asked. That one is then put in its place.
 */
static bool read_newer(struct envol *ev, struct envol_header **h)
{
	const struct envol_header_info *info = envol_header_info(*h);
	uint64_t generation = envol_header_token(*h)->generation;
	char message[ENVOL_MESSAGE_SIZE];
	struct envol_header *now;

	/* Who lent it goes on with that one, whatever lies on the device by now. */
	if (envol_header_is_borrowed(*h))
		return false;
	memcpy(message, ev->message, sizeof(message));
	if (envol_header_open(ev, info->device, info->header, &now)) {
		memcpy(ev->message, message, sizeof(message));
		return false;
	}
	if (envol_header_token(now)->generation <= generation) {
		envol_header_close(now);
		return false;
	}
	envol_header_close(*h);
	*h = now;
	return true;
}

void envol_unwrap_await_turn(struct envol *ev, const struct envol_volume_source *source)
{
	unsigned int ms = envol_deadline_random_ms(ev->spread_ms);

	if (!source->unattended || !ms)
		return;
	envol_log_info(ev, "open %s: in %u ms, within the spread of %u ms",
		       source->device, ms, ev->spread_ms);
	poll(NULL, 0, (int)ms);
}

int envol_unwrap_dek(struct envol *ev, struct envol_header **h,
		     const struct envol_volume_source *source,
		     struct envol_secret *dek, struct envol_unwrapped *how)
{
	unsigned int try = 0;
	int err = check_source(ev, source);

	ev->is_other_volume = false;
	if (err)
		return err;
	do
		err = unwrap_once(ev, *h, source, dek, how);
	while (err == -ESTALE && ++try < TRIES && read_newer(ev, h));
	return err;
}
