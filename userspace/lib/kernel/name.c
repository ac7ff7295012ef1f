// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/kernel/name.h"

#define UUID_DIGITS 32

static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "abcdefghijklmnopqrstuvwxyz"
			      "0123456789#+-.:=@_";

int envol_name_check(struct envol *ev, const char *name)
{
	size_t len = strlen(name);

	_Static_assert(sizeof(ENVOL_NAME_UUID_PREFIX) - 1 + UUID_DIGITS + 1 +
			       ENVOL_NAME_MAX + 1 == ENVOL_NAME_UUID_SIZE,
		       "the name takes what the UUID leaves");
	if (len == 0)
		return envol_error(ev, -EINVAL, "empty name of a mapping");
	if (len > ENVOL_NAME_MAX)
		return envol_error(ev, -EINVAL,
				   "name of a mapping with %zu bytes: a device-mapper UUID has room for %d",
				   len, ENVOL_NAME_MAX);
	/* What is wrong may be a control character, so the name is not repeated. */
	if (strspn(name, allowed) != len)
		return envol_error(ev, -EINVAL,
				   "name of a mapping, byte %zu: not a letter, a digit or one of # + - . : = @ _",
				   strspn(name, allowed) + 1);
	if (strspn(name, ".") == len || strcmp(name, "control") == 0)
		return envol_error(ev, -EINVAL,
				   "%s is no name for a mapping: /dev/mapper/%s is something else",
				   name, name);
	return 0;
}

static bool is_hex(char c)
{
	return c && strchr("0123456789abcdef", c);
}

/* Where 8-4-4-4-12 has a dash. */
static bool is_dash(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

int envol_name_uuid(struct envol *ev, const char *luks_uuid, const char *name,
		    char uuid[ENVOL_NAME_UUID_SIZE])
{
	char *at = stpcpy(uuid, ENVOL_NAME_UUID_PREFIX);
	size_t i;

	for (i = 0; i < ENVOL_NAME_LUKS_UUID_SIZE - 1; i++) {
		if (is_dash(i) ? luks_uuid[i] != '-' : !is_hex(luks_uuid[i]))
			goto refuse;
		if (!is_dash(i))
			*at++ = luks_uuid[i];
	}
	if (luks_uuid[i])
		goto refuse;
	snprintf(at, uuid + ENVOL_NAME_UUID_SIZE - at, "-%s", name);
	return 0;

refuse:
	return envol_error(ev, -EINVAL, "\"%s\" is not a UUID in lower case",
			   luks_uuid);
}

bool envol_name_luks_uuid(const char *uuid,
			  char luks_uuid[ENVOL_NAME_LUKS_UUID_SIZE])
{
	const char *at = uuid + strlen(ENVOL_NAME_UUID_PREFIX);
	size_t i;

	if (strncmp(uuid, ENVOL_NAME_UUID_PREFIX,
		    strlen(ENVOL_NAME_UUID_PREFIX)) != 0)
		return false;
	for (i = 0; i < ENVOL_NAME_LUKS_UUID_SIZE - 1; i++) {
		if (!is_dash(i) && !is_hex(*at))
			return false;
		luks_uuid[i] = is_dash(i) ? '-' : *at++;
	}
	luks_uuid[i] = 0;
	return at[0] == '-' && at[1];
}

void envol_name_key(const char *luks_uuid, const char *name,
		    char description[ENVOL_NAME_KEY_SIZE])
{
	_Static_assert(sizeof(ENVOL_NAME_KEY_PREFIX) +
			       ENVOL_NAME_LUKS_UUID_SIZE + ENVOL_NAME_MAX <=
			       ENVOL_NAME_KEY_SIZE,
		       "room for every description");
	snprintf(description, ENVOL_NAME_KEY_SIZE, "%s%s:%s",
		 ENVOL_NAME_KEY_PREFIX, luks_uuid, name);
}
