/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that every command has, and what they make of the handle. */
#pragma once

#include "userspace/cli/option.h"

#define SETS_MAX 64

struct settings {
	bool help, version, quiet, json;
	unsigned int verbose;
	const char *config;	/* NULL: the usual one, if it is there */
	const char *keystore, *state, *tpm;	/* NULL: as configured */
	struct number timeout;	/* seconds */
	const char *pin_file;	/* NULL: ask */
	struct {
		const char *texts[SETS_MAX];	/* SCHEME.KEY=VALUE */
		unsigned int n;
	} sets;
};

extern const struct option envol_settings_options[];

/* Command line before file before what is built in. Errors as envol_config_load(). */
int envol_settings_apply(struct cli *cli) _must_check_;
