/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What to do about an error, where one line can say it. */
#pragma once

struct cli;

/* For @err (-errno) of the command that ran; NULL: nothing that helps. */
const char *envol_hint_find(const struct cli *cli, int err);
