/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes and KEKs as all commands show them. */
#pragma once

#include "userspace/cli/command.h"

/* A record "volume"; -ENOMEM. */
int envol_show_volume(struct cli *cli, const struct envol_volume_info *info)
	_must_check_;

/* A list "volumes", a line each for people. */
int envol_show_volumes(struct cli *cli, const struct envol_volume_info *infos,
		       size_t n) _must_check_;

/* A record "key", and a list "keys". */
void envol_show_key(struct cli *cli, const struct envol_key_info *info);
void envol_show_keys(struct cli *cli, const struct envol_key_info *infos,
		     size_t n);

/* An envol_check_fn(): one item of the list that is open in @data, a struct output. */
void envol_show_check(enum envol_check_result result, const char *what,
		      const char *sentence, void *data);
