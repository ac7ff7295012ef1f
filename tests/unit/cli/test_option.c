// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "tests/harness/test.h"
#include "userspace/cli/command.h"

struct values {
	bool flag;
	const char *file;
	struct number size;
	unsigned int target;
	char called[32];
};

static int call(struct cli *cli, void *into, const char *value)
{
	char *called = into;

	if (strcmp(value, "bad") == 0)
		return envol_command_error(cli, -EINVAL, "bad it is");
	strcat(called, value);
	return 0;
}

static const struct option options[] = {
	FLAG_OPTION(struct values, flag, "flag", "a flag"),
	TEXT_OPTION(struct values, file, "file", "FILE", "a text"),
	NUMBER_OPTION(struct values, size, "size", "N", 1, 4096, "a number"),
	CHOICE_OPTION(struct values, target, "target", "auto|envol|crypt", "a choice"),
	CALL_OPTION(call, struct values, called, "call", "URI", "called each time"),
	{ .name = NULL },
};

static int run(struct cli *cli, const void *values, const char **words)
{
	return 0;
}

COMMAND(probe) = {
	.name = "probe it",
	.arguments = "WORD…",
	.summary = "be tested",
	.options = options,
	.values_size = sizeof(struct values),
	.run = run,
};

static struct cli cli;
static struct values values;
static struct given given;

/* Parse @words, NULL at the end, as "envol probe it …" would. */
static int parse(char **words)
{
	int err;

	envol_option_free(&given);
	memset(&values, 0, sizeof(values));
	memset(&cli, 0, sizeof(cli));
	err = envol_option_split(&cli, words, &given);
	cli.command = &probe_command;
	return err ? err : envol_option_apply(&cli, &given, &values);
}

#define PARSE(...) parse((char *[]){ __VA_ARGS__, NULL })

TEST(every_kind_is_filled)
{
	CHECK_OK(PARSE("--flag", "--file", "f", "--size=4096", "--target",
		       "crypt", "--call", "a", "--call=b"));
	CHECK(values.flag);
	CHECK_STR_EQ(values.file, "f");
	CHECK(values.size.is_given);
	CHECK_EQ(values.size.n, 4096);
	CHECK_EQ(values.target, 3);
	CHECK_STR_EQ(values.called, "ab");
	CHECK_EQ(given.n_words, 0);
}

TEST(order_is_free_and_two_dashes_end_it)
{
	CHECK_OK(PARSE("a", "--json", "b", "-qv", "--flag", "-", "--", "--file",
		       "-v"));
	CHECK(cli.settings.json && cli.settings.quiet && values.flag);
	CHECK_EQ(cli.settings.verbose, 1);
	CHECK_EQ(given.n_words, 5);
	CHECK_STR_EQ(given.words[0], "a");
	CHECK_STR_EQ(given.words[1], "b");
	CHECK_STR_EQ(given.words[2], "-");
	CHECK_STR_EQ(given.words[3], "--file");
	CHECK_STR_EQ(given.words[4], "-v");
	CHECK(!given.words[5]);
	CHECK(!values.file);
}

TEST(letters_count)
{
	CHECK_OK(PARSE("-v", "-vv"));
	CHECK_EQ(cli.settings.verbose, 3);
}

TEST(a_value_may_look_like_an_option)
{
	CHECK_OK(PARSE("--file", "--flag", "--call", "-x"));
	CHECK_STR_EQ(values.file, "--flag");
	CHECK_STR_EQ(values.called, "-x");
	CHECK(!values.flag);
}

static void check_refused(int err, const char *why)
{
	CHECK_ERR(err, -EINVAL);
	CHECK_STR_EQ(cli.message, why);
}

