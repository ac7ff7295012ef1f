/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words that user space and the kernel module say to each other: target,
 * table, message and status. dm-envol(7) explains them.
 */
#ifndef _ENVOL_UAPI_H
#define _ENVOL_UAPI_H

#define ENVOL_TARGET_NAME "envol"
#define ENVOL_TARGET_VERSION_MAJOR 1
#define ENVOL_TARGET_VERSION_MINOR 0
#define ENVOL_TARGET_VERSION_PATCH 0

/* Table. The key is ":<bytes>:logon:<description>" and nothing else. */
#define ENVOL_TABLE_CIPHER "aes-xts-plain64"
#define ENVOL_TABLE_KEY_TYPE "logon"

/* Options that dm-crypt knows too and that mean the same there. */
#define ENVOL_OPTION_ALLOW_DISCARDS "allow_discards"
#define ENVOL_OPTION_SECTOR_SIZE "sector_size:"
#define ENVOL_OPTION_IV_LARGE_SECTORS "iv_large_sectors"

/* dm-crypt's performance options: accepted and shown again, without effect. */
#define ENVOL_OPTION_SAME_CPU "same_cpu_crypt"
#define ENVOL_OPTION_SUBMIT_CPUS "submit_from_crypt_cpus"
#define ENVOL_OPTION_HIGH_PRIORITY "high_priority"
#define ENVOL_OPTION_NO_READ_WQ "no_read_workqueue"
#define ENVOL_OPTION_NO_WRITE_WQ "no_write_workqueue"

/* Options of envol alone: keep them out of tables meant for a swap to dm-crypt. */
#define ENVOL_OPTION_ENGINE "engine:"
#define ENVOL_OPTION_ALLOW_WEAK_KEY "allow_weak_key"

/* Messages: "key wipe", "key set :<bytes>:logon:<description>", "stats clear". */
#define ENVOL_MESSAGE_KEY "key"
#define ENVOL_MESSAGE_KEY_SET "set"
#define ENVOL_MESSAGE_KEY_WIPE "wipe"
#define ENVOL_MESSAGE_STATS "stats"
#define ENVOL_MESSAGE_STATS_CLEAR "clear"

/*
 * Status: pairs "name value" separated by blanks; new names are added at the
 * end. These come first.
 */
#define ENVOL_STATUS_KEY "key"		/* one of the next four */
#define ENVOL_STATUS_KEY_READY "ready"
#define ENVOL_STATUS_KEY_WIPED "wiped"
#define ENVOL_STATUS_KEY_REVOKED "revoked"
#define ENVOL_STATUS_KEY_EXPIRED "expired"
#define ENVOL_STATUS_ENGINE "engine"	/* its name */
#define ENVOL_STATUS_SPEED "speed"	/* one of the next two */
#define ENVOL_STATUS_SPEED_FAST "fast"
#define ENVOL_STATUS_SPEED_SLOW "slow"	/* no AES instructions in use */

#endif
