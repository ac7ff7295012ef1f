// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "userspace/cli/command.h"
#include "userspace/cli/hint.h"

#define ASK "envol boot open tries again; envol boot ask takes the recovery key"

/* The first row that fits; a command "" is any, "key" is all that begin so. */
static const struct {
	int err;
	const char *command;
	const char *hint;
} hints[] = {
	{ EEXIST, "format", "if that may be lost, --overwrite says so" },
	{ EEXIST, "header restore", "if that may be lost, --force says so" },
	{ ESTALE, "", "if the older one was put back on purpose, --allow-older accepts it" },
	{ ENOTTY, "format", "in a script, --yes confirms it" },
	{ ENOTTY, "header", "in a script, --yes confirms it" },
	{ ENOTTY, "key reseal", "in a script, --yes says that the keys have backups, and --new-pin-file FILE gives the PIN" },
	{ ENOTTY, "key", "in a script, --passphrase-file FILE gives it" },
	{ ENOTTY, "recovery create", "in a script, --output FILE takes it" },
	{ ENOTTY, "", "in a script, --recovery-key-file FILE gives it" },
	{ ENOANO, "", "--pin-file FILE gives the PIN, and at a terminal it is asked for" },
	{ EUCLEAN, "boot", "type no passphrase for it, of whatever tool; envol check tells more of it, envol header restore brings a header back" },
	{ ETIME, "boot open", "if it may be without, nofail in its line lets the start go on" },
	{ ETIMEDOUT, "boot open", ASK },
	{ EHOSTUNREACH, "boot open", ASK },
	{ ENETUNREACH, "boot open", ASK },
	{ EAGAIN, "boot open", ASK },
	{ EKEYREVOKED, "boot open", ASK },
	{ EKEYEXPIRED, "boot open", ASK },
	{ ENOKEY, "boot open", ASK },
	{ ENOPKG, "boot open", ASK },
	{ EACCES, "", "run it as root" },
	{ EPERM, "", "run it as root" },
};

static bool begins(const char *name, const char *with)
{
	size_t len = strlen(with);

	return strncmp(name, with, len) == 0 &&
	       (len == 0 || name[len] == 0 || name[len] == ' ');
}

const char *envol_hint_find(const struct cli *cli, int err)
{
	const char *command = cli->command ? cli->command->name : "";
	size_t i;

	if (cli->is_overview)
		return "\"envol help\" lists the commands";
	for (i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (hints[i].err != -err || !begins(command, hints[i].command))
			continue;
		if ((err == -EACCES || err == -EPERM) && geteuid() == 0)
			continue;
		return hints[i].hint;
	}
	return NULL;
}
