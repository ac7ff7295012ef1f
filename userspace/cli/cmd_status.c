// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/show.h"
#include "userspace/cli/source.h"

static int list(struct cli *cli, const void *values, const char **words)
{
	struct envol_volume_info *infos = NULL;
	size_t n = 0, i;
	int err = envol_volume_list(cli->ev, &infos, &n);

	if (err)
		return err;
	err = envol_show_volumes(cli, infos, n);
	/* Who typed no more than "envol" may not know what else there is. */
	if (!n && cli->is_overview)
		envol_output_line(&cli->output,
				  "No volume is open; \"envol help\" lists the commands.");
	for (i = 0; i < n; i++)
		envol_volume_info_free(&infos[i]);
	free(infos);
	return err;
}

COMMAND(list) = {
	.name = "list",
	.arguments = "",
	.summary = "list what is open, a line each",
	.run = list,
};

struct values {
	const char *header;
};

static const struct option options[] = {
	HEADER_OPTION(struct values, header),
	{ .name = NULL },
};

static int status(struct cli *cli, const void *data, const char **words)
{
	_cleanup_volume_info_ struct envol_volume_info info = { 0 };
	const struct values *values = data;
	int err;

	if (!words[0])
		return list(cli, NULL, words);
	err = envol_volume_status(cli->ev, words[0], values->header, &info);
	return err ? err : envol_show_volume(cli, &info);
}

COMMAND(status) = {
	.name = "status",
	.arguments = "[NAME|DEVICE]",
	.summary = "show a mapping, or what the header of a device says",
	.about = "It uses no KEK: what it shows of a header is not proved, as \"envol check\" does.",
	.options = options,
	.values_size = sizeof(struct values),
	.max_words = 1,
	.run = status,
};
