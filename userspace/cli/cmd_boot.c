// SPDX-License-Identifier: GPL-2.0-or-later
/* envol boot: the table of volumes, /etc/envol/volumes. */
#include <errno.h>
#include <string.h>

#include "userspace/cli/cmd_boot.h"
#include "userspace/cli/report.h"
#include "userspace/cli/show.h"

int envol_cmd_boot_load(struct cli *cli, const char *file, bool complain,
			struct envol_boot_table *table)
{
	int err = envol_boot_load(cli->ev, file, table);
	size_t i;

	for (i = 0; !err && complain && i < table->n_defects; i++)
		if (!cli->settings.quiet)
			envol_report_warning(cli, table->defects[i].sentence);
	return err;
}

/* ---- list ---- */

static const char *const states[] = {
	[ENVOL_BOOT_CLOSED] = "closed",
	[ENVOL_BOOT_OPEN] = "open",
	[ENVOL_BOOT_OTHER] = "taken",
	[ENVOL_BOOT_UNKNOWN] = NULL,
};

static const char *const targets[] = {
	[ENVOL_TARGET_AUTO] = "auto",
	[ENVOL_TARGET_ENVOL] = "envol",
	[ENVOL_TARGET_CRYPT] = "crypt",
};

/* For people, what is not as usual. */
static void describe(const struct envol_boot_volume *v, struct buffer *text)
{
	const struct {
		bool is_set;
		const char *word;
	} words[] = {
		{ v->initramfs, "initramfs" },	{ v->network, "network" },
		{ v->noauto, "noauto" },	{ v->nofail, "nofail" },
		{ v->read_only, "readonly" },	{ v->discards, "discard" },
		{ v->throwaway != NULL, "throwaway" },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].is_set)
			envol_buffer_printf(text, "%s%s", text->len ? "," : "",
					    words[i].word);
}

static void show_volume(struct cli *cli, const struct envol_boot_volume *v)
{
	const char *state = states[envol_boot_state(cli->ev, v)];
	_cleanup_buffer_ struct buffer words = { 0 };
	struct output *out = &cli->output;
	size_t i;

	describe(v, &words);
	envol_output_begin_item(out);
	OUTPUT_FIELDS(out, TEXT("name", "", v->name), TEXT("state", "", state),
		      TEXT("device", "", v->device), TEXT(NULL, "", words.text),
		      TEXT("header", "header", v->header),
		      NUMBER("line", NULL, v->line), TEXT("id", NULL, v->id),
		      TEXT("target", NULL, targets[v->target]),
		      TEXT("engine", NULL, v->engine),
		      FLAG("read_only", NULL, v->read_only),
		      FLAG("discards", NULL, v->discards),
		      NUMBER("timeout", NULL, v->timeout_s),
		      FLAG("network", NULL, v->network),
		      FLAG("noauto", NULL, v->noauto),
		      FLAG("nofail", NULL, v->nofail));
	OUTPUT_FIELDS(out, FLAG("initramfs", NULL, v->initramfs),
		      FLAG("initramfs_secret", NULL, v->clear_secret),
		      FLAG("throwaway", NULL, v->throwaway != NULL),
		      TEXT("makes", NULL, v->throwaway),
		      SIZE("offset", NULL, v->offset));
	envol_output_begin_list(out, "keks", NULL);
	for (i = 0; i < v->n_keks; i++) {
		envol_output_begin_item(out);
		OUTPUT_FIELDS(out, TEXT("uri", NULL, v->keks[i]));
		envol_output_end(out);
	}
	envol_output_end(out);
	envol_output_end(out);
}

static const struct option list_options[] = {
	FLAG_OPTION(struct boot_values, initramfs, "initramfs",
		    "only those that are opened in the initramfs"),
	VOLUMES_OPTION(struct boot_values, volumes),
	{ .name = NULL },
};

static int list(struct cli *cli, const void *data, const char **words)
{
	const struct boot_values *values = data;
	struct envol_boot_table table;
	size_t i;
	int err = envol_cmd_boot_load(cli, values->volumes, true, &table);

	if (err)
		return err;
	envol_output_begin_list(&cli->output, "volumes", NULL);
	for (i = 0; i < table.n_volumes; i++)
		if (!values->initramfs || table.volumes[i].initramfs)
			show_volume(cli, &table.volumes[i]);
	envol_output_end(&cli->output);
	if (values->initramfs)
		err = envol_boot_check_initramfs(cli->ev, &table);
	envol_boot_table_free(&table);
	return err;
}

COMMAND(boot_list) = {
	.name = "boot list",
	.arguments = "",
	.summary = "show the table of volumes, and which of them are open",
	.options = list_options,
	.values_size = sizeof(struct boot_values),
	.run = list,
};

/* ---- check ---- */

static const struct option check_options[] = {
	VOLUMES_OPTION(struct boot_values, volumes),
	{ .name = NULL },
};

static int check(struct cli *cli, const void *data, const char **words)
{
	const struct boot_values *values = data;
	struct envol_boot_table table;
	int err = envol_cmd_boot_load(cli, values->volumes, false, &table);

	if (err)
		return err;
	envol_output_begin_list(&cli->output, "checks", NULL);
	err = envol_boot_check(cli->ev, &table, envol_show_check, &cli->output);
	envol_output_end(&cli->output);
	envol_boot_table_free(&table);
	return err;
}

COMMAND(boot_check) = {
	.name = "boot check",
	.arguments = "",
	.summary = "find every mistake in the table of volumes; uses no KEK, changes nothing",
	.options = check_options,
	.values_size = sizeof(struct boot_values),
	.run = check,
};

/* ---- needs ---- */

static int show_need(const char *kind, const char *value, void *data)
{
	struct output *out = data;

	envol_output_begin_item(out);
	OUTPUT_FIELDS(out, TEXT("kind", "", kind), TEXT("value", "", value));
	envol_output_end(out);
	return 0;
}

static int try_need(const char *kind, const char *value, void *data)
{
	return 0;
}

static int collect(struct cli *cli, const struct envol_boot_table *table,
		   const char **words, envol_boot_need_fn fn)
{
	const struct envol_boot_volume *volume;
	int err = 0;

	for (; *words && !err; words++) {
		err = envol_boot_find(cli->ev, table, *words, &volume);
		if (!err)
			err = envol_boot_needs(cli->ev, volume, fn, &cli->output);
	}
	return err;
}

static int needs(struct cli *cli, const void *data, const char **words)
{
	const struct boot_values *values = data;
	struct envol_boot_table table;
	int err = envol_cmd_boot_load(cli, values->volumes, false, &table);

	if (err)
		return err;
	/* Half of what is needed would make an initramfs that looks complete. */
	err = collect(cli, &table, words, try_need);
	if (!err) {
		envol_output_begin_list(&cli->output, "needs", NULL);
		err = collect(cli, &table, words, show_need);
		envol_output_end(&cli->output);
	}
	envol_boot_table_free(&table);
	return err;
}

COMMAND(boot_needs) = {
	.name = "boot needs",
	.arguments = "VOLUME",
	.summary = "tell what an initramfs must hold to open volumes",
	.options = check_options,
	.values_size = sizeof(struct boot_values),
	.min_words = 1,
	.max_words = COMMAND_ANY_WORDS,
	.run = needs,
};
