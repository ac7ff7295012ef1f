// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "userspace/cli/show.h"
#include "userspace/cli/source.h"

struct values {
	struct source source;
	const char *engine;
	unsigned int target;	/* auto|envol|crypt */
	bool read_only, allow_discards, no_discards, test;
};

static const struct option open_options[] = {
	SOURCE_OPTIONS(struct values),
	CHOICE_OPTION(struct values, target, "target", "auto|envol|crypt",
		      "device-mapper target: ours, or the kernel's dm-crypt (default: auto)"),
	TEXT_OPTION(struct values, engine, "engine", "NAME",
		    "cipher engine of the target envol (default: the fastest)"),
	FLAG_OPTION(struct values, read_only, "read-only", "refuse writes"),
	FLAG_OPTION(struct values, allow_discards, "allow-discards",
		    "pass discards to the device, whatever the header says"),
	FLAG_OPTION(struct values, no_discards, "no-discards",
		    "do not, whatever the header says"),
	FLAG_OPTION(struct values, test, "test",
		    "do everything but make the mapping"),
	{ .name = NULL },
};

static enum envol_target_choice target(unsigned int choice)
{
	return choice == 2 ? ENVOL_TARGET_ENVOL :
	       choice == 3 ? ENVOL_TARGET_CRYPT : ENVOL_TARGET_AUTO;
}

static int show(struct cli *cli, const struct envol_volume_source *source,
		const struct envol_volume_info *info)
{
	int err = envol_show_volume(cli, info);

	if (!err && !source->id)
		envol_output_line(&cli->output,
				  "The fingerprint was not pinned: --id refuses a volume with another.");
	return err;
}

static int open_volume(struct cli *cli, const void *data, const char **words)
{
	_cleanup_secret_ struct envol_secret recovery = ENVOL_SECRET_INIT;
	_cleanup_volume_info_ struct envol_volume_info info = { 0 };
	const struct values *values = data;
	struct envol_volume_open open = {
		.name = words[1],
		.target = target(values->target),
		.engine = values->engine,
		.read_only = values->read_only,
		.discards = values->allow_discards - values->no_discards,
		.test = values->test,
	};
	int err;

	if (values->allow_discards && values->no_discards)
		return envol_command_error(cli, -EINVAL,
					   "--allow-discards and --no-discards exclude each other");
	err = envol_source_fill(cli, &values->source, words[0], &recovery,
				&open.source);
	if (!err)
		err = envol_volume_open(cli->ev, &open, &info);
	return err ? err : show(cli, &open.source, &info);
}

COMMAND(open) = {
	.name = "open",
	.arguments = "DEVICE NAME",
	.summary = "make a volume usable as /dev/mapper/NAME",
	.options = open_options,
	.values_size = sizeof(struct values),
	.min_words = 2,
	.max_words = 2,
	.acts = true,
	.run = open_volume,
};

struct unlock_values {
	struct source source;
	const char *device;
};

static const struct option unlock_options[] = {
	TEXT_OPTION(struct unlock_values, device, "device", "DEVICE",
		    "where the header is (default: where the mapping's data are)"),
	SOURCE_OPTIONS(struct unlock_values),
	{ .name = NULL },
};

static int unlock(struct cli *cli, const void *data, const char **words)
{
	_cleanup_secret_ struct envol_secret recovery = ENVOL_SECRET_INIT;
	const struct unlock_values *values = data;
	struct envol_volume_source source;
	int err;

	err = envol_source_fill(cli, &values->source, values->device, &recovery,
				&source);
	return err ? err : envol_volume_unlock(cli->ev, words[0], &source);
}

COMMAND(unlock) = {
	.name = "unlock",
	.arguments = "NAME",
	.summary = "give a locked mapping its key back; I/O goes on",
	.options = unlock_options,
	.values_size = sizeof(struct unlock_values),
	.min_words = 1,
	.max_words = 1,
	.acts = true,
	.run = unlock,
};
