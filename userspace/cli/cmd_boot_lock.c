// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/command.h"

static int lock(struct cli *cli, const void *values, const char **words)
{
	return envol_provider_lock(cli->ev, "service");
}

COMMAND(lock_tpm) = {
	.name = "boot lock-tpm",
	.arguments = "",
	.summary = "let the TPM open nothing that is sealed for boot until the machine starts again",
	.about = "An initramfs does it before anybody gets a shell and before the root file system\n"
		 "takes over. Without a TPM there is nothing to do.",
	.acts = true,
	.run = lock,
};
