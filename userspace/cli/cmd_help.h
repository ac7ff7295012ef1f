/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The help that `envol help` and --help print. */
#pragma once

struct command;

/* Of one command, or NULL: the list of all. 0. */
int envol_cmd_help_show(const struct command *command);
