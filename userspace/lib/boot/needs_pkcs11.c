// SPDX-License-Identifier: LGPL-2.1-or-later
/* PKCS#11 modules: vendors' libraries, by a setting or by what p11-kit is configured for. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/boot/needs.h"

/* Where p11-kit looks for a module that is named without a directory. */
static const char *const module_places[] = {
	"/usr/lib/x86_64-linux-gnu/pkcs11", "/usr/lib/pkcs11",
	"/usr/lib64/pkcs11", "/usr/local/lib/pkcs11"
};

/* What the modules of free software read; a vendor's is for its environment setting to name. */
static const struct {
	const char *module, *file;
} known_files[] = {
	{ "libsofthsm2.so", "/etc/softhsm/softhsm2.conf" },
	{ "opensc-pkcs11.so", "/etc/opensc/opensc.conf" },
};

int envol_needs_module(struct envol_needs *needs, const char *path)
{
	const char *name = strrchr(path, '/');
	size_t i;
	int err = 0;

	needs->has_module = true;
	if (access(path, R_OK))
		return envol_error_errno(needs->ev, -errno, "PKCS#11 module %s",
					 path);
	for (i = 0; !err && name && i < ENVOL_ARRAY_SIZE(known_files); i++)
		if (strcmp(name + 1, known_files[i].module) == 0 &&
		    access(known_files[i].file, R_OK) == 0)
			err = envol_needs_tell(needs, "file", "%s",
					       known_files[i].file);
	return err ? err : envol_needs_tell(needs, "dlopen", "%s", path);
}

int envol_needs_environment(struct envol_needs *needs, const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *word;
	struct stat st;
	int err = 0;

	if (!copy)
		return envol_error(needs->ev, -ENOMEM, "out of memory");
	while (!err && (word = strsep(&rest, " \t"))) {
		const char *value = strchr(word, '=');

		if (!value || value[1] != '/' || stat(value + 1, &st))
			continue;
		/* What others may not read is no settings, but a PIN or a key. */
		err = envol_needs_tell(needs,
				       S_ISDIR(st.st_mode)  ? "directory" :
				       st.st_mode & 0044    ? "file" :
							      "secret",
				       "%s", value + 1);
	}
	return err;
}

/* The value of "module:" in one of p11-kit's files, in @name. */
static bool read_module(const char *file, char name[PATH_MAX])
{
	FILE *f = fopen(file, "re");
	char line[PATH_MAX + 32];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, " module : %4095s", name) == 1;
	if (f)
		fclose(f);
	return found;
}

static int need_configured(struct envol_needs *needs, const char *file)
{
	char name[PATH_MAX], path[PATH_MAX];
	size_t i;
	int err;

	if (!read_module(file, name))
		return 0;
	snprintf(path, sizeof(path), "%s", name);
	for (i = 0; *name != '/' && i < ENVOL_ARRAY_SIZE(module_places); i++) {
		int len = snprintf(path, sizeof(path), "%s/%s", module_places[i],
				   name);

		if (len > 0 && (size_t)len < sizeof(path) &&
		    access(path, R_OK) == 0)
			break;
	}
	/* p11-kit goes on without it too, unless it is critical. */
	if (access(path, R_OK)) {
		envol_log_warning(needs->ev, "%s: module %s is not there", file,
				  name);
		return 0;
	}
	err = envol_needs_tell(needs, "file", "%s", file);
	return err ? err : envol_needs_module(needs, path);
}

static int is_configuration(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot && strcmp(dot, ".module") == 0;
}

int envol_needs_modules(struct envol_needs *needs)
{
	static const char *const directories[] = { "/usr/share/p11-kit/modules",
						   "/etc/pkcs11/modules" };
	struct dirent **entries;
	char path[PATH_MAX];
	size_t i;
	int err = 0, n, at;

	for (i = 0; !err && i < ENVOL_ARRAY_SIZE(directories); i++) {
		n = scandir(directories[i], &entries, is_configuration, alphasort);
		for (at = 0; at < n; at++) {
			int len = snprintf(path, sizeof(path), "%s/%s",
					   directories[i], entries[at]->d_name);

			if (!err && len > 0 && (size_t)len < sizeof(path))
				err = need_configured(needs, path);
			free(entries[at]);
		}
		if (n >= 0)
			free(entries);
	}
	if (!err && !needs->has_module)
		return envol_error(needs->ev, -ENOENT,
				   "p11-kit is configured for no PKCS#11 module; name one in [pkcs11] of envol.conf: module = PATH");
	return err;
}
