// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/show.h"
#include "userspace/cli/source.h"

struct values {
	struct source source;
};

static const struct option options[] = {
	SOURCE_OPTIONS(struct values),
	{ .name = NULL },
};

static int check(struct cli *cli, const void *data, const char **words)
{
	_cleanup_secret_ struct envol_secret recovery = ENVOL_SECRET_INIT;
	struct envol_volume_source source;
	const struct values *values = data;
	int err;

	err = envol_source_fill(cli, &values->source, words[0], &recovery,
				&source);
	if (err)
		return err;
	envol_output_begin_list(&cli->output, "checks", NULL);
	err = envol_volume_check(cli->ev, &source, envol_show_check, &cli->output);
	envol_output_end(&cli->output);
	return err;
}

COMMAND(check) = {
	.name = "check",
	.arguments = "DEVICE",
	.summary = "see whether all that an open needs is sound; changes nothing",
	.options = options,
	.values_size = sizeof(struct values),
	.min_words = 1,
	.max_words = 1,
	.run = check,
};
