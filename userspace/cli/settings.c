// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userspace/cli/askpin.h"
#include "userspace/cli/command.h"
#include "userspace/cli/settings.h"

#define CONFIG_FILE "/etc/envol/envol.conf"
#define KEK_DIRECTORY "kek"

static int take_set(struct cli *cli, void *into, const char *value)
{
	struct settings *settings = into;

	if (settings->sets.n == SETS_MAX)
		return envol_command_error(cli, -EINVAL,
					   "option --set: given more than %d times",
					   SETS_MAX);
	settings->sets.texts[settings->sets.n++] = value;
	return 0;
}

const struct option envol_settings_options[] = {
	{ .name = "help", .letter = 'h', .kind = OPTION_FLAG,
	  .offset = OPTION_INTO(bool, struct settings, help),
	  .help = "show this" },
	{ .name = "version", .letter = 'V', .kind = OPTION_FLAG,
	  .offset = OPTION_INTO(bool, struct settings, version),
	  .help = "show the version" },
	{ .name = "quiet", .letter = 'q', .kind = OPTION_FLAG,
	  .offset = OPTION_INTO(bool, struct settings, quiet),
	  .help = "no warnings, and no answer of what was done" },
	{ .name = "verbose", .letter = 'v', .kind = OPTION_COUNT,
	  .offset = OPTION_INTO(unsigned int, struct settings, verbose),
	  .help = "tell what is being done; twice: tell more" },
	FLAG_OPTION(struct settings, json, "json", "answer as one JSON document"),
	TEXT_OPTION(struct settings, config, "config", "FILE",
		    "settings, instead of " CONFIG_FILE),
	TEXT_OPTION(struct settings, keystore, "keystore", "DIR",
		    "directory of the service keys"),
	TEXT_OPTION(struct settings, state, "state", "DIR",
		    "directory of what this host remembers of volumes"),
	TEXT_OPTION(struct settings, tpm, "tpm", "TCTI",
		    "how to reach the TPM; none: never use one"),
	NUMBER_OPTION(struct settings, timeout, "timeout", "SECONDS", 1, 3600,
		      "how long one use of a KEK may take"),
	TEXT_OPTION(struct settings, pin_file, "pin-file", "FILE",
		    "read the PIN of the KEK's token from FILE (- is standard input)"),
	{ .name = "set", .kind = OPTION_CALL, .argument = "SCHEME.KEY=VALUE",
	  .take = take_set, .help = "a setting of a provider; may be repeated" },
	{ .name = NULL },
};

/* Only root and the caller can have put a file there. */
static bool is_private(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !(st.st_mode & 0022) &&
	       (st.st_uid == 0 || st.st_uid == geteuid());
}

/* In a build tree the programs that use KEKs lie in a directory beside this one. */
static int find_kek_directory(struct cli *cli)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path));
	char *slash;

	if (len < 0 || (size_t)len + sizeof(KEK_DIRECTORY) >= sizeof(path))
		return 0;
	path[len] = 0;
	slash = strrchr(path, '/');
	if (!slash || slash == path)
		return 0;
	*slash = 0;
	if (!is_private(path))
		return 0;
	strcpy(slash, "/" KEK_DIRECTORY);
	if (!is_private(path) || access(path, X_OK))
		return 0;
	return envol_set_kek_directory(cli->ev, path);
}

static int load_file(struct cli *cli)
{
	if (cli->settings.config)
		return envol_config_load(cli->ev, cli->settings.config);
	if (access(CONFIG_FILE, F_OK) && errno == ENOENT)
		return 0;
	return envol_config_load(cli->ev, CONFIG_FILE);
}

/* Typed paths may be relative: the library is given absolute ones. */
static int set_path(struct cli *cli, const char *typed,
		    int (*set)(struct envol *ev, const char *path))
{
	_cleanup_free_ char *here = NULL, *path = NULL;

	if (!typed)
		return 0;
	if (typed[0] == '/')
		return set(cli->ev, typed);
	here = getcwd(NULL, 0);
	if (!here)
		return envol_command_error(cli, -errno,
					   "find the working directory: %s",
					   strerror(errno));
	if (asprintf(&path, "%s/%s", here, typed) < 0) {
		path = NULL;
		return envol_command_error(cli, -ENOMEM, "out of memory");
	}
	return set(cli->ev, path);
}

static int set_provider(struct cli *cli, const char *text)
{
	size_t scheme_len = strcspn(text, ".="), key_len;
	_cleanup_free_ char *scheme = NULL, *key = NULL;
	const char *equals = strchr(text, '=');
	int err;

	if (!equals || text[scheme_len] != '.')
		return envol_command_error(cli, -EINVAL,
					   "option --set: %s is not SCHEME.KEY=VALUE",
					   text);
	key_len = equals - text - scheme_len - 1;
	scheme = strndup(text, scheme_len);
	key = strndup(text + scheme_len + 1, key_len);
	if (!scheme || !key)
		return envol_command_error(cli, -ENOMEM, "out of memory");
	err = envol_set_provider(cli->ev, scheme, NULL, key, equals + 1);
	if (err)
		return envol_command_error(cli, err, "option --set: %s",
					   envol_error_message(cli->ev));
	return 0;
}

int envol_settings_apply(struct cli *cli)
{
	const struct settings *settings = &cli->settings;
	unsigned int i;
	int err;

	envol_askpin_set_up(cli);
	err = find_kek_directory(cli);
	if (!err)
		err = load_file(cli);
	if (!err)
		err = set_path(cli, settings->keystore, envol_set_keystore);
	if (!err)
		err = set_path(cli, settings->state, envol_set_state);
	if (!err && settings->tpm)
		err = envol_set_tpm(cli->ev, settings->tpm);
	if (!err && settings->timeout.is_given)
		err = envol_set_timeout(cli->ev, settings->timeout.n * 1000);
	for (i = 0; i < settings->sets.n && !err; i++)
		err = set_provider(cli, settings->sets.texts[i]);
	return err;
}
