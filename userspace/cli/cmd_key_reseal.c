// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "userspace/cli/keyfile.h"
#include "userspace/cli/prompt.h"
#include "userspace/cli/show.h"

struct reseal_values {
	const char *to, *policy, *new_pin_file;
	bool boot, keep, yes;
	struct number remove;
};

static const struct option reseal_options[] = {
	TEXT_OPTION(struct reseal_values, to, "to", "TCTI",
		    "by this TPM from now on; none: into a file (default: the settings' TPM)"),
	TEXT_OPTION(struct reseal_values, policy, "policy", "POLICY",
		    "what the TPM asks for: none, pin, pcr7, pcr:7+11, pcr:7,pin"),
	TEXT_OPTION(struct reseal_values, new_pin_file, "new-pin-file", "FILE",
		    "read the new PIN from FILE (- is standard input)"),
	FLAG_OPTION(struct reseal_values, boot, "boot",
		    "the seals that open early in a boot, and not later"),
	FLAG_OPTION(struct reseal_values, keep, "keep",
		    "the seals that there are, beside the new one"),
	NUMBER_OPTION(struct reseal_values, remove, "remove", "NUMBER", 1, 8,
		      "remove this seal, and do nothing else"),
	FLAG_OPTION(struct reseal_values, yes, "yes",
		    "the keys have backups: do not ask"),
	{ .name = NULL },
};

static bool has_pin(const char *policy)
{
	size_t len;

	for (; policy; policy = policy[len] ? policy + len + 1 : NULL) {
		len = strcspn(policy, ",");
		if (len == strlen("pin") && strncmp(policy, "pin", len) == 0)
			return true;
	}
	return false;
}

static int check(struct cli *cli, const struct reseal_values *values)
{
	if (values->remove.is_given &&
	    (values->to || values->policy || values->keep))
		return envol_command_error(cli, -EINVAL,
					   "--remove goes with neither --to, --policy nor --keep");
	if (values->new_pin_file && !has_pin(values->policy))
		return envol_command_error(cli, -EINVAL,
					   "--new-pin-file: the policy has no PIN (--policy pin, or pcr7,pin)");
	return 0;
}

static int get_pin(struct cli *cli, const struct reseal_values *values,
		   struct envol_secret *pin)
{
	if (!has_pin(values->policy))
		return 0;
	if (values->new_pin_file)
		return envol_keyfile_load(cli, values->new_pin_file, pin);
	return envol_prompt_secret(cli, "New PIN", true, pin);
}

/* For boot nothing is lost: the seals of the file "root" stay. */
static int confirm(struct cli *cli, const struct reseal_values *values)
{
	if (values->yes || values->boot || values->keep || !values->policy ||
	    strcmp(values->policy, "none") == 0)
		return 0;
	return envol_prompt_agree(cli,
				  "once this policy is not met any more (a PCR changed, the PIN is forgotten), keys without a backup (envol key backup) are lost, and volumes without another KEK or a recovery key with them");
}

static int reseal(struct cli *cli, const void *data, const char **words)
{
	_cleanup_secret_ struct envol_secret pin = ENVOL_SECRET_INIT;
	_cleanup_key_info_ struct envol_key_info info = { 0 };
	const struct reseal_values *values = data;
	struct envol_key_reseal how = {
		.to = values->to,
		.policy = values->policy,
		.pin = &pin,
		.boot = values->boot,
		.add = values->keep,
		.remove = values->remove.n,
	};
	int err = check(cli, values);

	if (!err)
		err = confirm(cli, values);
	if (!err)
		err = get_pin(cli, values, &pin);
	if (!err)
		err = envol_key_reseal(cli->ev, words[0] ? words[0] : "service",
				       &how, &info);
	if (err)
		return err;
	envol_output_begin_record(&cli->output, "reseal", info.uri);
	OUTPUT_FIELDS(&cli->output, TEXT("scheme", NULL, info.uri),
		      TEXT("protection", "protection", info.protection),
		      TEXT("advice", NULL, info.recovery));
	envol_output_end(&cli->output);
	if (values->to && strcmp(values->to, "none") != 0)
		envol_output_line(&cli->output,
				  "That TPM is to be named from now on: tpm = in envol.conf, or --tpm.");
	if (info.recovery && *info.recovery)
		envol_output_line(&cli->output, info.recovery);
	return 0;
}

COMMAND(reseal) = {
	.name = "key reseal",
	.arguments = "[SCHEME]",
	.summary = "have the root key of the service keys sealed by another TPM, or anew",
	.about = "Before a TPM is cleared or replaced: --to none, and afterwards without --to. It takes\n"
		 "the TPM that sealed before. Keys, wraps and volumes do not notice.\n"
		 "Without --policy: as the seals that there are, at the PCRs of now. An initramfs takes\n"
		 "the seals of --boot alone, of which the first asks for PCR 7 where Secure Boot is on.",
	.options = reseal_options,
	.values_size = sizeof(struct reseal_values),
	.max_words = 1,
	.acts = true,
	.run = reseal,
};
