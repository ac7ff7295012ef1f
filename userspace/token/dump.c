// SPDX-License-Identifier: LGPL-2.1-or-later
#include <inttypes.h>
#include <string.h>

#include "userspace/lib/base/hex.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/metadata/token.h"
#include "userspace/lib/volume/state.h"
#include "userspace/token/dump.h"
#include "userspace/token/trust.h"

#define SHOW(cd, ...) crypt_logf(cd, CRYPT_LOG_NORMAL, "\t" __VA_ARGS__)

static void show_time(struct crypt_device *cd, const char *what, int64_t seconds)
{
	char text[ENVOL_TIME_SIZE];

	if (!seconds)
		return;
	envol_time_format(text, seconds);
	SHOW(cd, "%s%s\n", what, text);
}

static void show_wrap(struct crypt_device *cd, unsigned int number,
		      const struct envol_token_wrap *wrap)
{
	unsigned int i;

	for (i = 0; i < wrap->n_parts; i++)
		SHOW(cd, "%s%-2u    %s\n", i ? "and    " : "Wrap   ", number,
		     wrap->parts[i].uri);
	for (i = 0; i < wrap->n_parts; i++)
		SHOW(cd, "  KEK version: %s, %s\n", wrap->parts[i].version,
		     wrap->parts[i].algorithm);
	show_time(cd, "  Wrapped:     ", wrap->created);
	show_time(cd, "  Retiring:    since ", wrap->retiring);
	if (!wrap->proved)
		SHOW(cd, "  Not proved\n");
	if (wrap->unprotected)
		SHOW(cd, "  Not protected from deletion\n");
}

/* What this host remembers; who may not read that is shown nothing of it. */
static void show_state(struct envol *ev, struct crypt_device *cd,
		       const struct envol_token *token)
{
	uint64_t seen;

	if (envol_trust_config(ev) || envol_state_seen(ev, token->volume_id, &seen))
		return;
	if (!seen)
		SHOW(cd, "Seen here:   never\n");
	else if (seen > token->generation)
		SHOW(cd, "Seen here:   generation %" PRIu64 ": this is an OLDER header\n",
		     seen);
	else
		SHOW(cd, "Seen here:   generation %" PRIu64 "\n", seen);
}

static void show(struct envol *ev, struct crypt_device *cd,
		 const struct envol_token *token)
{
	char id[2 * ENVOL_SEALED_ID_SIZE + 1];
	unsigned int i;

	envol_hex_encode(id, token->volume_id, ENVOL_SEALED_ID_SIZE);
	SHOW(cd, "Version:     %d\n", ENVOL_TOKEN_VERSION);
	SHOW(cd, "Volume id:   %s\n", id);
	SHOW(cd, "Generation:  %" PRIu64 "\n", token->generation);
	show_state(ev, cd, token);
	if (token->policy && token->policy[0])
		SHOW(cd, "Policy:      %s\n", token->policy);
	if (token->pending_keyslot)
		SHOW(cd, "Pending:     keyslot %u; a change of it was cut short\n",
		     token->pending_keyslot);
	for (i = 0; i < token->n_wraps; i++)
		show_wrap(cd, i, &token->wraps[i]);
	SHOW(cd, "Seal:        not checked, which takes a KEK: envol check DEVICE\n");
}

void envol_dump_token(struct envol *ev, struct crypt_device *cd, const char *json)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;

	if (envol_token_parse(ev, json, strlen(json), &token))
		SHOW(cd, "Damaged:     %s\n", envol_error_message(ev));
	else
		show(ev, cd, &token);
}
