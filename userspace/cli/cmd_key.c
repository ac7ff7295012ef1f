// SPDX-License-Identifier: GPL-2.0-or-later
/* KEKs in their providers; what wraps a volume is cmd_rekey.c's. */
#include <string.h>

#include "userspace/cli/keybackup.h"
#include "userspace/cli/show.h"

static int create(struct cli *cli, const void *values, const char **words)
{
	return envol_keybackup_around(cli, values, envol_key_create, words[0]);
}

COMMAND(create) = {
	.name = "key create",
	.arguments = "NAME|URI",
	.summary = "make a KEK",
	.about = "A bare NAME is a service key: an AES-256 key of this host, service:NAME.",
	.options = envol_keybackup_options,
	.values_size = sizeof(struct keybackup_values),
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
	return envol_keybackup_around(cli, values, envol_key_rotate, words[0]);
}

COMMAND(rotate) = {
	.name = "key rotate",
	.arguments = "NAME|URI",
	.summary = "add a version, which wraps from now on",
	.about = "Older versions go on unwrapping; \"envol rekey DEVICE\" takes a volume to the new one.",
	.options = envol_keybackup_options,
	.values_size = sizeof(struct keybackup_values),
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
