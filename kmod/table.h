/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table line of the target as a structure. Pure, and shared: the kernel
 * parses with it, user space formats with it.
 */
#ifndef _ENVOL_TABLE_H
#define _ENVOL_TABLE_H

#include "kmod/core/port.h"
#include "kmod/uapi.h"

#define ENVOL_TABLE_SECTOR 512u

/* envol_table.flags */
#define ENVOL_TABLE_ALLOW_DISCARDS	(1u << 0)
#define ENVOL_TABLE_IV_LARGE_SECTORS	(1u << 1)
#define ENVOL_TABLE_ALLOW_WEAK_KEY	(1u << 2)
/* dm-crypt's performance options, kept only to be shown again */
#define ENVOL_TABLE_SAME_CPU		(1u << 3)
#define ENVOL_TABLE_SUBMIT_CPUS		(1u << 4)
#define ENVOL_TABLE_HIGH_PRIORITY	(1u << 5)
#define ENVOL_TABLE_NO_READ_WQ		(1u << 6)
#define ENVOL_TABLE_NO_WRITE_WQ		(1u << 7)

/* The strings belong to the caller; a parsed table points into its arguments. */
struct envol_table {
	unsigned int key_size;		/* bytes: 32 or 64 */
	const char *key_description;	/* of the logon key in the kernel keyring */
	u64 iv_offset;			/* sectors, added to the sector before it becomes the tweak */
	const char *device;		/* path or major:minor */
	u64 start_sector;		/* on the device */
	unsigned int du_size;		/* bytes a data unit: 512, 1024, 2048 or 4096 */
	u32 flags;			/* ENVOL_TABLE_… */
	const char *engine;		/* NULL: the fastest that the CPU runs */
};

/*
 * Parse what follows the target's name in a table line:
 *
 *	aes-xts-plain64 :<32|64>:logon:<description> <iv_offset> <device> <start> [<#options> <option>…]
 *
 * Offsets are in sectors and multiples of the data unit. 0, or -EINVAL with a
 * sentence in *@why that names the cause and never holds any part of the
 * arguments, for one of them may be a key.
 */
int envol_table_parse(struct envol_table *t, unsigned int argc, char **argv,
		      const char **why);

/* The key argument alone, as in the message "key set". Sets the two key fields. */
int envol_table_parse_key(struct envol_table *t, const char *arg,
			  const char **why);

/*
 * Whether a mapping of @len_sectors fits @t: whole data units, and no sector
 * number that wraps. 0 or -EINVAL with a sentence in *@why.
 */
int envol_table_check_length(const struct envol_table *t, u64 len_sectors,
			     const char **why);

/*
 * The inverse of envol_table_parse(): write the arguments to @buf, with blanks
 * and backslashes inside them escaped as device-mapper wants it. 0, -EINVAL for
 * a @t that parsing would refuse, or -ENOSPC with the text cut off at @size - 1
 * bytes. The text ends with a zero byte in every case (@size must not be 0).
 */
int envol_table_format(const struct envol_table *t, char *buf, size_t size);

#endif
