// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "userspace/cli/askpin.h"
#include "userspace/cli/keyfile.h"
#include "userspace/cli/prompt.h"
#include "userspace/cli/report.h"

/* Many tokens lock at the third: who mistyped twice is to think first. */
#define TRIES 2u

/*
 * The file's PIN is one token's: the first that asks gets it, and another that asks
 * too, or the same again, does not.
 */
static int answer_from_file(struct cli *cli, struct envol_secret *pin)
{
	cli->pin_file_used = true;
	return envol_keyfile_load(cli, cli->settings.pin_file, pin);
}

static int answer_at_terminal(struct cli *cli, const char *uri,
			      const char *sentence, struct envol_secret *pin)
{
	char question[1200];

	envol_report_warning(cli, sentence);
	snprintf(question, sizeof(question), "PIN for %s", uri);
	return envol_prompt_secret(cli, question, false, pin);
}

static int answer(const char *uri, const char *sentence, unsigned int tries,
		  struct envol_secret *pin, void *data)
{
	struct cli *cli = data;

	if (cli->settings.pin_file && !cli->pin_file_used)
		return answer_from_file(cli, pin);
	if (cli->settings.pin_file || cli->is_unattended || tries > TRIES ||
	    !isatty(STDIN_FILENO))
		return -ENOANO;
	return answer_at_terminal(cli, uri, sentence, pin);
}

void envol_askpin_set_up(struct cli *cli)
{
	envol_set_pin_fn(cli->ev, answer, cli);
}
