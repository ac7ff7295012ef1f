// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a token endpoint's answer, and as a WWW-Authenticate header. What is taken
 * for a token must be one that a header can carry; what is shown must be fit for a terminal;
 * a file that is named for Arc must be in its directory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/base/secret.h"
#include "userspace/lib/provider/keyvault/arc.h"
#include "userspace/lib/provider/keyvault/challenge.h"
#include "userspace/lib/provider/keyvault/grant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
	if (!condition)
		abort();
}

static void demand_shown(const char *text, size_t size)
{
	demand(strnlen(text, size) < size);
	for (; *text; text++)
		demand(*text >= ' ' && *text <= '~');
}

static void try_answer(struct envol *ev, const uint8_t *data, size_t size)
{
	_cleanup_secret_ struct envol_secret body = ENVOL_SECRET_INIT;
	_cleanup_grant_ struct envol_grant grant = ENVOL_GRANT_INIT;
	struct envol_grant_refusal refusal;
	size_t i;

	if (size == 0 || size > ENVOL_SECRET_MAX)
		return;
	demand(envol_secret_copy(ev, &body, data, size) == 0);
	if (envol_grant_parse(ev, "fuzz", &body, 1700000000, &grant) == 0) {
		demand(grant.token.len > 0 && grant.token.len < size);
		demand(grant.life_s <= ENVOL_GRANT_LIFE_MAX_S);
		for (i = 0; i < grant.token.len; i++)
			demand(grant.token.data[i] > ' ' &&
			       grant.token.data[i] <= '~');
	} else {
		demand(!grant.token.data);
	}
	envol_grant_parse_refusal(&body, &refusal);
	demand_shown(refusal.error, sizeof(refusal.error));
	demand_shown(refusal.text, sizeof(refusal.text));
	demand_shown(refusal.correlation_id, sizeof(refusal.correlation_id));
}

static void try_header(struct envol *ev, const uint8_t *data, size_t size)
{
	char *header = strndup((const char *)data, size), value[32];
	char name[ENVOL_ARC_NAME_SIZE];
	int err;

	demand(header != NULL);
	err = envol_challenge_parameter(header, "Bearer", "authorization",
					value, sizeof(value));
	demand(err == 0 || err == -ENOENT || err == -EEXIST ||
	       err == -EINVAL || err == -ENAMETOOLONG);
	if (!err)
		demand(strnlen(value, sizeof(value)) < sizeof(value));
	if (!envol_arc_name(ev, header, name))
		demand(strnlen(name, sizeof(name)) < sizeof(name) &&
		       !strchr(name, '/') && name[0] != '.' && name[0]);
	free(header);
}

/* The first byte chooses. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct envol *ev;

	if (!ev)
		demand(envol_new(&ev) == 0);
	if (size > 0 && data[0] == 'h')
		try_header(ev, data + 1, size - 1);
	else
		try_answer(ev, data, size);
	return 0;
}
