/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secrets that people or scripts keep as a line of text: passphrases, recovery keys. */
#pragma once

#include "userspace/cli/command.h"

/*
 * All of @file but one newline at its end, into @secret; "-" is standard input. A
 * regular file must be the caller's or root's and closed to others: -EPERM. -EFBIG
 * for more than 512 bytes, -ENODATA for none.
 */
int envol_keyfile_load(struct cli *cli, const char *file,
		       struct envol_secret *secret) _must_check_;

/* The same of more than a line: up to @max bytes. */
int envol_keyfile_load_up_to(struct cli *cli, const char *file, size_t max,
			     struct envol_secret *secret) _must_check_;

/*
 * A new file, only for its owner to read, made before there is a secret that could
 * be lost for want of one; -EEXIST.
 */
int envol_keyfile_create(struct cli *cli, const char *file, int *fd) _must_check_;
int envol_keyfile_store(struct cli *cli, const char *file, int fd,
			const struct envol_secret *secret) _must_check_;

/* On the terminal, behind @title; never on standard output, which may be a log. */
int envol_keyfile_show(struct cli *cli, const char *title,
		       const struct envol_secret *secret) _must_check_;
