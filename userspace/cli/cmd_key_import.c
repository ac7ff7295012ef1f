// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/keybackup.h"
#include "userspace/cli/show.h"

static int import(struct cli *cli, const void *data, const char **words)
{
	_cleanup_key_info_ struct envol_key_info info = { 0 };
	_cleanup_secret_ struct envol_secret passphrase = ENVOL_SECRET_INIT;
	int err = envol_keybackup_prepare(cli, data, words[0], &passphrase);

	if (!err)
		err = envol_key_import(cli->ev, words[0], words[1], &info);
	if (!err)
		err = envol_keybackup_finish(cli, data, &info, &passphrase);
	return err;
}

COMMAND(key_import) = {
	.name = "key import",
	.arguments = "URI FILE",
	.summary = "bring a key that was made elsewhere to its provider",
	.options = envol_keybackup_options,
	.values_size = sizeof(struct keybackup_values),
	.min_words = 2,
	.max_words = 2,
	.acts = true,
	.run = import,
};
