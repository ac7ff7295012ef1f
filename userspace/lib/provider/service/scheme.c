// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/provider.h"
#include "userspace/lib/provider/service/scheme.h"

#define CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

int envol_service_check_name(struct envol *ev, const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= ENVOL_SERVICE_NAME_SIZE ||
	    strspn(name, CHARACTERS) != len ||
	    !isalnum((unsigned char)name[0]))
		return envol_error(ev, -EINVAL,
				   "\"%.80s\" is no name of a service key: 1 to %d of a-z A-Z 0-9 . _ -, a letter or digit first",
				   name, ENVOL_SERVICE_NAME_SIZE - 1);
	return 0;
}

static int service_canonical(struct envol *ev, const struct envol_uri *uri,
			     char **text)
{
	int err;

	if (*uri->host || uri->port || strchr(uri->text, '?'))
		return envol_error(ev, -EINVAL,
				   "KEK %.200s: a service key is service:NAME and nothing else",
				   uri->text);
	err = envol_service_check_name(ev, uri->path);
	if (err)
		return envol_error_while(ev, err, "KEK %.200s", uri->text);
	if (asprintf(text, "service:%s", uri->path) < 0)
		return envol_error(ev, -ENOMEM, "out of memory");
	return 0;
}

/* The TPM has one root key of ours, whichever key is asked for. */
static int service_pin_holder(struct envol *ev, const struct envol_uri *uri,
			      char **holder)
{
	*holder = strdup("service");
	return *holder ? 0 : envol_error(ev, -ENOMEM, "out of memory");
}

static const struct envol_setting_rule settings[] = {
	{ .key = "pin_file", .kind = ENVOL_SETTING_FILE, .is_secret = true,
	  .unsealable = "the TPM would ask itself for the PIN",
	  .help = "the PIN of a root key that is sealed with one" },
};

ENVOL_SCHEME(service) = {
	.scheme = "service",
	.summary = "keys in a directory of this host, sealed by its TPM where it has one",
	.package = "envol",
	.is_of_host = true,
	.canonical = service_canonical,
	.settings = settings,
	.n_settings = ENVOL_ARRAY_SIZE(settings),
	.pin_holder = service_pin_holder,
};
