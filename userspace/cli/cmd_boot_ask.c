// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * envol boot ask: the recovery key of one volume, or the PIN that its TPM wants, at a terminal,
 * while KEKs are tried in the background. Who is faster wins; the question ends by itself once the volume is open.
 */
#include <errno.h>
#include <stdio.h>

#include "userspace/cli/cmd_boot.h"
#include "userspace/cli/keyfile.h"
#include "userspace/cli/prompt.h"
#include "userspace/cli/report.h"
#include "userspace/cli/show.h"
#include "userspace/cli/source.h"

/* What is as long is a recovery key, which has 68 letters, and no guess of the TPM's is spent on it. */
#define PIN_MAX 63u

struct values {
	const char *volumes, *recovery_file;
};

struct asked {
	struct cli *cli;
	const struct envol_boot_volume *volume;
};

static bool is_open(void *data)
{
	const struct asked *asked = data;

	return envol_boot_state(asked->cli->ev, asked->volume) == ENVOL_BOOT_OPEN;
}

/*
 * The recovery key helps where the TPM's policy, its lockout, or a provider that can't be
 * reached is in the way, so that the question is to stay.
 */
static int open_by_pin(struct cli *cli, const struct envol_boot_volume *volume,
		       const struct envol_secret *pin,
		       struct envol_volume_info *info)
{
	int err = envol_boot_open_by_pin(cli->ev, volume, pin, info);

	switch (err) {
	case -EACCES:
	case -EKEYREJECTED:
	case -ENOKEY:
	case -EAGAIN:
	case -ETIMEDOUT:
	case -EHOSTUNREACH:
	case -ENETUNREACH:
		return -ENOANO;
	default:
		return err;
	}
}

static int open_with(struct cli *cli, const struct envol_boot_volume *volume,
		     struct envol_secret *typed)
{
	_cleanup_volume_info_ struct envol_volume_info info = { 0 };
	int err;

	if (typed->len <= PIN_MAX && envol_boot_wants_pin(cli->ev, volume)) {
		err = open_by_pin(cli, volume, typed, &info);
	} else {
		envol_source_straighten(typed);
		err = envol_boot_open(cli->ev, volume, typed, &info);
	}
	return err ? err : envol_show_volumes(cli, &info, 1);
}

/* Nothing was typed, or neither the recovery key nor the PIN. */
static bool may_ask_again(int err)
{
	return err == -EINVAL || err == -EPERM || err == -ENOANO;
}

static int ask(struct cli *cli, const struct envol_boot_volume *volume)
{
	struct asked asked = { cli, volume };
	char question[200];
	int err;

	snprintf(question, sizeof(question), "%s of volume %s (%.80s)",
		 envol_boot_wants_pin(cli->ev, volume) ? "PIN or recovery key" :
							  "Recovery key",
		 volume->name, volume->device);
	do {
		_cleanup_secret_ struct envol_secret recovery = ENVOL_SECRET_INIT;

		if (is_open(&asked))
			return 0;
		err = envol_prompt_secret_until(cli, question, is_open, &asked,
						&recovery);
		if (err == -EALREADY)
			return 0;
		if (!err)
			err = open_with(cli, volume, &recovery);
		else if (err != -EINVAL)
			return err;
		if (may_ask_again(err)) {
			envol_report_warning(cli, *cli->message ?
					     cli->message :
					     envol_error_message(cli->ev));
			cli->message[0] = 0;
		}
	} while (may_ask_again(err));
	return err;
}

static int run(struct cli *cli, const void *data, const char **words)
{
	_cleanup_secret_ struct envol_secret recovery = ENVOL_SECRET_INIT;
	const struct values *values = data;
	const struct envol_boot_volume *volume;
	struct envol_boot_table table;
	int err = envol_cmd_boot_load(cli, values->volumes, false, &table);

	if (err)
		return err;
	/* What is typed here is asked for here, and nowhere between. */
	cli->is_unattended = true;
	err = envol_boot_find(cli->ev, &table, words[0], &volume);
	if (!err && volume->throwaway)
		err = envol_command_error(cli, -EINVAL,
					  "volume %s is a throwaway: it has no recovery key",
					  volume->name);
	if (!err && values->recovery_file)
		err = envol_keyfile_load(cli, values->recovery_file, &recovery);
	if (!err)
		err = values->recovery_file ? open_with(cli, volume, &recovery) :
					      ask(cli, volume);
	envol_boot_table_free(&table);
	return err;
}

static const struct option options[] = {
	TEXT_OPTION(struct values, recovery_file, "recovery-key-file", "FILE",
		    "read the recovery key from FILE (- is standard input)"),
	VOLUMES_OPTION(struct values, volumes),
	{ .name = NULL },
};

COMMAND(boot_ask) = {
	.name = "boot ask",
	.arguments = "VOLUME",
	.summary = "ask for the recovery key of a volume until it is open, by whatever",
	.options = options,
	.values_size = sizeof(struct values),
	.min_words = 1,
	.max_words = 1,
	.acts = true,
	.run = run,
};
