// SPDX-License-Identifier: GPL-2.0-or-later
/* KEKs into files and back. */
#include "userspace/cli/keybackup.h"
#include "userspace/cli/show.h"

struct values {
	const char *passphrase_file;
	bool replace;
};

#define PASSPHRASE_OPTION                                                   \
	TEXT_OPTION(struct values, passphrase_file, "passphrase-file", "FILE", \
		    "read the passphrase from FILE (- is standard input)")

static const struct option backup_options[] = {
	PASSPHRASE_OPTION,
	{ .name = NULL },
};

static int backup(struct cli *cli, const void *data, const char **words)
{
	_cleanup_secret_ struct envol_secret passphrase = ENVOL_SECRET_INIT;
	const struct values *values = data;
	bool takes = envol_key_backup_takes_passphrase(words[0]);
	int err = envol_keybackup_passphrase(cli, takes, values->passphrase_file,
					     true, &passphrase);

	if (!err)
		err = envol_key_backup(cli->ev, words[0], words[1],
				       takes ? &passphrase : NULL);
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
	.summary = "write all versions into a file",
	.about = "It is encrypted under a passphrase; a vault's by the service, which alone can read it.",
	.options = backup_options,
	.values_size = sizeof(struct values),
	.min_words = 2,
	.max_words = 2,
	.acts = true,
	.run = backup,
};

static const struct option restore_options[] = {
	PASSPHRASE_OPTION,
	FLAG_OPTION(struct values, replace, "replace",
		    "put it in place of the key that is there"),
	{ .name = NULL },
};

static int restore(struct cli *cli, const void *data, const char **words)
{
	_cleanup_secret_ struct envol_secret passphrase = ENVOL_SECRET_INIT;
	_cleanup_key_info_ struct envol_key_info info = { 0 };
	const struct values *values = data;
	bool takes = envol_key_restore_takes_passphrase(cli->ev, words[0]);
	int err = envol_keybackup_passphrase(cli, takes, values->passphrase_file,
					     false, &passphrase);

	if (!err)
		err = envol_key_restore(cli->ev, words[0],
					takes ? &passphrase : NULL,
					values->replace, &info);
	if (!err)
		envol_show_key(cli, &info);
	return err;
}

COMMAND(restore) = {
	.name = "key restore",
	.arguments = "FILE",
	.summary = "bring back a KEK from such a file",
	.options = restore_options,
	.values_size = sizeof(struct values),
	.min_words = 1,
	.max_words = 1,
	.acts = true,
	.run = restore,
};
