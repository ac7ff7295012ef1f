// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "userspace/cli/prompt.h"
#include "userspace/cli/source.h"

static void show(struct cli *cli, const char *device, const char *file)
{
	envol_output_begin_record(&cli->output, "header", NULL);
	OUTPUT_FIELDS(&cli->output, TEXT("device", "device", device),
		      TEXT("file", "backup", file));
	envol_output_end(&cli->output);
}

struct backup_values {
	const char *header;
};

static const struct option backup_options[] = {
	HEADER_OPTION(struct backup_values, header),
	{ .name = NULL },
};

static int backup(struct cli *cli, const void *data, const char **words)
{
	const struct backup_values *values = data;
	int err = envol_header_backup(cli->ev, words[0], values->header, words[1]);

	if (!err)
		show(cli, words[0], words[1]);
	return err;
}

COMMAND(backup) = {
	.name = "header backup",
	.arguments = "DEVICE FILE",
	.summary = "write the header into a new file",
	.about = "The file opens the volume as long as its KEKs do, also after they were removed from\n"
		 "the header.",
	.options = backup_options,
	.values_size = sizeof(struct backup_values),
	.min_words = 2,
	.max_words = 2,
	.acts = true,
	.run = backup,
};

struct restore_values {
	struct source source;
	bool force, yes;
};

static const struct option restore_options[] = {
	FLAG_OPTION(struct restore_values, force, "force",
		    "without proving it by an unwrap, and to whatever is there"),
	FLAG_OPTION(struct restore_values, yes, "yes",
		    "do not ask before the header is replaced"),
	SOURCE_OPTIONS(struct restore_values),
	{ .name = NULL },
};

static int confirm(struct cli *cli, const struct restore_values *values,
		   const char *device)
{
	const char *header = values->source.header;
	_cleanup_free_ char *loss = NULL;

	if (values->yes)
		return 0;
	if (asprintf(&loss, "the header %s %s would be replaced",
		     header ? "in" : "on", header ? header : device) < 0) {
		loss = NULL;
		return envol_command_error(cli, -ENOMEM, "out of memory");
	}
	return envol_prompt_confirm(cli, loss, device);
}

static int restore(struct cli *cli, const void *data, const char **words)
{
	_cleanup_secret_ struct envol_secret recovery = ENVOL_SECRET_INIT;
	const struct restore_values *values = data;
	struct envol_volume_source source;
	int err;

	err = confirm(cli, values, words[0]);
	if (!err)
		err = envol_source_fill(cli, &values->source, words[0],
					&recovery, &source);
	if (!err)
		err = envol_header_restore(cli->ev, &source, words[1],
					   values->force);
	if (!err)
		show(cli, words[0], words[1]);
	return err;
}

COMMAND(restore) = {
	.name = "header restore",
	.arguments = "DEVICE FILE",
	.summary = "put a backup in place of the header",
	.options = restore_options,
	.values_size = sizeof(struct restore_values),
	.min_words = 2,
	.max_words = 2,
	.acts = true,
	.run = restore,
};
