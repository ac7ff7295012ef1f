// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/cli/command.h"
#include "userspace/cli/nearest.h"
#include "userspace/cli/option.h"

void envol_option_free(struct given *given)
{
	free(given->words);
	free(given->options);
	*given = (struct given){ 0 };
}

static bool is_named(const struct option *option, const char *name)
{
	if (name[1] != '-')
		return option->letter && name[1] == option->letter;
	return strcmp(name + 2, option->name) == 0;
}

static const struct option *find_in(const struct option *options,
				    const char *name)
{
	for (; options && options->name; options++)
		if (is_named(options, name))
			return options;
	return NULL;
}

static const struct option *find_anywhere(const char *name)
{
	const struct option *option = find_in(envol_settings_options, name);
	const struct command *command;
	size_t i;

	for (i = 0; !option && (command = envol_command_at(i)); i++)
		option = find_in(command->options, name);
	return option;
}

static int add_option(struct cli *cli, struct given *given, const char *typed,
		      size_t len, const char *value)
{
	struct given_option *option = &given->options[given->n_options];

	if (len >= sizeof(option->name))
		return envol_command_error(cli, -EINVAL, "unknown option %s",
					   typed);
	memcpy(option->name, typed, len);
	option->name[len] = 0;
	option->value = value;
	given->n_options++;
	return 0;
}

static int takes_value(struct cli *cli, const char *name, bool *takes,
		       const char *value)
{
	const struct option *option = find_anywhere(name);

	/* Nobody's: refused where the command is known. */
	*takes = option && option->argument;
	if (*takes && !value)
		return envol_command_error(cli, -EINVAL,
					   "option %s needs a value: %s", name,
					   option->argument);
	return 0;
}

/* @argv begins with "--name" or "--name=value"; *@n_used counts what it took. */
static int split_long(struct cli *cli, char **argv, struct given *given,
		      unsigned int *n_used)
{
	const char *equals = strchr(argv[0], '=');
	size_t len = equals ? (size_t)(equals - argv[0]) : strlen(argv[0]);
	const char *value = equals ? equals + 1 : NULL;
	struct given_option *option = &given->options[given->n_options];
	bool takes;
	int err;

	err = add_option(cli, given, argv[0], len, value);
	if (err)
		return err;
	err = takes_value(cli, option->name, &takes, value ? value : argv[1]);
	if (err)
		return err;
	*n_used = 1;
	if (!takes && value && find_anywhere(option->name))
		return envol_command_error(cli, -EINVAL,
					   "option %s takes no value",
					   option->name);
	if (takes && !value) {
		option->value = argv[1];
		*n_used = 2;
	}
	return 0;
}

/* Letters stand for flags, of which several may follow one dash. */
static int split_letters(struct cli *cli, const char *letters,
			 struct given *given)
{
	char name[3] = "-";
	int err;

	for (letters++; *letters; letters++) {
		name[1] = *letters;
		err = add_option(cli, given, name, 2, NULL);
		if (err)
			return err;
	}
	return 0;
}

int envol_option_split(struct cli *cli, char **argv, struct given *given)
{
	unsigned int n_used;
	size_t room = 0, i;
	bool is_over = false;
	int err;

	for (i = 0; argv[i]; i++)
		room += strlen(argv[i]) + 1;
	given->words = calloc(i + 1, sizeof(*given->words));
	given->options = calloc(room + 1, sizeof(*given->options));
	if (!given->words || !given->options)
		return envol_command_error(cli, -ENOMEM, "out of memory");
	for (; *argv; argv += n_used) {
		n_used = 1;
		err = 0;
		if (is_over || argv[0][0] != '-' || !argv[0][1])
			given->words[given->n_words++] = *argv;
		else if (strcmp(*argv, "--") == 0)
			is_over = true;
		else if (argv[0][1] == '-')
			err = split_long(cli, argv, given, &n_used);
		else
			err = split_letters(cli, *argv, given);
		if (err)
			return err;
	}
	return 0;
}

