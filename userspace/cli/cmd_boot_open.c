// SPDX-License-Identifier: GPL-2.0-or-later
/* envol boot open, close: what the table says, done. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/cli/cmd_boot.h"
#include "userspace/cli/report.h"
#include "userspace/cli/show.h"

/* What went wrong with some of several, of which the others are gone on with. */
struct outcome {
	int err;
	unsigned int n_failed;
	char message[CLI_MESSAGE_SIZE];
};

static void note(struct cli *cli, struct outcome *outcome, int err)
{
	if (!err)
		return;
	if (outcome->n_failed++) {
		envol_report_warning(cli, envol_error_message(cli->ev));
		return;
	}
	outcome->err = err;
	snprintf(outcome->message, sizeof(outcome->message), "%s",
		 envol_error_message(cli->ev));
}

static int conclude(struct cli *cli, const struct outcome *outcome)
{
	return outcome->err ? envol_command_error(cli, outcome->err, "%s",
						  outcome->message) : 0;
}

static int check_words(struct cli *cli, const struct boot_values *values,
		       const char **words)
{
	if (values->all == !*words)
		return 0;
	return envol_command_error(cli, -EINVAL,
				   values->all ? "--all and names of volumes exclude each other" :
						 "%s takes names of volumes, or --all",
				   cli->command->name);
}

/* ---- open ---- */

struct opened {
	struct envol_volume_info *infos;
	size_t n;
};

static void open_one(struct cli *cli, const struct envol_boot_volume *volume,
		     struct opened *opened, struct outcome *outcome)
{
	int err = envol_boot_open(cli->ev, volume, NULL,
				  &opened->infos[opened->n]);

	if (!err)
		opened->n++;
	note(cli, outcome, err);
}

static void open_all(struct cli *cli, const struct boot_values *values,
		     const struct envol_boot_table *table,
		     struct opened *opened, struct outcome *outcome)
{
	size_t i;

	/* What a line with a mistake would have said is not known. */
	for (i = 0; i < table->n_defects; i++) {
		envol_report_warning(cli, table->defects[i].sentence);
		outcome->err = -EINVAL;
	}
	if (table->n_defects)
		snprintf(outcome->message, sizeof(outcome->message),
			 "the table has mistakes; \"envol boot check\" shows all of them");
	outcome->n_failed = table->n_defects;
	for (i = 0; i < table->n_volumes; i++) {
		const struct envol_boot_volume *volume = &table->volumes[i];

		if (values->initramfs ? volume->initramfs : !volume->noauto)
			open_one(cli, volume, opened, outcome);
	}
}

static void open_named(struct cli *cli, const struct envol_boot_table *table,
		       const char **words, struct opened *opened,
		       struct outcome *outcome)
{
	const struct envol_boot_volume *volume;

	for (; *words; words++) {
		int err = envol_boot_find(cli->ev, table, *words, &volume);

		if (err)
			note(cli, outcome, err);
		else
			open_one(cli, volume, opened, outcome);
	}
}

static size_t count(const char **words)
{
	size_t n = 0;

	while (words[n])
		n++;
	return n;
}

static int run_open(struct cli *cli, const void *data, const char **words)
{
	const struct boot_values *values = data;
	struct outcome outcome = { 0 };
	struct envol_boot_table table;
	struct opened opened = { 0 };
	size_t i;
	int err = check_words(cli, values, words);

	if (!err)
		err = envol_cmd_boot_load(cli, values->volumes, false, &table);
	if (err)
		return err;
	cli->is_unattended = true;
	opened.infos = calloc(table.n_volumes + count(words) + 1,
			      sizeof(*opened.infos));
	if (!opened.infos) {
		err = envol_command_error(cli, -ENOMEM, "out of memory");
	} else if (values->all) {
		open_all(cli, values, &table, &opened, &outcome);
	} else {
		open_named(cli, &table, words, &opened, &outcome);
	}
	envol_boot_table_free(&table);
	if (!err)
		err = envol_show_volumes(cli, opened.infos, opened.n);
	for (i = 0; i < opened.n; i++)
		envol_volume_info_free(&opened.infos[i]);
	free(opened.infos);
	return err ? err : conclude(cli, &outcome);
}

static const struct option open_options[] = {
	FLAG_OPTION(struct boot_values, all, "all",
		    "all volumes of the table but those that say noauto"),
	FLAG_OPTION(struct boot_values, initramfs, "initramfs",
		    "with --all: only those that are opened in the initramfs"),
	VOLUMES_OPTION(struct boot_values, volumes),
	{ .name = NULL },
};

COMMAND(boot_open) = {
	.name = "boot open",
	.arguments = "[VOLUME]",
	.summary = "open volumes of the table, within their time",
	.options = open_options,
	.values_size = sizeof(struct boot_values),
	.max_words = COMMAND_ANY_WORDS,
	.acts = true,
	.run = run_open,
};

/* ---- close ---- */

/* One that is not open needs no closing, and no line in the table any more. */
static void close_one(struct cli *cli, const char *name, struct outcome *outcome)
{
	int err = envol_volume_close(cli->ev, name, false);

	note(cli, outcome, err == -ENODEV ? 0 : err);
}

static int close_all(struct cli *cli, const char *file, struct outcome *outcome)
{
	struct envol_boot_table table;
	size_t i;
	int err = envol_cmd_boot_load(cli, file, true, &table);

	if (err)
		return err;
	/* A volume may lie on one that stands before it. */
	for (i = table.n_volumes; i-- > 0;)
		if (envol_boot_state(cli->ev, &table.volumes[i]) == ENVOL_BOOT_OPEN)
			close_one(cli, table.volumes[i].name, outcome);
	envol_boot_table_free(&table);
	return 0;
}

static int run_close(struct cli *cli, const void *data, const char **words)
{
	const struct boot_values *values = data;
	struct outcome outcome = { 0 };
	int err = check_words(cli, values, words);

	if (!err && values->all)
		err = close_all(cli, values->volumes, &outcome);
	for (; !err && *words; words++)
		close_one(cli, *words, &outcome);
	return err ? err : conclude(cli, &outcome);
}

static const struct option close_options[] = {
	FLAG_OPTION(struct boot_values, all, "all",
		    "all volumes of the table that are open, the last one first"),
	VOLUMES_OPTION(struct boot_values, volumes),
	{ .name = NULL },
};

COMMAND(boot_close) = {
	.name = "boot close",
	.arguments = "[VOLUME]",
	.summary = "close volumes of the table; one that is in use stays as it is",
	.options = close_options,
	.values_size = sizeof(struct boot_values),
	.max_words = COMMAND_ANY_WORDS,
	.acts = true,
	.run = run_close,
};
