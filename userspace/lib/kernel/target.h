/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two targets that a volume can be opened with, envol and the kernel's own
 * crypt: which one to take, their tables, and what they tell of themselves.
 */
#pragma once

#include "kmod/table.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/kernel/dm.h"

#define ENVOL_TARGET_CRYPT_NAME "crypt"

/*
 * The target for @choice: ENVOL_TARGET_AUTO takes envol where the kernel has it, or
 * can load it, in a version that we speak, and @zoned (a host-managed device, which
 * envol does not take) is false; else crypt, with a warning in the log. -ENOENT where
 * there is none, -EPROTONOSUPPORT for a version of envol that is not ours, -EOPNOTSUPP
 * for envol on a zoned device.
 */
int envol_target_choose(struct envol *ev, enum envol_target_choice choice,
			bool zoned, const char **type) _must_check_;

/* -EINVAL, with those that there are, for a name that no engine of this build has. */
int envol_target_check_engine(struct envol *ev, const char *engine) _must_check_;

/*
 * The line of target @type for @table over @len_sectors, in @target, which must be
 * empty. crypt gets no engine. -EINVAL with what is wrong.
 */
int envol_target_format(struct envol *ev, const char *type,
			const struct envol_table *table, uint64_t len_sectors,
			struct envol_dm_target *target) _must_check_;

/* A live table of either target, whoever made it. */
struct envol_target_info {
	char *words;		/* what the strings below lie in */
	const char *cipher;
	const char *key_description;	/* NULL: a wiped key of crypt */
	unsigned int key_size, sector_size;	/* bytes */
	uint64_t iv_offset, start_sector;
	bool discards;
	bool integrity;		/* authenticated encryption: none of ours */
};

#define ENVOL_TARGET_INFO_INIT { 0 }
#define _cleanup_target_info_ _cleanup_(envol_target_free_info)
void envol_target_free_info(struct envol_target_info *info);

/* -EMEDIUMTYPE for another target, -EBADMSG for a table that can't be read. */
int envol_target_parse(struct envol *ev, const struct envol_dm_target *table,
		       struct envol_target_info *info) _must_check_;

/*
 * A value of envol's status line, malloc'ed: ENVOL_STATUS_KEY and the like. NULL if it
 * has none of that name, or memory is short.
 */
char *envol_target_status(const struct envol_dm_target *status, const char *name);

/* The counters behind the three values that have names of their own; NULL as above. */
char *envol_target_statistics(const struct envol_dm_target *status);
