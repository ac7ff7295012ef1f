// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "userspace/cli/cmd_recovery.h"
#include "userspace/cli/prompt.h"
#include "userspace/cli/show.h"
#include "userspace/cli/source.h"

struct keks {
	struct envol_kek_choice list[SOURCE_KEKS];
	unsigned int n;
};

struct values {
	struct keks keks;
	const char *header, *label, *uuid, *recovery_file, *mix_random;
	unsigned int sector_size, key_size;	/* choices: 512|4096, 256|512 */
	bool alone, force_unprotected, force_unproved, allow_discards, dry_run, overwrite, yes, recovery;
};

static int take_kek(struct cli *cli, void *into, const char *value)
{
	struct keks *keks = into;

	if (keks->n == SOURCE_KEKS)
		return envol_command_error(cli, -EINVAL,
					   "option --kek is given more than %d times",
					   SOURCE_KEKS);
	keks->list[keks->n++].uri = value;
	return 0;
}

static int take_second(struct cli *cli, void *into, const char *value)
{
	struct keks *keks = into;

	if (!keks->n || keks->list[keks->n - 1].second)
		return envol_command_error(cli, -EINVAL,
					   "option --with %s has no --kek before it",
					   value);
	keks->list[keks->n - 1].second = value;
	return 0;
}

static const struct option options[] = {
	CALL_OPTION(take_kek, struct values, keks, "kek", "URI",
		    "KEK that wraps the DEK, may be repeated: any one opens"),
	CALL_OPTION(take_second, struct values, keks, "with", "URI",
		    "second KEK to the --kek before it: both are needed to open"),
	FLAG_OPTION(struct values, alone, "alone",
		    "a --kek without --with may open by itself what otherwise takes two"),
	FLAG_OPTION(struct values, force_unprotected, "force-unprotected",
		    "take KEKs that could be deleted for good; the header records it"),
	FLAG_OPTION(struct values, force_unproved, "force-unproved",
		    "make the volume though this host may unwrap by none of the KEKs"),
	TEXT_OPTION(struct values, mix_random, "mix-random", "URI",
		    "mix random bytes of this KEK's HSM into the DEK"),
	HEADER_OPTION(struct values, header),
	CHOICE_OPTION(struct values, sector_size, "sector-size", "512|4096",
		      "bytes that are encrypted as one (default: as the device likes)"),
	CHOICE_OPTION(struct values, key_size, "key-size", "256|512",
		      "bits of the DEK: AES-128 or AES-256 (default: 512)"),
	TEXT_OPTION(struct values, label, "label", "TEXT", "label of the volume"),
	TEXT_OPTION(struct values, uuid, "uuid", "UUID",
		    "UUID of the volume (default: random)"),
	FLAG_OPTION(struct values, allow_discards, "allow-discards",
		    "opens pass discards to the device, which shows what is free"),
	FLAG_OPTION(struct values, recovery, "recovery-key",
		    "make a recovery key and show it at the terminal"),
	TEXT_OPTION(struct values, recovery_file, "recovery-key-file", "FILE",
		    "make a recovery key and write it into a new file"),
	FLAG_OPTION(struct values, dry_run, "dry-run",
		    "check everything and use the KEKs, but write nothing"),
	FLAG_OPTION(struct values, overwrite, "overwrite",
		    "a file system on the device is no reason to refuse"),
	FLAG_OPTION(struct values, yes, "yes",
		    "do not ask before what is on the device is lost"),
	{ .name = NULL },
};

static bool wants_recovery(const struct values *values)
{
	return (values->recovery || values->recovery_file) && !values->dry_run;
}

