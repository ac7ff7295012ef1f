/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a recovery key, alone and as the last step of a format. */
#pragma once

#include "userspace/cli/command.h"

/* Where a recovery key goes: a new file, or the terminal. */
struct recovery_place {
	const char *file;	/* NULL: the terminal */
	int fd;			/* of the file */
};

/*
 * Make sure of the place before there is a key. -EEXIST for a @file that is there,
 * -ENOTTY without a terminal.
 */
int envol_cmd_recovery_open(struct cli *cli, const char *file,
			    struct recovery_place *place) _must_check_;

/* Make the key and put it there, or leave the volume without one. */
int envol_cmd_recovery_make(struct cli *cli,
			    const struct envol_volume_source *source,
			    const struct recovery_place *place) _must_check_;

/* A file into which nothing came, @err being set, is removed. */
void envol_cmd_recovery_close(struct recovery_place *place, int err);
