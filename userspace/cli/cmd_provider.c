// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/show.h"

static int list(struct cli *cli, const void *values, const char **words)
{
	const struct envol_provider_info *providers;
	size_t n = envol_provider_list(&providers), i;

	envol_output_begin_list(&cli->output, "providers", NULL);
	for (i = 0; i < n; i++) {
		bool is_installed = envol_provider_is_installed(
			cli->ev, providers[i].scheme);

		envol_output_begin_item(&cli->output);
		OUTPUT_FIELDS(&cli->output,
			      TEXT("scheme", "", providers[i].scheme),
			      TEXT("summary", "", providers[i].summary),
			      FLAG("installed", NULL, is_installed),
			      FLAG(NULL, "not installed", !is_installed));
		envol_output_end(&cli->output);
	}
	envol_output_end(&cli->output);
	return 0;
}

COMMAND(provider_list) = {
	.name = "provider list",
	.arguments = "",
	.summary = "show what kinds of KEKs this program can use",
	.run = list,
};

static int check(struct cli *cli, const void *values, const char **words)
{
	int err;

	envol_output_begin_list(&cli->output, "checks", NULL);
	err = envol_provider_check(cli->ev, words[0], envol_show_check,
				   &cli->output);
	envol_output_end(&cli->output);
	return err;
}

COMMAND(provider_check) = {
	.name = "provider check",
	.arguments = "NAME|URI",
	.summary = "try all that a volume would do with a KEK; changes nothing",
	.min_words = 1,
	.max_words = 1,
	.run = check,
};
