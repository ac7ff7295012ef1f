// SPDX-License-Identifier: GPL-2.0-or-later
/* KEKs in their providers; what wraps a volume is cmd_rekey.c's. */
#include <errno.h>
#include <string.h>

#include "userspace/cli/keyfile.h"
#include "userspace/cli/prompt.h"
#include "userspace/cli/show.h"

static int create(struct cli *cli, const void *values, const char **words)
{
	_cleanup_key_info_ struct envol_key_info info = { 0 };
	int err = envol_key_create(cli->ev, words[0], &info);

	if (!err)
		envol_show_key(cli, &info);
	return err;
}

COMMAND(create) = {
	.name = "key create",
	.arguments = "NAME|URI",
	.summary = "make a KEK",
	.about = "A bare NAME is a service key: an AES-256 key of this host, service:NAME.",
	.min_words = 1,
	.max_words = 1,
	.acts = true,
	.run = create,
};

static int show(struct cli *cli, const void *values, const char **words)
{
	_cleanup_key_info_ struct envol_key_info info = { 0 };
	int err = envol_key_show(cli->ev, words[0], &info);

	if (!err)
		envol_show_key(cli, &info);
	return err;
}

COMMAND(show) = {
	.name = "key show",
	.arguments = "NAME|URI",
	.summary = "show what its provider tells of a KEK",
	.min_words = 1,
	.max_words = 1,
	.run = show,
};

static int list(struct cli *cli, const void *values, const char **words)
{
	struct envol_key_info *infos = NULL;
	size_t n = 0, i;
	int err;

	err = envol_key_list(cli->ev, words[0] ? words[0] : "service", &infos, &n);
	if (err)
		return err;
	envol_show_keys(cli, infos, n);
	for (i = 0; i < n; i++)
		envol_key_info_free(&infos[i]);
	free(infos);
	return 0;
}

COMMAND(list) = {
	.name = "key list",
	.arguments = "[SCHEME]",
	.summary = "list the KEKs of a provider (default: service)",
	.max_words = 1,
	.run = list,
};

static int rotate(struct cli *cli, const void *values, const char **words)
{
	_cleanup_key_info_ struct envol_key_info info = { 0 };
	int err = envol_key_rotate(cli->ev, words[0], &info);

	if (!err)
		envol_show_key(cli, &info);
	return err;
}

COMMAND(rotate) = {
	.name = "key rotate",
	.arguments = "NAME|URI",
	.summary = "add a version, which wraps from now on",
	.about = "Older versions go on unwrapping; \"envol rekey DEVICE\" takes a volume to the new one.",
	.min_words = 1,
	.max_words = 1,
	.acts = true,
	.run = rotate,
};

struct version_values {
	const char *version;
};

static const struct option version_options[] = {
	TEXT_OPTION(struct version_values, version, "key-version", "VERSION",
		    "only this version (default: all)"),
	{ .name = NULL },
};

static int show_after(struct cli *cli, int err, const char *uri)
{
	return err ? err : show(cli, NULL, (const char *[]){ uri, NULL });
}

static int disable(struct cli *cli, const void *data, const char **words)
{
	const struct version_values *values = data;

	return show_after(cli, envol_key_disable(cli->ev, words[0],
						 values->version), words[0]);
}

COMMAND(disable) = {
	.name = "key disable",
	.arguments = "NAME|URI",
	.summary = "let a KEK neither wrap nor unwrap",
	.about = "What is open stays open; nothing that only it wraps can be opened until it is enabled.",
	.options = version_options,
	.values_size = sizeof(struct version_values),
	.min_words = 1,
	.max_words = 1,
	.acts = true,
	.run = disable,
};

static int enable(struct cli *cli, const void *data, const char **words)
{
	const struct version_values *values = data;

	return show_after(cli, envol_key_enable(cli->ev, words[0],
						values->version), words[0]);
}

COMMAND(enable) = {
	.name = "key enable",
	.arguments = "NAME|URI",
	.summary = "let a disabled KEK work again",
	.options = version_options,
	.values_size = sizeof(struct version_values),
	.min_words = 1,
	.max_words = 1,
	.acts = true,
	.run = enable,
};

struct backup_values {
	const char *passphrase_file;
	bool replace;
};

#define PASSPHRASE_OPTION                                                     \
	TEXT_OPTION(struct backup_values, passphrase_file, "passphrase-file", \
		    "FILE", "read the passphrase from FILE (- is standard input)")

static int get_passphrase(struct cli *cli, const struct backup_values *values,
			  bool again, struct envol_secret *passphrase)
{
	if (values->passphrase_file)
		return envol_keyfile_load(cli, values->passphrase_file,
					  passphrase);
	return envol_prompt_secret(cli, "Passphrase of the backup", again,
				   passphrase);
}

static const struct option backup_options[] = {
	PASSPHRASE_OPTION,
	{ .name = NULL },
};

static int backup(struct cli *cli, const void *data, const char **words)
{
	_cleanup_secret_ struct envol_secret passphrase = ENVOL_SECRET_INIT;
	int err = get_passphrase(cli, data, true, &passphrase);

	if (err)
		return err;
	err = envol_key_backup(cli->ev, words[0], words[1], &passphrase);
	if (err)
		return err;
	envol_output_begin_record(&cli->output, "backup", NULL);
	OUTPUT_FIELDS(&cli->output, TEXT("key", "key", words[0]),
		      TEXT("file", "backup", words[1]));
	envol_output_end(&cli->output);
	return 0;
}

COMMAND(backup) = {
	.name = "key backup",
	.arguments = "NAME|URI FILE",
	.summary = "write all versions into a file, under a passphrase",
	.options = backup_options,
	.values_size = sizeof(struct backup_values),
	.min_words = 2,
	.max_words = 2,
	.acts = true,
	.run = backup,
};

static const struct option restore_options[] = {
	PASSPHRASE_OPTION,
	FLAG_OPTION(struct backup_values, replace, "replace",
		    "put it in place of the key that is there"),
	{ .name = NULL },
};

static int restore(struct cli *cli, const void *data, const char **words)
{
	_cleanup_secret_ struct envol_secret passphrase = ENVOL_SECRET_INIT;
	_cleanup_key_info_ struct envol_key_info info = { 0 };
	const struct backup_values *values = data;
	int err = get_passphrase(cli, data, false, &passphrase);

	if (err)
		return err;
	err = envol_key_restore(cli->ev, words[0], &passphrase, values->replace,
				&info);
	if (!err)
		envol_show_key(cli, &info);
	return err;
}

COMMAND(restore) = {
	.name = "key restore",
	.arguments = "FILE",
	.summary = "bring back a KEK from such a file",
	.options = restore_options,
	.values_size = sizeof(struct backup_values),
	.min_words = 1,
	.max_words = 1,
	.acts = true,
	.run = restore,
};
