// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <unistd.h>

#include "userspace/cli/cmd_recovery.h"
#include "userspace/cli/keyfile.h"
#include "userspace/cli/source.h"

int envol_cmd_recovery_open(struct cli *cli, const char *file,
			    struct recovery_place *place)
{
	*place = (struct recovery_place){ .file = file, .fd = -1 };
	if (file)
		return envol_keyfile_create(cli, file, &place->fd);
	if (!isatty(STDIN_FILENO))
		return envol_command_error(cli, -ENOTTY,
					   "no terminal at which to show the recovery key");
	return 0;
}

int envol_cmd_recovery_make(struct cli *cli,
			    const struct envol_volume_source *source,
			    const struct recovery_place *place)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	int err = envol_recovery_create(cli->ev, source, &key), undo_err;

	if (err)
		return err;
	if (place->file)
		err = envol_keyfile_store(cli, place->file, place->fd, &key);
	else
		err = envol_keyfile_show(cli,
					 "Recovery key, to be kept where the KEKs are not:\n",
					 &key);
	if (!err)
		return 0;
	/* What nobody has read is no recovery key. */
	undo_err = envol_recovery_remove(cli->ev, source);
	return undo_err ? undo_err : err;
}

void envol_cmd_recovery_close(struct recovery_place *place, int err)
{
	if (place->fd < 0)
		return;
	close(place->fd);
	if (err)
		unlink(place->file);
}

struct values {
	struct source source;
	const char *output;
};

static const struct option create_options[] = {
	TEXT_OPTION(struct values, output, "output", "FILE",
		    "write it into a new file instead of showing it"),
	SOURCE_OPTIONS(struct values),
	{ .name = NULL },
};

static int create(struct cli *cli, const void *data, const char **words)
{
	_cleanup_secret_ struct envol_secret recovery = ENVOL_SECRET_INIT;
	struct recovery_place place = { .fd = -1 };
	struct envol_volume_source source;
	const struct values *values = data;
	int err;

	err = envol_source_fill(cli, &values->source, words[0], &recovery,
				&source);
	if (!err)
		err = envol_cmd_recovery_open(cli, values->output, &place);
	if (err)
		return err;
	err = envol_cmd_recovery_make(cli, &source, &place);
	envol_cmd_recovery_close(&place, err);
	if (err)
		return err;
	envol_output_begin_record(&cli->output, "recovery_key", NULL);
	OUTPUT_FIELDS(&cli->output, TEXT("device", "device", words[0]),
		      TEXT("file", "recovery key", values->output));
	envol_output_end(&cli->output);
	return 0;
}

COMMAND(create) = {
	.name = "recovery create",
	.arguments = "DEVICE",
	.summary = "make a key that opens the volume without a KEK",
	.options = create_options,
	.values_size = sizeof(struct values),
	.min_words = 1,
	.max_words = 1,
	.acts = true,
	.run = create,
};

static const struct option remove_options[] = {
	SOURCE_OPTIONS(struct values),
	{ .name = NULL },
};

static int remove_key(struct cli *cli, const void *data, const char **words)
{
	_cleanup_secret_ struct envol_secret recovery = ENVOL_SECRET_INIT;
	struct envol_volume_source source;
	const struct values *values = data;
	int err;

	err = envol_source_fill(cli, &values->source, words[0], &recovery,
				&source);
	return err ? err : envol_recovery_remove(cli->ev, &source);
}

COMMAND(remove) = {
	.name = "recovery remove",
	.arguments = "DEVICE",
	.summary = "make the recovery key worthless",
	.options = remove_options,
	.values_size = sizeof(struct values),
	.min_words = 1,
	.max_words = 1,
	.acts = true,
	.run = remove_key,
};
