/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of all commands that unwrap the DEK of a volume. */
#pragma once

#include "userspace/cli/command.h"

#define SOURCE_KEKS 32

struct source {
	const char *keks[SOURCE_KEKS];
	unsigned int n_keks;
	char id[ENVOL_FINGERPRINT_SIZE];
	const char *header, *recovery_file;
	bool unattended, allow_older, recovery;
};

/* In a struct that has it as @source. */
#define SOURCE_OPTIONS(values)                                                \
	CALL_OPTION(envol_source_take_kek, values, source, "kek", "URI",      \
		    "use this KEK and no other, may be repeated (default: the header's)"), \
	CALL_OPTION(envol_source_take_id, values, source, "id", "FINGERPRINT", \
		    "refuse a volume with another fingerprint"),              \
	FLAG_OPTION(values, source.unattended, "unattended",                  \
		    "nobody is watching: --kek and --id are required"),       \
	HEADER_OPTION(values, source.header),                                 \
	FLAG_OPTION(values, source.recovery, "recovery-key",                  \
		    "ask for the recovery key instead of using a KEK"),       \
	TEXT_OPTION(values, source.recovery_file, "recovery-key-file", "FILE", \
		    "read the recovery key from FILE (- is standard input)"), \
	FLAG_OPTION(values, source.allow_older, "allow-older",                \
		    "accept a header older than the newest seen here")

#define HEADER_OPTION(values, member)                                         \
	TEXT_OPTION(values, member, "header", "FILE",                         \
		    "the header is detached, in this file or device")

int envol_source_take_kek(struct cli *cli, void *source, const char *value)
	_must_check_;
int envol_source_take_id(struct cli *cli, void *source, const char *value)
	_must_check_;

/*
 * What the library takes, for @device, which may be NULL; asks for or reads the
 * recovery key into @recovery, which must be empty and outlive @to.
 */
int envol_source_fill(struct cli *cli, const struct source *source,
		      const char *device, struct envol_secret *recovery,
		      struct envol_volume_source *to) _must_check_;

/* A recovery key as it was typed from paper becomes one as it was made. */
void envol_source_straighten(struct envol_secret *recovery);
