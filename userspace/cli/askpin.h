/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PINs of tokens: from --pin-file, or from who sits at the terminal. */
#pragma once

#include "userspace/cli/command.h"

/* Answer the library when it needs one. */
void envol_askpin_set_up(struct cli *cli);
