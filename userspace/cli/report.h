/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes to standard error: the log's lines, and at the end the error. */
#pragma once

#include "userspace/cli/command.h"

/* Send the log of cli->ev there, as much of it as the options ask for. */
void envol_report_log(struct cli *cli);

/* A line that is no error, for people and programs as the log's. */
void envol_report_warning(struct cli *cli, const char *sentence);

/* The sentence of @err (-errno), and its hint if there is one; @exit is told to programs. */
void envol_report_error(const struct cli *cli, int err, int exit);
