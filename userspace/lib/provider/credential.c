// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/provider/credential.h"
#include "userspace/lib/util/error.h"
#include "userspace/lib/util/file.h"

#define PREFIX	"credential:"
#define DIRECTORY "CREDENTIALS_DIRECTORY"	/* systemd.exec(5), LoadCredential= */

/* Of a file's name, by systemd's own rule: no slash, no dot-name. */
static bool is_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') &&
	       strlen(name) <= 255;
}

int envol_credential_path(struct envol *ev, const char *setting, char **path)
{
	const char *name = setting + strlen(PREFIX), *directory;

	if (strncmp(setting, PREFIX, strlen(PREFIX)) != 0) {
		if (*setting != '/')
			return envol_error(ev, -EINVAL,
					   "%.200s: not an absolute path, nor " PREFIX "NAME",
					   setting);
		*path = strdup(setting);
		return *path ? 0 : envol_error(ev, -ENOMEM, "out of memory");
	}
	if (!is_name(name))
		return envol_error(ev, -EINVAL,
				   "%.200s: not the name of a credential",
				   setting);
	directory = secure_getenv(DIRECTORY);
	if (!directory || *directory != '/')
		*path = strdup(setting);
	else if (asprintf(path, "%s/%s", directory, name) < 0)
		*path = NULL;
	return *path ? 0 : envol_error(ev, -ENOMEM, "out of memory");
}

int envol_credential_read(struct envol *ev, const char *path,
			  struct envol_secret *secret)
{
	int err;

	if (strncmp(path, PREFIX, strlen(PREFIX)) == 0)
		return envol_error(ev, -ENOENT,
				   "%s: there are no credentials here ($" DIRECTORY " is not set); run envol in a service with LoadCredential=%s:FILE, or name a file",
				   path, path + strlen(PREFIX));
	err = envol_file_load_secret(ev, AT_FDCWD, path, secret);
	if (err)
		return err;
	if (secret->data[secret->len - 1] != '\n')
		return 0;
	if (secret->len == 1) {
		envol_secret_wipe(secret);
		return envol_error(ev, -ENODATA, "%s: empty", path);
	}
	envol_secret_truncate(secret, secret->len - 1);
	return 0;
}
