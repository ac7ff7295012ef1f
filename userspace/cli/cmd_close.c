// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/command.h"

struct values {
	bool deferred;
};

static const struct option options[] = {
	FLAG_OPTION(struct values, deferred, "deferred",
		    "if it is in use, let it go with its last user"),
	{ .name = NULL },
};

static int close_volume(struct cli *cli, const void *data, const char **words)
{
	const struct values *values = data;

	return envol_volume_close(cli->ev, words[0], values->deferred);
}

COMMAND(close) = {
	.name = "close",
	.arguments = "NAME",
	.summary = "remove a mapping and its key from the kernel",
	.options = options,
	.values_size = sizeof(struct values),
	.min_words = 1,
	.max_words = 1,
	.acts = true,
	.run = close_volume,
};

static int lock(struct cli *cli, const void *values, const char **words)
{
	return envol_volume_lock(cli->ev, words[0]);
}

COMMAND(lock) = {
	.name = "lock",
	.arguments = "NAME",
	.summary = "wipe a mapping's key from the kernel; I/O waits for unlock",
	.min_words = 1,
	.max_words = 1,
	.acts = true,
	.run = lock,
};
