/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command of envol(8) is a COMMAND() at the foot of a cmd_….c and nothing else:
 * the linker makes the table, and parsing, help, completion and the check of the
 * manual page follow from it.
 */
#pragma once

#include <stdbool.h>

#include "userspace/cli/option.h"
#include "userspace/cli/output.h"
#include "userspace/cli/settings.h"

#define CLI_MESSAGE_SIZE 1024

/* One run of the program. */
struct cli {
	struct envol *ev;
	const struct command *command;	/* NULL before it is known */
	struct settings settings;
	struct output output;
	bool is_overview;	/* no command was typed */
	char message[CLI_MESSAGE_SIZE];	/* of an error that is not the library's; "" */
	bool is_unattended;	/* nobody is to be asked */
	bool pin_file_used;
};

struct command {
	const char *name;	/* one word or two */
	const char *arguments;	/* "DEVICE NAME", for help */
	const char *summary;	/* one line */
	const char *about;	/* more lines for its help; NULL */
	const struct option *options;	/* up to one without a name; NULL */
	size_t values_size;	/* of what the options fill, zeroed before */
	unsigned int min_words, max_words;	/* behind the name */
	bool acts;		/* --quiet keeps its answer back */
	bool is_bare;		/* works without settings, so that a bad file does not matter */
	/* @words ends with NULL. 0 or -errno, with a sentence in @cli or its handle. */
	int (*run)(struct cli *cli, const void *values, const char **words);
};

#define COMMAND(id)                                                           \
	static const struct command id##_command;                             \
	static const struct command *const id##_entry                         \
		__attribute__((used, section("envol_commands"))) =            \
			&id##_command;                                        \
	static const struct command id##_command

#define COMMAND_ANY_WORDS 1000

/* The @n'th in alphabetical order; NULL behind the last. */
const struct command *envol_command_at(size_t n);

/*
 * The command that the first words name; *@n_used counts those. -EINVAL with what
 * was meant, maybe.
 */
int envol_command_find(struct cli *cli, const char **words,
		       const struct command **command, unsigned int *n_used)
	_must_check_;

/* Record what went wrong, outside the library, and return @err. */
int envol_command_error(struct cli *cli, int err, const char *fmt, ...)
	_printf_(3, 4);
