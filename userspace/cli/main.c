// SPDX-License-Identifier: GPL-2.0-or-later
/* envol(8): what was typed becomes a command, and its error an exit code. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/cli/cmd_help.h"
#include "userspace/cli/command.h"
#include "userspace/cli/harden.h"
#include "userspace/cli/report.h"

/* Documented in envol(8) under EXIT STATUS; 1 for all others. */
static const struct {
	int err, exit;
} exits[] = {
	{ EKEYREJECTED, 2 }, { EACCES, 2 }, { EPERM, 2 }, { ENOKEY, 2 },
	{ EKEYREVOKED, 2 }, { EKEYEXPIRED, 2 }, { ENOANO, 2 },
	{ ENOMEM, 3 },
	{ ENODEV, 4 }, { ETIME, 4 }, { ENXIO, 4 }, { ENOENT, 4 }, { ENOTBLK, 4 },
	{ ENODATA, 4 }, { EBADMSG, 4 }, { ESTALE, 4 }, { EMEDIUMTYPE, 4 },
	{ ENOPKG, 4 },
	{ EEXIST, 5 }, { EBUSY, 5 },
	{ ETIMEDOUT, 6 }, { EHOSTUNREACH, 6 }, { ENETUNREACH, 6 }, { EAGAIN, 6 },
	{ EINTR, 7 },
	{ EUCLEAN, 8 },
};

static int exit_code(int err)
{
	size_t i;

	if (err == 0)
		return 0;
	for (i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
		if (exits[i].err == -err)
			return exits[i].exit;
	return 1;
}

/* Known early, since it also says how to complain about the rest of the line. */
static bool wants_json(char **argv)
{
	for (; *argv && strcmp(*argv, "--") != 0; argv++)
		if (strcmp(*argv, "--json") == 0)
			return true;
	return false;
}

static int check_words(struct cli *cli, const char **words)
{
	unsigned int n = 0;

	for (; words[n]; n++)
		if (!*words[n])
			return envol_command_error(cli, -EINVAL,
						   "%s: argument %u is empty",
						   cli->command->name, n + 1);
	if (n < cli->command->min_words)
		return envol_command_error(cli, -EINVAL,
					   "%s takes %s; %s given",
					   cli->command->name,
					   cli->command->arguments,
					   n ? "too few are" : "nothing is");
	if (n > cli->command->max_words)
		return envol_command_error(cli, -EINVAL,
					   "%s: unexpected argument %s",
					   cli->command->name,
					   words[cli->command->max_words]);
	return 0;
}

/* What needs no more than the program itself. */
static int tell(struct cli *cli)
{
	if (!cli->settings.version)
		return envol_cmd_help_show(cli->command);
	puts("envol " ENVOL_VERSION);
	return 0;
}

/* Nothing was typed but options of every command: what is open is worth knowing. */
static int choose_overview(struct cli *cli)
{
	const char *words[] = { "list", NULL };
	unsigned int n_used;

	cli->is_overview = true;
	return envol_command_find(cli, words, &cli->command, &n_used);
}

static int run_command(struct cli *cli, const struct given *given,
		       const char **words)
{
	size_t size = cli->command ? cli->command->values_size : 0;
	_cleanup_free_ void *values = calloc(1, size + 1);
	int err;

	if (!values)
		return envol_command_error(cli, -ENOMEM, "out of memory");
	err = envol_option_apply(cli, given, values);
	if (err)
		return err;
	if (cli->settings.help || cli->settings.version)
		return tell(cli);
	err = cli->command ? check_words(cli, words) : choose_overview(cli);
	if (err)
		return err;
	cli->output.json = cli->settings.json;
	envol_report_log(cli);
	err = cli->command->is_bare ? 0 : envol_settings_apply(cli);
	if (err)
		return err;
	return cli->command->run(cli, values, words);
}

static int run(struct cli *cli, char **argv)
{
	_cleanup_given_ struct given given = { 0 };
	unsigned int n_used = 0;
	int err;

	cli->settings.json = wants_json(argv);
	err = envol_option_split(cli, argv, &given);
	if (err)
		return err;
	if (given.n_words)
		err = envol_command_find(cli, given.words, &cli->command,
					 &n_used);
	if (err)
		return err;
	return run_command(cli, &given, given.words + n_used);
}

static int print_answer(struct cli *cli)
{
	int err;

	cli->output.silent = cli->settings.quiet && cli->command &&
			     cli->command->acts;
	err = envol_output_print(&cli->output);
	if (err)
		return envol_command_error(cli, err, "write to standard output: %s",
					   strerror(-err));
	return 0;
}

int main(int argc, char **argv)
{
	struct cli cli = { 0 };
	int err, answer_err;

	envol_harden_process();
	err = envol_new(&cli.ev);
	if (!err)
		err = run(&cli, argc ? argv + 1 : argv);
	/* A check that failed answers too. */
	answer_err = print_answer(&cli);
	if (!err)
		err = answer_err;
	if (err)
		envol_report_error(&cli, err, exit_code(err));
	envol_output_free(&cli.output);
	envol_free(cli.ev);
	return exit_code(err);
}
