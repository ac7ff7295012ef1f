// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/cli/keyfile.h"

#define SECRET_MAX 16384

struct values {
	const char *policy;
	bool boot;
};

static const struct option options[] = {
	TEXT_OPTION(struct values, policy, "policy", "POLICY",
		    "what the TPM asks for: none, pcr7, pcr:7+11"),
	FLAG_OPTION(struct values, boot, "boot",
		    "to be opened early in a boot, and not later"),
	{ .name = NULL },
};

static int seal(struct cli *cli, const void *data, const char **words)
{
	_cleanup_secret_ struct envol_secret content = ENVOL_SECRET_INIT;
	const struct values *values = data;
	const struct envol_key_reseal how = { .policy = values->policy,
					      .boot = values->boot };
	int err = envol_keyfile_load_up_to(cli, words[1], SECRET_MAX, &content);

	if (!err)
		err = envol_credential_seal(cli->ev, words[0], &content, &how,
					    words[2]);
	if (err)
		return err;
	envol_output_begin_record(&cli->output, "credential", words[2]);
	OUTPUT_FIELDS(&cli->output, TEXT("setting", "setting", words[0]),
		      TEXT("file", NULL, words[2]));
	envol_output_end(&cli->output);
	return 0;
}

COMMAND(credential_seal) = {
	.name = "credential seal",
	.arguments = "SETTING FILE SEALED",
	.summary = "have the TPM seal a provider's secret for a setting, into a new file",
	.about = "SETTING, https.client_secret_file say, may then name the file SEALED instead of the\n"
		 "secret in the clear; no other setting may. An initramfs takes FILE.boot, sealed with\n"
		 "--boot, where it is beside the FILE that the setting names.",
	.options = options,
	.values_size = sizeof(struct values),
	.min_words = 3,
	.max_words = 3,
	.acts = true,
	.run = seal,
};
