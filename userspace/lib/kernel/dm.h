/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mappings through libdevmapper, one ioctl a function; the only file that includes
 * it. Names have passed envol_name_check(), or came from the kernel. What
 * libdevmapper says of a failure becomes the handle's sentence.
 *
 * Errors of all: -ENODEV for no mapping of that name, -EOPNOTSUPP for a kernel
 * without device-mapper, -EACCES for another user than root, -ENOMEM, else what the ioctl
 * returned.
 */
#pragma once

#include "userspace/lib/internal.h"

#define ENVOL_DM_NAME_SIZE 128	/* the kernel's */
#define ENVOL_DM_UUID_SIZE 129
#define ENVOL_DM_TYPE_SIZE 16

struct envol_dm_info {
	char uuid[ENVOL_DM_UUID_SIZE];	/* "" for none */
	unsigned int major, minor;
	unsigned int open_count;
	bool suspended, read_only;
	bool live_table, inactive_table;
};

/* What follows the target's name in a table or a status line. */
struct envol_dm_target {
	char type[ENVOL_DM_TYPE_SIZE];
	uint64_t len_sectors;
	char *params;
};

#define ENVOL_DM_TARGET_INIT { 0 }
#define _cleanup_dm_target_ _cleanup_(envol_dm_free_target)
void envol_dm_free_target(struct envol_dm_target *target);

int envol_dm_info(struct envol *ev, const char *name, struct envol_dm_info *info)
	_must_check_;

/* The names of all mappings, malloc'ed, in a malloc'ed array that ends with NULL. */
int envol_dm_list(struct envol *ev, char ***names) _must_check_;
#define _cleanup_dm_names_ _cleanup_(envol_dm_free_names)
void envol_dm_free_names(char ***names);

/*
 * The live table or its status. -EMEDIUMTYPE for another number of targets than
 * one. @target must be empty.
 */
int envol_dm_table(struct envol *ev, const char *name,
		   struct envol_dm_target *target) _must_check_;
int envol_dm_status(struct envol *ev, const char *name,
		    struct envol_dm_target *target) _must_check_;

/* The device under a mapping of one device. */
int envol_dm_lower(struct envol *ev, const char *name, unsigned int *major,
		   unsigned int *minor) _must_check_;

/* The version of a target, whose module is loaded for that. -ENOENT if there is none. */
int envol_dm_target_version(struct envol *ev, const char *type,
			    unsigned int version[3]) _must_check_;

/* A mapping without a table. -EEXIST where name or UUID are in use. */
int envol_dm_create(struct envol *ev, const char *name, const char *uuid)
	_must_check_;

/* Its inactive table, of one target from sector 0. Only what reads may be open then. */
int envol_dm_load(struct envol *ev, const char *name,
		  const struct envol_dm_target *target, bool read_only)
	_must_check_;

/*
 * Make the inactive table live or end a suspension. What has to be done at once is
 * done before envol_dm_settle(), which is called in any case and returns when udev
 * has made the nodes, or makes them itself where there is no udev.
 */
struct envol_dm_udev {
	uint32_t cookie;
	bool is_waited_for;
};

int envol_dm_resume(struct envol *ev, const char *name,
		    struct envol_dm_udev *udev) _must_check_;
void envol_dm_settle(struct envol *ev, struct envol_dm_udev *udev);

/* Let all I/O finish and hold what comes; a file system on it is frozen first. */
int envol_dm_suspend(struct envol *ev, const char *name) _must_check_;
/* The same without freezing: where I/O fails a file system can't be written back. */
int envol_dm_suspend_unfrozen(struct envol *ev, const char *name) _must_check_;

int envol_dm_message(struct envol *ev, const char *name, const char *message)
	_must_check_;

/* -EBUSY while it is open; programs that only look (udev's) are waited for. */
int envol_dm_remove(struct envol *ev, const char *name) _must_check_;
/* At once, or with its last user. */
int envol_dm_remove_deferred(struct envol *ev, const char *name) _must_check_;
