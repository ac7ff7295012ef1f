// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/show.h"

static int import(struct cli *cli, const void *values, const char **words)
{
	_cleanup_key_info_ struct envol_key_info info = { 0 };
	int err = envol_key_import(cli->ev, words[0], words[1], &info);

	if (!err)
		envol_show_key(cli, &info);
	return err;
}

COMMAND(key_import) = {
	.name = "key import",
	.arguments = "URI FILE",
	.summary = "bring a key that was made elsewhere to its provider",
	.min_words = 2,
	.max_words = 2,
	.acts = true,
	.run = import,
};
