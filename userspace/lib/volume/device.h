/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a volume may lie on: a block device, or a regular file (a disk image, a
 * detached header). Who uses it is holder.h's, what lies on it signature.h's.
 */
#pragma once

#include <fcntl.h>

#include "userspace/lib/internal.h"

struct envol_device {
	int fd;
	char *path;
	bool is_file;			/* regular; else a block device */
	uint64_t size;			/* bytes */
	unsigned int physical_size;	/* bytes of a block that it writes at once */
	unsigned int optimal_size;	/* bytes of its best I/O; 0: not known */
	bool is_misaligned;		/* it does not begin where a block begins */
};

#define ENVOL_DEVICE_INIT { .fd = -1 }
#define _cleanup_device_ _cleanup_(envol_device_close)
void envol_device_close(struct envol_device *dev);

/*
 * @flags is O_RDONLY or O_RDWR. -ENOENT, -EACCES, -EROFS, -ENOTBLK for what is neither
 * block device nor regular file, -ENXIO for a device without a medium. Each
 * sentence names @path and, where there is one, the way out.
 */
int envol_device_open(struct envol *ev, const char *path, int flags,
		      struct envol_device *dev) _must_check_;

/*
 * Keep it until it is closed: from other processes of this kind (-EBUSY at once),
 * and from udev's probing, which is waited for. Needs O_RDWR.
 */
int envol_device_lock(struct envol *ev, const struct envol_device *dev)
	_must_check_;

/* -EINVAL if both are one, by whatever paths. */
int envol_device_differ(struct envol *ev, const struct envol_device *a,
			const struct envol_device *b) _must_check_;

/*
 * Where data should begin behind a header of @header_size bytes: at a multiple of
 * 1 MiB, or of the device's best I/O where that is sane.
 */
uint64_t envol_device_data_offset(const struct envol_device *dev,
				  uint64_t header_size);

/*
 * Bytes that one data unit should have, 4096 or 512: the large one where the
 * device writes blocks of at least 4096 bytes, they begin where data units do, and
 * nothing of its end is lost. @data_offset is a multiple of 4096.
 */
unsigned int envol_device_sector_size(const struct envol_device *dev,
				      uint64_t data_offset);
