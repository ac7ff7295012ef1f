/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A KEK that is made, or has a new version, goes into a file too, where --backup names one. */
#pragma once

#include "userspace/cli/command.h"

struct keybackup_values {
	const char *file;	/* NULL: none */
	const char *passphrase_file;
};

extern const struct option envol_keybackup_options[];

/*
 * Before anything is changed: that there is no such file, and the passphrase, if its
 * backups take one.
 */
int envol_keybackup_prepare(struct cli *cli, const struct keybackup_values *values,
			    const char *uri, struct envol_secret *passphrase)
	_must_check_;
/* Write it, and show the key. Where it can't be written, that the key is there is said. */
int envol_keybackup_finish(struct cli *cli, const struct keybackup_values *values,
			   const struct envol_key_info *info,
			   const struct envol_secret *passphrase) _must_check_;

/* The two, around what makes or rotates a key. */
int envol_keybackup_around(struct cli *cli, const struct keybackup_values *values,
			   int (*change)(struct envol *ev, const char *uri,
					 struct envol_key_info *info),
			   const char *uri) _must_check_;

/*
 * The passphrase of a backup, from @file or else the terminal; with one that is not
 * taken @passphrase stays empty, and -EINVAL says that @file is for nothing.
 */
int envol_keybackup_passphrase(struct cli *cli, bool takes, const char *file,
			       bool again, struct envol_secret *passphrase)
	_must_check_;
