/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options: rows that say how one is typed, what it means, and where its value goes.
 *
 * Not getopt_long(): that takes any beginning of a name for the name, so that a
 * script's --for would mean another option once there are two, and it knows no
 * option before the command is known, which may stand anywhere on the line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "userspace/cli/cleanup.h"

struct cli;
struct command;

enum option_kind {
	OPTION_FLAG,	/* bool */
	OPTION_COUNT,	/* unsigned int, one more each time */
	OPTION_TEXT,	/* const char * */
	OPTION_NUMBER,	/* struct number, from @min to @max */
	OPTION_CHOICE,	/* unsigned int: which word of @argument, "a|b|c", from 1 */
	OPTION_CALL,	/* @take into what it knows, each time */
};

struct number {
	bool is_given;
	unsigned int n;
};

struct option {
	const char *name;	/* without dashes */
	enum option_kind kind;
	size_t offset;		/* of the value in what the options fill */
	const char *argument;	/* "FILE"; NULL for a flag */
	const char *help;	/* one line */
	char letter;		/* short form; 0: none */
	unsigned int min, max;
	/* -errno with a sentence in @cli; @into is the member at @offset. */
	int (*take)(struct cli *cli, void *into, const char *value);
};

/* The offset of a member, which must be of the type that the kind of option fills. */
#define OPTION_INTO(type, values, member)                                     \
	(offsetof(values, member) +                                           \
	 0 * sizeof(char[__builtin_types_compatible_p(                        \
				 __typeof__(((values *)0)->member), type) ?   \
				 1 : -1]))

#define FLAG_OPTION(values, member, word, text)                               \
	{ .name = word, .kind = OPTION_FLAG,                                  \
	  .offset = OPTION_INTO(bool, values, member), .help = text }
#define TEXT_OPTION(values, member, word, value, text)                        \
	{ .name = word, .kind = OPTION_TEXT,                                  \
	  .offset = OPTION_INTO(const char *, values, member),                \
	  .argument = value, .help = text }
#define NUMBER_OPTION(values, member, word, value, least, most, text)         \
	{ .name = word, .kind = OPTION_NUMBER,                                \
	  .offset = OPTION_INTO(struct number, values, member),               \
	  .argument = value, .help = text, .min = least, .max = most }
#define CHOICE_OPTION(values, member, word, words, text)                      \
	{ .name = word, .kind = OPTION_CHOICE,                                \
	  .offset = OPTION_INTO(unsigned int, values, member),                \
	  .argument = words, .help = text }
#define CALL_OPTION(function, values, member, word, value, text)              \
	{ .name = word, .kind = OPTION_CALL,                                  \
	  .offset = offsetof(values, member), .argument = value,              \
	  .help = text, .take = function }

/* An option as it was typed, not yet looked up in its command. */
struct given_option {
	char name[64];		/* with its dashes */
	const char *value;	/* NULL: none */
};

/* A command line, split. */
struct given {
	const char **words;	/* and a NULL */
	unsigned int n_words;
	struct given_option *options;
	unsigned int n_options;
};

#define _cleanup_given_ _cleanup_(envol_option_free)
void envol_option_free(struct given *given);

/*
 * Split @argv (without the program's name, with a NULL behind) into words and
 * options. Whether an option takes a value is known from all commands, which agree
 * on that. -EINVAL for a value that is missing or not wanted, -ENOMEM.
 */
int envol_option_split(struct cli *cli, char **argv, struct given *given)
	_must_check_;

/*
 * Fill the settings and, from the options of cli->command, @values. -EINVAL names
 * the option that is not known, not valid, or given twice.
 */
int envol_option_apply(struct cli *cli, const struct given *given, void *values)
	_must_check_;
