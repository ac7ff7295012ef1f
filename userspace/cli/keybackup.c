// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "userspace/cli/keybackup.h"
#include "userspace/cli/keyfile.h"
#include "userspace/cli/prompt.h"
#include "userspace/cli/show.h"

const struct option envol_keybackup_options[] = {
	TEXT_OPTION(struct keybackup_values, file, "backup", "FILE",
		    "back it up into this new file"),
	TEXT_OPTION(struct keybackup_values, passphrase_file, "passphrase-file",
		    "FILE", "read the backup's passphrase from FILE (- is standard input)"),
	{ .name = NULL },
};

int envol_keybackup_passphrase(struct cli *cli, bool takes, const char *file,
			       bool again, struct envol_secret *passphrase)
{
	if (!takes && file)
		return envol_command_error(cli, -EINVAL,
				       "--passphrase-file: this key's backups are encrypted by what keeps it, and take no passphrase");
	if (!takes)
		return 0;
	if (file)
		return envol_keyfile_load(cli, file, passphrase);
	return envol_prompt_secret(cli, "Passphrase of the backup", again,
				   passphrase);
}

int envol_keybackup_prepare(struct cli *cli, const struct keybackup_values *values,
			    const char *uri, struct envol_secret *passphrase)
{
	if (!values->file && values->passphrase_file)
		return envol_command_error(cli, -EINVAL,
				       "--passphrase-file is for --backup");
	if (!values->file)
		return 0;
	if (faccessat(AT_FDCWD, values->file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return envol_command_error(cli, -EEXIST,
				       "%s exists; a backup goes into a new file",
				       values->file);
	return envol_keybackup_passphrase(cli,
					  envol_key_backup_takes_passphrase(uri),
					  values->passphrase_file, true,
					  passphrase);
}

int envol_keybackup_finish(struct cli *cli, const struct keybackup_values *values,
			   const struct envol_key_info *info,
			   const struct envol_secret *passphrase)
{
	int err = 0;

	if (values->file)
		err = envol_key_backup(cli->ev, info->uri, values->file,
				       passphrase->data ? passphrase : NULL);
	if (err)
		return envol_command_error(cli, err,
				       "%s: it has its new version, but no backup: %s",
				       info->uri, envol_error_message(cli->ev));
	envol_show_key(cli, info);
	return 0;
}

int envol_keybackup_around(struct cli *cli, const struct keybackup_values *values,
			   int (*change)(struct envol *ev, const char *uri,
					 struct envol_key_info *info),
			   const char *uri)
{
	_cleanup_secret_ struct envol_secret passphrase = ENVOL_SECRET_INIT;
	_cleanup_key_info_ struct envol_key_info info = { 0 };
	int err = envol_keybackup_prepare(cli, values, uri, &passphrase);

	if (!err)
		err = change(cli->ev, uri, &info);
	return err ? err : envol_keybackup_finish(cli, values, &info,
						  &passphrase);
}
