// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "userspace/cli/command.h"
#include "userspace/cli/nearest.h"

extern const struct command *const __start_envol_commands[];
extern const struct command *const __stop_envol_commands[];

/* Commands before @command in the alphabet. */
static size_t rank(const struct command *command)
{
	const struct command *const *at;
	size_t before = 0;

	for (at = __start_envol_commands; at < __stop_envol_commands; at++)
		before += strcmp((*at)->name, command->name) < 0;
	return before;
}

const struct command *envol_command_at(size_t n)
{
	const struct command *const *at;

	for (at = __start_envol_commands; at < __stop_envol_commands; at++)
		if (rank(*at) == n)
			return *at;
	return NULL;
}

/* Words of the command's name that @words begin with, all or none of them. */
static unsigned int matches(const struct command *command, const char **words)
{
	const char *space = strchr(command->name, ' ');
	size_t len = space ? (size_t)(space - command->name)
			   : strlen(command->name);

	if (strlen(words[0]) != len || strncmp(words[0], command->name, len))
		return 0;
	if (!space)
		return 1;
	return words[1] && strcmp(words[1], space + 1) == 0 ? 2 : 0;
}

/* Of @group, all verbs that there are. */
static void list_verbs(const char *group, char *verbs, size_t size)
{
	const struct command *command;
	size_t len = strlen(group), i;

	*verbs = 0;
	for (i = 0; (command = envol_command_at(i)); i++) {
		if (strncmp(command->name, group, len) || command->name[len] != ' ')
			continue;
		snprintf(verbs + strlen(verbs), size - strlen(verbs), "%s%s",
			 *verbs ? ", " : "", command->name + len + 1);
	}
}

static int refuse(struct cli *cli, const char **words)
{
	const struct command *command;
	struct nearest nearest = { 0 };
	char verbs[200];
	size_t i;

	list_verbs(words[0], verbs, sizeof(verbs));
	if (*verbs && !words[1])
		return envol_command_error(cli, -EINVAL,
					   "%s is followed by one of: %s",
					   words[0], verbs);
	if (*verbs)
		return envol_command_error(cli, -EINVAL,
					   "%s is followed by one of: %s; not by %s",
					   words[0], verbs, words[1]);
	for (i = 0; (command = envol_command_at(i)); i++)
		envol_nearest_offer(&nearest, words[0], command->name);
	if (nearest.best)
		return envol_command_error(cli, -EINVAL,
					   "no command is named %s; %s is",
					   words[0], nearest.best);
	return envol_command_error(cli, -EINVAL,
				   "no command is named %s; envol help lists them",
				   words[0]);
}

int envol_command_find(struct cli *cli, const char **words,
		       const struct command **command, unsigned int *n_used)
{
	const struct command *const *at;

	for (at = __start_envol_commands; at < __stop_envol_commands; at++) {
		*n_used = matches(*at, words);
		if (*n_used) {
			*command = *at;
			return 0;
		}
	}
	return refuse(cli, words);
}

int envol_command_error(struct cli *cli, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(cli->message, sizeof(cli->message), fmt, args);
	va_end(args);
	return err;
}
