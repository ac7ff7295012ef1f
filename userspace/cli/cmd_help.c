// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/cli/cmd_help.h"
#include "userspace/cli/command.h"

struct values {
	bool list;
};

static const struct option options[] = {
	FLAG_OPTION(struct values, list, "list",
		    "every command and option, a line each, for programs"),
	{ .name = NULL },
};

static void print_options(const char *title, const struct option *option)
{
	char typed[64];

	if (!option || !option->name)
		return;
	printf("\n%s:\n", title);
	for (; option->name; option++) {
		snprintf(typed, sizeof(typed), "--%s%s%s", option->name,
			 option->argument ? " " : "",
			 option->argument ? option->argument : "");
		if (option->letter)
			printf("  -%c, ", option->letter);
		else
			printf("      ");
		printf("%-26s %s\n", typed, option->help);
	}
}

static void show_command(const struct command *command)
{
	printf("envol %s: %s\n\nUsage: envol %s%s%s%s\n", command->name,
	       command->summary, command->name,
	       command->options ? " [OPTION…]" : "",
	       *command->arguments ? " " : "", command->arguments);
	if (command->about)
		printf("\n%s\n", command->about);
	print_options("Options", command->options);
	print_options("Options of every command", envol_settings_options);
}

static void show_all(void)
{
	const struct command *command;
	char typed[64];
	size_t i;

	puts("Usage: envol COMMAND [OPTION…] [ARGUMENT…]\n\n"
	     "Encrypted block devices whose keys lie wrapped by a KEK.\n\n"
	     "Commands:");
	for (i = 0; (command = envol_command_at(i)); i++) {
		snprintf(typed, sizeof(typed), "%s %s", command->name,
			 command->arguments);
		printf("  %-30s %s\n", typed, command->summary);
	}
	print_options("Options of every command", envol_settings_options);
	puts("\n\"envol help COMMAND\" tells more of one; envol(8) tells all.");
}

int envol_cmd_help_show(const struct command *command)
{
	if (command)
		show_command(command);
	else
		show_all();
	return 0;
}

/*
 * command NAME ARGUMENTS SUMMARY / option COMMAND --NAME ARGUMENT HELP, tabs
 * between; an option of every command has the command "".
 */
static void list_options(struct output *out, const char *of,
			 const struct option *option, bool json)
{
	char name[64];

	for (; option && option->name; option++) {
		snprintf(name, sizeof(name), "--%s", option->name);
		if (!json) {
			printf("option\t%s\t%s\t%s\t%s\n", of, name,
			       option->argument ? option->argument : "",
			       option->help);
			continue;
		}
		envol_output_begin_item(out);
		OUTPUT_FIELDS(out, TEXT("option", NULL, name),
			      TEXT("argument", NULL, option->argument),
			      TEXT("help", NULL, option->help));
		envol_output_end(out);
	}
}

static void list_all(struct cli *cli)
{
	bool json = cli->settings.json;
	struct output *out = &cli->output;
	const struct command *command;
	size_t i;

	if (json)
		envol_output_begin_list(out, "commands", NULL);
	for (i = 0; (command = envol_command_at(i)); i++) {
		if (!json) {
			printf("command\t%s\t%s\t%s\n", command->name,
			       command->arguments, command->summary);
			list_options(out, command->name, command->options, json);
			continue;
		}
		envol_output_begin_item(out);
		OUTPUT_FIELDS(out, TEXT("command", NULL, command->name),
			      TEXT("arguments", NULL, command->arguments),
			      TEXT("summary", NULL, command->summary));
		envol_output_begin_list(out, "options", NULL);
		list_options(out, command->name, command->options, json);
		envol_output_end(out);
		envol_output_end(out);
	}
	if (!json) {
		list_options(out, "", envol_settings_options, json);
		return;
	}
	envol_output_end(out);
	envol_output_begin_list(out, "options", NULL);
	list_options(out, "", envol_settings_options, json);
	envol_output_end(out);
}

static int run(struct cli *cli, const void *data, const char **words)
{
	const struct values *values = data;
	const struct command *command = NULL;
	unsigned int n_used = 0;
	int err;

	if (words[0]) {
		err = envol_command_find(cli, words, &command, &n_used);
		if (err)
			return err;
		if (words[n_used])
			return envol_command_error(cli, -EINVAL,
						   "help: unexpected argument %s",
						   words[n_used]);
	}
	if (values->list)
		list_all(cli);
	else
		envol_cmd_help_show(command);
	return 0;
}

COMMAND(help) = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "tell how a command is used",
	.options = options,
	.values_size = sizeof(struct values),
	.max_words = 2,
	.is_bare = true,
	.run = run,
};