static int take_number(struct cli *cli, const struct option *option,
		       const char *name, const char *value, struct number *number)
{
	unsigned long long n = 0;
	const char *at;

	for (at = value; *at >= '0' && *at <= '9' && at - value < 10; at++)
		n = n * 10 + *at - '0';
	if (at == value || *at || n < option->min || n > option->max)
		return envol_command_error(cli, -EINVAL,
					   "option %s: %s is not a number from %u to %u",
					   name, value, option->min, option->max);
	*number = (struct number){ true, n };
	return 0;
}

static int take_choice(struct cli *cli, const struct option *option,
		       const char *name, const char *value, unsigned int *choice)
{
	size_t len = strlen(value), word_len;
	const char *word = option->argument;
	unsigned int n;

	for (n = 1;; n++) {
		word_len = strcspn(word, "|");
		if (len == word_len && strncmp(word, value, len) == 0)
			break;
		if (!word[word_len])
			return envol_command_error(cli, -EINVAL,
						   "option %s: %s is none of %s",
						   name, value, option->argument);
		word += word_len + 1;
	}
	*choice = n;
	return 0;
}

static int take(struct cli *cli, const struct option *option,
		const struct given_option *given, void *values)
{
	void *into = (char *)values + option->offset;

	switch (option->kind) {
	case OPTION_FLAG:
		*(bool *)into = true;
		return 0;
	case OPTION_COUNT:
		*(unsigned int *)into += 1;
		return 0;
	case OPTION_TEXT:
		*(const char **)into = given->value;
		return 0;
	case OPTION_NUMBER:
		return take_number(cli, option, given->name, given->value, into);
	case OPTION_CHOICE:
		return take_choice(cli, option, given->name, given->value, into);
	case OPTION_CALL:
		return option->take(cli, into, given->value);
	}
	return -EINVAL;
}

static int refuse(struct cli *cli, const char *name)
{
	const struct option *options[] = {
		cli->command ? cli->command->options : NULL,
		envol_settings_options,
	};
	struct nearest nearest = { 0 };
	const struct option *option;
	unsigned int i;

	for (i = 0; i < 2 && name[1] == '-'; i++)
		for (option = options[i]; option && option->name; option++)
			envol_nearest_offer(&nearest, name + 2, option->name);
	if (nearest.best)
		return envol_command_error(cli, -EINVAL,
					   "unknown option %s; --%s is known",
					   name, nearest.best);
	if (cli->command && find_anywhere(name))
		return envol_command_error(cli, -EINVAL,
					   "option %s is not one of \"%s\"",
					   name, cli->command->name);
	return envol_command_error(cli, -EINVAL, "unknown option %s", name);
}

static bool is_repeated(const struct given *given, unsigned int n,
			const struct option *option)
{
	unsigned int i;

	if (option->kind != OPTION_TEXT && option->kind != OPTION_NUMBER &&
	    option->kind != OPTION_CHOICE)
		return false;
	for (i = 0; i < n; i++)
		if (is_named(option, given->options[i].name))
			return true;
	return false;
}

int envol_option_apply(struct cli *cli, const struct given *given, void *values)
{
	const struct given_option *typed;
	const struct option *option;
	void *into;
	unsigned int i;
	int err;

	for (i = 0; i < given->n_options; i++) {
		typed = &given->options[i];
		into = &cli->settings;
		option = find_in(envol_settings_options, typed->name);
		if (!option && cli->command) {
			into = values;
			option = find_in(cli->command->options, typed->name);
		}
		if (!option)
			return refuse(cli, typed->name);
		if (is_repeated(given, i, option))
			return envol_command_error(cli, -EINVAL,
						   "option %s is given twice",
						   typed->name);
		err = take(cli, option, typed, into);
		if (err)
			return err;
	}
	return 0;
}
