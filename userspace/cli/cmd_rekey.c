// SPDX-License-Identifier: GPL-2.0-or-later
/* Which KEKs wrap a volume; data and mappings are not touched. */
#include <errno.h>

#include "userspace/cli/show.h"
#include "userspace/cli/source.h"

#define DEFAULT_SETTLE_DAYS 7
#define DAY_SECONDS 86400

struct values {
	struct source source;
	const char *add, *with;
	bool alone, force_unprotected;
	struct number remove, settle;
};

static const struct option options[] = {
	TEXT_OPTION(struct values, add, "add", "URI", "wrap by one more KEK"),
	TEXT_OPTION(struct values, with, "with", "URI",
		    "second KEK to the one of --add: both are needed to open"),
	FLAG_OPTION(struct values, alone, "alone",
		    "the KEK of --add may open by itself what otherwise takes two"),
	FLAG_OPTION(struct values, force_unprotected, "force-unprotected",
		    "take a KEK that could be deleted for good; the header records it"),
	NUMBER_OPTION(struct values, remove, "remove", "NUMBER", 0,
		      SOURCE_KEKS - 1, "drop this wrap, see \"envol status\""),
	NUMBER_OPTION(struct values, settle, "settle", "DAYS", 0, 3650,
		      "how long an older wrap stays beside a newer (default: 7)"),
	SOURCE_OPTIONS(struct values),
	{ .name = NULL },
};

static int check_options(struct cli *cli, const struct values *values)
{
	if (values->add && values->remove.is_given)
		return envol_command_error(cli, -EINVAL,
					   "--add and --remove exclude each other");
	if (values->with && !values->add)
		return envol_command_error(cli, -EINVAL,
					   "option --with has no --add");
	if (values->alone && (!values->add || values->with))
		return envol_command_error(cli, -EINVAL,
					   "--alone goes with --add and without --with");
	if (values->force_unprotected && !values->add)
		return envol_command_error(cli, -EINVAL,
					   "--force-unprotected goes with --add");
	if (values->settle.is_given && (values->add || values->remove.is_given))
		return envol_command_error(cli, -EINVAL,
					   "--settle goes with neither --add nor --remove");
	return 0;
}

static int renew(struct cli *cli, const struct values *values,
		 const struct envol_volume_source *source)
{
	uint64_t days = values->settle.is_given ? values->settle.n :
						  DEFAULT_SETTLE_DAYS;
	unsigned int renewed = 0;
	int err;

	err = envol_wrap_renew(cli->ev, source, days * DAY_SECONDS, &renewed);
	if (err)
		return err;
	envol_output_begin_record(&cli->output, "rekey", NULL);
	OUTPUT_FIELDS(&cli->output, NUMBER("renewed", "renewed", renewed));
	envol_output_end(&cli->output);
	return 0;
}

static int change(struct cli *cli, const struct values *values,
		  const struct envol_volume_source *source)
{
	const struct envol_kek_choice kek = {
		.uri = values->add,
		.second = values->with,
		.alone = values->alone,
		.unprotected = values->force_unprotected,
	};

	if (values->add)
		return envol_wrap_add(cli->ev, source, &kek);
	if (values->remove.is_given)
		return envol_wrap_remove(cli->ev, source, values->remove.n);
	return renew(cli, values, source);
}

static int rekey(struct cli *cli, const void *data, const char **words)
{
	_cleanup_secret_ struct envol_secret recovery = ENVOL_SECRET_INIT;
	_cleanup_volume_info_ struct envol_volume_info info = { 0 };
	struct envol_volume_source source;
	const struct values *values = data;
	int err;

	err = check_options(cli, values);
	if (!err)
		err = envol_source_fill(cli, &values->source, words[0],
					&recovery, &source);
	if (!err)
		err = change(cli, values, &source);
	if (!err)
		err = envol_volume_status(cli->ev, words[0], source.header, &info);
	return err ? err : envol_show_volume(cli, &info);
}

COMMAND(rekey) = {
	.name = "rekey",
	.arguments = "DEVICE",
	.summary = "wrap by the newest version of each KEK, or by other KEKs",
	.about = "Data and mappings are not touched. Without --add and --remove each KEK that has a\n"
		 "newer version wraps anew; the older wrap stays until it has settled.",
	.options = options,
	.values_size = sizeof(struct values),
	.min_words = 1,
	.max_words = 1,
	.acts = true,
	.run = rekey,
};
