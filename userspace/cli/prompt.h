/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions at the terminal. Nothing is asked where standard input is no terminal:
 * a script that forgot an option gets an error, not a hang.
 */
#pragma once

#include "userspace/cli/command.h"

/*
 * A line typed without echo into @secret, which must be empty; with @again it is
 * typed twice. -ENOTTY without a terminal, -EINTR for a signal, after which the
 * terminal echoes again, -EINVAL for nothing, two that differ, or more than 512 bytes.
 */
int envol_prompt_secret(struct cli *cli, const char *question, bool again,
			struct envol_secret *secret) _must_check_;

/*
 * The same, once, for as long as @is_over does not say that no answer is wanted any more:
 * -EALREADY.
 */
int envol_prompt_secret_until(struct cli *cli, const char *question,
			      bool (*is_over)(void *data), void *data,
			      struct envol_secret *secret) _must_check_;

/*
 * Say what would be lost, and go on only if @name is typed: -ECANCELED for another
 * answer, -ENOTTY (with what to do) where nobody can be asked.
 */
int envol_prompt_confirm(struct cli *cli, const char *loss, const char *name)
	_must_check_;

/* The same for what may be lost later, with "yes". */
int envol_prompt_agree(struct cli *cli, const char *risk) _must_check_;
