/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mappings for the time of a benchmark, by way of dmsetup(8), under a random key. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct envol_mapping {
	const char *title;	/* in the report */
	const char *target;	/* NULL: the device itself */
	const char *options;	/* of the table besides sector_size, or "" */
	char name[64];		/* /dev/mapper/…, "" while there is none */
};

/*
 * A session keyring of our own with a random key in it, which is gone with this process and
 * whatever it starts. Loads the targets' modules. 0 or -errno, said to the user.
 */
int envol_mapping_prepare(void) __attribute__((warn_unused_result));

/*
 * Map all of @device, @sectors long, with data units of @du_size. -EOPNOTSUPP, without a
 * word, if this kernel does not know the target's options.
 */
int envol_mapping_create(struct envol_mapping *mapping, const char *device,
			 uint64_t sectors, unsigned int du_size)
	__attribute__((warn_unused_result));

void envol_mapping_remove(struct envol_mapping *mapping);

/* Where @mapping of @device is found, in @path. */
void envol_mapping_path(const struct envol_mapping *mapping, const char *device,
			char path[256]);

/*
 * Write a megabyte through each of two mappings of one device and read it through
 * the other one. -EBADMSG, said to the user, where they differ.
 */
int envol_mapping_prove(const struct envol_mapping *a,
			const struct envol_mapping *b)
	__attribute__((warn_unused_result));
