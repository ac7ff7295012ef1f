// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/provider/pin.h"
#include "userspace/lib/provider/settings.h"
#include "userspace/lib/watch/record.h"

#define DEFAULT_KEYSTORE   "/var/lib/envol/keys"
#define DEFAULT_STATE      "/var/lib/envol"
#define DEFAULT_TIMEOUT_MS 30000
#define MAX_TIMEOUT_MS	   (60 * 60 * 1000)

int envol_new(struct envol **ev)
{
	struct envol *new = calloc(1, sizeof(*new));

	if (!new)
		return -ENOMEM;
	new->keystore = strdup(DEFAULT_KEYSTORE);
	new->state = strdup(DEFAULT_STATE);
	new->kek_directory = strdup(ENVOL_KEK_DIRECTORY);
	new->tpm = strdup("");
	new->timeout_ms = DEFAULT_TIMEOUT_MS;
	new->watch = (struct envol_watch_settings){
		.interval_s = 15 * 60,
		.grace_s = 60 * 60,
		.unreachable_grace_s = 7 * 24 * 60 * 60,
		.settle_s = 7 * 24 * 60 * 60,
		.rewrap = true,
	};
	if (!new->keystore || !new->state || !new->kek_directory || !new->tpm) {
		envol_free(new);
		return -ENOMEM;
	}
	*ev = new;
	return 0;
}

void envol_free(struct envol *ev)
{
	if (!ev)
		return;
	free(ev->keystore);
	free(ev->state);
	free(ev->kek_directory);
	free(ev->tpm);
	envol_pin_free(ev);
	envol_watch_record_free(ev);
	envol_settings_free(&ev->settings);
	free(ev);
}

void envol_set_log(struct envol *ev, envol_log_fn fn, void *data,
		   enum envol_log_level level)
{
	ev->log = fn;
	ev->log_data = data;
	ev->log_level = level;
}

static int set_string(struct envol *ev, char **field, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return envol_error(ev, -ENOMEM, "out of memory");
	free(*field);
	*field = copy;
	return 0;
}

/* A relative one would change its meaning with the working directory. */
static int set_path(struct envol *ev, char **field, const char *what,
		    const char *path)
{
	if (path[0] != '/')
		return envol_error(ev, -EINVAL, "%s %s: not an absolute path",
				   what, path);
	return set_string(ev, field, path);
}

int envol_set_keystore(struct envol *ev, const char *path)
{
	return set_path(ev, &ev->keystore, "keystore directory", path);
}

int envol_set_state(struct envol *ev, const char *path)
{
	return set_path(ev, &ev->state, "state directory", path);
}

int envol_set_kek_directory(struct envol *ev, const char *path)
{
	return set_path(ev, &ev->kek_directory, "KEK directory", path);
}

int envol_set_tpm(struct envol *ev, const char *tcti)
{
	return set_string(ev, &ev->tpm, tcti);
}

int envol_set_timeout(struct envol *ev, unsigned int timeout_ms)
{
	if (timeout_ms == 0 || timeout_ms > MAX_TIMEOUT_MS)
		return envol_error(ev, -EINVAL,
				   "timeout of %u ms: not 1 to %d ms",
				   timeout_ms, MAX_TIMEOUT_MS);
	ev->timeout_ms = timeout_ms;
	return 0;
}

int envol_set_spread(struct envol *ev, unsigned int spread_ms)
{
	if (spread_ms > MAX_TIMEOUT_MS)
		return envol_error(ev, -EINVAL, "spread of %u ms: more than %d ms",
				   spread_ms, MAX_TIMEOUT_MS);
	ev->spread_ms = spread_ms;
	return 0;
}
