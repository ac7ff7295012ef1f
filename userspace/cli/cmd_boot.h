/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands about the table of volumes share. */
#pragma once

#include "userspace/cli/command.h"
#include "userspace/include/envol_boot.h"

struct boot_values {
	const char *volumes;
	bool all, initramfs;
};

#define VOLUMES_OPTION(values, member)                                        \
	TEXT_OPTION(values, member, "volumes", "FILE",                        \
		    "the table, instead of " ENVOL_BOOT_TABLE)

/*
 * The table. With @complain its mistakes are warnings; a command that is about one volume is
 * spoilt by that one's alone.
 */
int envol_cmd_boot_load(struct cli *cli, const char *file, bool complain,
			struct envol_boot_table *table) _must_check_;
