// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "userspace/cli/keyfile.h"
#include "userspace/cli/prompt.h"
#include "userspace/cli/source.h"

int envol_source_take_kek(struct cli *cli, void *into, const char *value)
{
	struct source *source = into;

	if (source->n_keks == SOURCE_KEKS)
		return envol_command_error(cli, -EINVAL,
					   "option --kek is given more than %d times",
					   SOURCE_KEKS);
	source->keks[source->n_keks++] = value;
	return 0;
}

int envol_source_take_id(struct cli *cli, void *into, const char *value)
{
	struct source *source = into;
	size_t i;

	if (*source->id)
		return envol_command_error(cli, -EINVAL,
					   "option --id is given twice");
	for (i = 0; isxdigit((unsigned char)value[i]); i++)
		if (i < sizeof(source->id) - 1)
			source->id[i] = tolower((unsigned char)value[i]);
	if (value[i] || i != sizeof(source->id) - 1)
		return envol_command_error(cli, -EINVAL,
					   "option --id: %s is not a fingerprint of %zu hexadecimal digits",
					   value, sizeof(source->id) - 1);
	return 0;
}

/* As it was typed from paper: letters of either case, blanks for dashes. */
void envol_source_straighten(struct envol_secret *recovery)
{
	size_t i;

	for (i = 0; i < recovery->len; i++) {
		uint8_t c = recovery->data[i];

		recovery->data[i] = c == ' ' ? '-' : tolower(c);
	}
}

int envol_source_fill(struct cli *cli, const struct source *source,
		      const char *device, struct envol_secret *recovery,
		      struct envol_volume_source *to)
{
	int err = 0;

	if (source->unattended && (!source->n_keks || !*source->id))
		return envol_command_error(cli, -EINVAL,
					   "--unattended needs --kek and --id: what a header says is no authority where nobody looks");
	if (source->unattended && source->recovery)
		return envol_command_error(cli, -EINVAL,
					   "--unattended cannot ask for a recovery key");
	cli->is_unattended = source->unattended;
	if (source->recovery_file)
		err = envol_keyfile_load(cli, source->recovery_file, recovery);
	else if (source->recovery)
		err = envol_prompt_secret(cli, "Recovery key", false, recovery);
	if (err)
		return err;
	envol_source_straighten(recovery);
	*to = (struct envol_volume_source){
		.device = device,
		.header = source->header,
		.keks = source->n_keks ? source->keks : NULL,
		.n_keks = source->n_keks,
		.id = *source->id ? source->id : NULL,
		.unattended = source->unattended,
		.allow_older = source->allow_older,
		.recovery = recovery->len ? recovery : NULL,
	};
	return 0;
}
