// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>
#include <time.h>

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/volume/change.h"
#include "userspace/lib/volume/state.h"

/* Each try that fails is somebody else's success. */
#define TRIES	      20
#define PAUSE_MS      5
#define PAUSE_MAX_MS  500

int envol_change_begin(struct envol *ev, const struct envol_volume_source *source,
		       struct envol_change *change)
{
	int err;

	change->source = source;
	err = envol_header_open(ev, source->device, source->header, &change->h);
	if (!err)
		err = envol_unwrap_dek(ev, &change->h, source, &change->dek,
				       &change->how);
	return err;
}

void envol_change_end(struct envol_change *change)
{
	envol_header_close(change->h);
	change->h = NULL;
	envol_secret_wipe(&change->dek);
}

static void pause_before(unsigned int try)
{
	unsigned int ms = envol_deadline_backoff_ms(try, PAUSE_MS, PAUSE_MAX_MS);
	struct timespec pause = { .tv_sec = ms / 1000,
				  .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&pause, NULL);
}

/* What somebody else wrote is believed when the DEK vouches for it, as the first was. */
static int read_again(struct envol *ev, struct envol_change *change)
{
	const struct envol_volume_source *source = change->source;
	struct envol_header *h = NULL;
	int err = envol_header_open(ev, source->device, source->header, &h);

	if (!err)
		err = envol_header_verify(ev, h, &change->dek);
	if (err) {
		envol_header_close(h);
		return envol_error_while(ev, err,
					 "after another process changed the header");
	}
	envol_header_close(change->h);
	change->h = h;
	return 0;
}

int envol_change_header(struct envol *ev, struct envol_change *change,
			envol_change_store_fn fn, void *data)
{
	const struct envol_token *token;
	unsigned int try;
	int err = -EAGAIN;

	for (try = 1; err == -EAGAIN && try <= TRIES; try++) {
		if (try > 1) {
			envol_log_debug(ev, "another process changed the header");
			pause_before(try - 1);
			err = read_again(ev, change);
			if (err)
				return err;
		}
		err = fn(ev, change, data);
	}
	if (err == -EAGAIN)
		return envol_error(ev, -EBUSY,
				   "%s: other processes change the header all the time",
				   change->source->device);
	if (err)
		return err;
	token = envol_header_token(change->h);
	err = envol_state_check(ev, token->volume_id, token->generation, false);
	/* Somebody's next change came before this was remembered. */
	return err == -ESTALE ? 0 : err;
}

struct token_change {
	envol_change_fn fn;
	void *data;
};

static int store_token(struct envol *ev, struct envol_change *change, void *data)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	const struct token_change *of = data;
	int err = envol_token_copy(ev, envol_header_token(change->h),
				   &token);

	if (!err)
		err = of->fn(ev, &token, of->data);
	if (!err)
		err = envol_header_store(ev, change->h, &change->dek, &token);
	return err;
}

int envol_change_token(struct envol *ev, struct envol_change *change,
		       envol_change_fn fn, void *data)
{
	struct token_change of = { fn, data };

	return envol_change_header(ev, change, store_token, &of);
}