static int check_options(struct cli *cli, const struct values *values)
{
	bool opens_by_one = false;
	unsigned int i;

	for (i = 0; i < values->keks.n; i++)
		opens_by_one |= !values->keks.list[i].second;
	if (!values->keks.n)
		return envol_command_error(cli, -EINVAL,
					   "format needs at least one --kek URI");
	if (wants_recovery(values) && !opens_by_one)
		return envol_command_error(cli, -EINVAL,
					   "--with asks for two KEKs, and a recovery key would open without either");
	if (wants_recovery(values) && !values->recovery_file &&
	    !isatty(STDIN_FILENO))
		return envol_command_error(cli, -EINVAL,
					   "--recovery-key shows it at a terminal, and standard input is none; --recovery-key-file FILE writes it");
	return 0;
}

static int confirm(struct cli *cli, const struct values *values,
		   const char *device)
{
	_cleanup_free_ char *loss = NULL;

	if (values->yes || values->dry_run)
		return 0;
	if (asprintf(&loss, "all that is on %s%s%s would be lost", device,
		     values->header ? " and in " : "",
		     values->header ? values->header : "") < 0) {
		loss = NULL;
		return envol_command_error(cli, -ENOMEM, "out of memory");
	}
	return envol_prompt_confirm(cli, loss, device);
}

/* The volume is there, whatever becomes of its recovery key. */
static int add_recovery(struct cli *cli, const struct values *values,
			const char *device, const struct recovery_place *place)
{
	const struct envol_volume_source source = {
		.device = device,
		.header = values->header,
	};
	_cleanup_free_ char *why = NULL;
	int err = envol_cmd_recovery_make(cli, &source, place);

	if (!err)
		return 0;
	why = strdup(*cli->message ? cli->message : envol_error_message(cli->ev));
	return envol_command_error(cli, err,
				   "the volume is made, but not its recovery key: %s",
				   why ? why : "out of memory");
}

static int show(struct cli *cli, const struct values *values,
		const struct envol_volume_info *info)
{
	int err = envol_show_volume(cli, info);

	envol_output_line(&cli->output,
			  values->dry_run ? "Nothing was written." :
			  "Keep the fingerprint: with it, open --id refuses another volume in this one's place.");
	return err;
}

static int format(struct cli *cli, const struct values *values,
		  const char *device, const struct recovery_place *place)
{
	_cleanup_volume_info_ struct envol_volume_info info = { 0 };
	struct keks keks = values->keks;
	const struct envol_volume_format format = {
		.device = device,
		.header = values->header,
		.keks = keks.list,
		.n_keks = keks.n,
		.mix_random = values->mix_random,
		.key_size = 32 * values->key_size,
		.sector_size = values->sector_size == 1 ? 512 :
			       values->sector_size == 2 ? 4096 : 0,
		.label = values->label,
		.uuid = values->uuid,
		.discards = values->allow_discards,
		.dry_run = values->dry_run,
		.overwrite = values->overwrite,
	};
	int err, show_err;
	unsigned int i;

	for (i = 0; i < keks.n; i++) {
		keks.list[i].alone = values->alone;
		keks.list[i].unprotected = values->force_unprotected;
		keks.list[i].unproved = values->force_unproved;
	}
	err = envol_volume_format(cli->ev, &format, &info);
	if (err)
		return err;
	if (place) {
		err = add_recovery(cli, values, device, place);
		info.recovery = !err;
	}
	show_err = show(cli, values, &info);
	return err ? err : show_err;
}

static int run(struct cli *cli, const void *data, const char **words)
{
	const struct values *values = data;
	struct recovery_place place = { .fd = -1 };
	int err;

	err = check_options(cli, values);
	if (!err)
		err = confirm(cli, values, words[0]);
	if (!err && wants_recovery(values))
		err = envol_cmd_recovery_open(cli, values->recovery_file, &place);
	if (err)
		return err;
	err = format(cli, values, words[0],
		     wants_recovery(values) ? &place : NULL);
	envol_cmd_recovery_close(&place, err);
	return err;
}

COMMAND(format) = {
	.name = "format",
	.arguments = "DEVICE",
	.summary = "make a volume; all that is on the device is lost",
	.options = options,
	.values_size = sizeof(struct values),
	.min_words = 1,
	.max_words = 1,
	.acts = true,
	.run = run,
};