TEST(refused)
{
	check_refused(PARSE("--flog"), "unknown option --flog; --flag is known");
	check_refused(PARSE("--jsno"), "unknown option --jsno; --json is known");
	check_refused(PARSE("--nothing-alike"), "unknown option --nothing-alike");
	/* the beginning of a name is not the name */
	check_refused(PARSE("--fil", "x"), "unknown option --fil; --file is known");
	check_refused(PARSE("-x"), "unknown option -x");
	check_refused(PARSE("-qx"), "unknown option -x");
	check_refused(PARSE("--list"), "option --list is not one of \"probe it\"");
	check_refused(PARSE("--file"), "option --file needs a value: FILE");
	check_refused(PARSE("--flag=1"), "option --flag takes no value");
	check_refused(PARSE("--file", "a", "--file", "b"),
		      "option --file is given twice");
	check_refused(PARSE("--size", "0"),
		      "option --size: 0 is not a number from 1 to 4096");
	check_refused(PARSE("--size", "4097"),
		      "option --size: 4097 is not a number from 1 to 4096");
	check_refused(PARSE("--size", "18446744073709551617"),
		      "option --size: 18446744073709551617 is not a number from 1 to 4096");
	check_refused(PARSE("--size", "5x"),
		      "option --size: 5x is not a number from 1 to 4096");
	check_refused(PARSE("--size="),
		      "option --size:  is not a number from 1 to 4096");
	check_refused(PARSE("--target", "cryp"),
		      "option --target: cryp is none of auto|envol|crypt");
	check_refused(PARSE("--target", ""),
		      "option --target:  is none of auto|envol|crypt");
	check_refused(PARSE("--call", "bad"), "bad it is");
}

TEST(a_huge_option_is_refused)
{
	char word[200] = "--";

	memset(word + 2, 'x', sizeof(word) - 3);
	CHECK_ERR(PARSE(word), -EINVAL);
	CHECK_STR_HAS(cli.message, "unknown option --xxx");
}

static int find(const char *a, const char *b, const char **name)
{
	const char *words[] = { a, b, NULL };
	const struct command *command;
	unsigned int n_used;
	int err;

	memset(&cli, 0, sizeof(cli));
	err = envol_command_find(&cli, words, &command, &n_used);
	if (!err)
		*name = command->name;
	return err ? err : (int)n_used;
}

TEST(commands_are_found_by_one_word_or_two)
{
	const char *name = NULL;

	CHECK_EQ(find("probe", "it", &name), 2);
	CHECK_STR_EQ(name, "probe it");
	CHECK_EQ(find("help", "probe", &name), 1);
	CHECK_STR_EQ(name, "help");
	check_refused(find("probe", NULL, &name), "probe is followed by one of: it");
	check_refused(find("probe", "ti", &name),
		      "probe is followed by one of: it; not by ti");
	check_refused(find("hlep", NULL, &name), "no command is named hlep; help is");
	check_refused(find("quite-another", NULL, &name),
		      "no command is named quite-another; envol help lists them");
	check_refused(find("pro", "it", &name), "no command is named pro; envol help lists them");
}

/* Splitting a line relies on it: the command is not known then. */
TEST(an_option_takes_a_value_in_all_commands_or_in_none)
{
	const struct command *a, *b;
	const struct option *x, *y;
	size_t i, j;

	for (i = 0; (a = envol_command_at(i)); i++)
		for (j = 0; (b = envol_command_at(j)); j++)
			for (x = a->options; x && x->name; x++)
				for (y = b->options; y && y->name; y++)
					if (!strcmp(x->name, y->name) &&
					    !x->argument != !y->argument)
						FAIL("--%s of %s and of %s",
						     x->name, a->name, b->name);
	CHECK(i >= 2);
}

TEST(no_option_of_a_command_hides_one_of_all_commands)
{
	const struct command *command;
	const struct option *all, *own;
	size_t i;

	for (i = 0; (command = envol_command_at(i)); i++)
		for (own = command->options; own && own->name; own++)
			for (all = envol_settings_options; all->name; all++)
				if (!strcmp(all->name, own->name))
					FAIL("--%s of %s", own->name,
					     command->name);
	CHECK(i >= 2);
}

TEST(commands_are_in_order_and_complete)
{
	const struct command *command, *last = NULL;
	size_t i;

	for (i = 0; (command = envol_command_at(i)); i++) {
		CHECK(command->arguments && command->summary && command->run);
		CHECK(!command->options || command->values_size);
		CHECK(command->min_words <= command->max_words);
		CHECK(!last || strcmp(last->name, command->name) < 0);
		last = command;
	}
}
