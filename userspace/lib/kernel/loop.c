// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/loop.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/kernel/loop.h"

/* Others look for a free one at the same time. */
#define TRIES 64

static int open_file(struct envol *ev, const char *path, bool *read_only)
{
	int fd = -1;

	if (!*read_only)
		fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		*read_only = true;
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	return fd < 0 ? envol_error_errno(ev, -errno, "open %s", path) : fd;
}

/* -EBUSY where somebody else was faster. */
static int try_attach(int control, int file, const char *path, bool read_only,
		      char **node)
{
	struct loop_config config = { .fd = file };
	_cleanup_close_ int fd = -1;
	int n = ioctl(control, LOOP_CTL_GET_FREE);

	if (n < 0)
		return -errno;
	free(*node);
	if (asprintf(node, "/dev/loop%d", n) < 0) {
		*node = NULL;
		return -ENOMEM;
	}
	fd = open(*node, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	config.info.lo_flags = LO_FLAGS_AUTOCLEAR |
			       (read_only ? LO_FLAGS_READ_ONLY : 0);
	snprintf((char *)config.info.lo_file_name,
		 sizeof(config.info.lo_file_name), "%s", path);
	if (ioctl(fd, LOOP_CONFIGURE, &config))
		return -errno;
	return take_fd(&fd);
}

int envol_loop_attach(struct envol *ev, const char *path, bool read_only,
		      char **node)
{
	_cleanup_close_ int control = -1, file = -1;
	_cleanup_free_ char *out = NULL;
	int tries, fd = -EBUSY;

	file = open_file(ev, path, &read_only);
	if (file < 0)
		return file;
	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (control < 0)
		return envol_error(ev, -EOPNOTSUPP,
				   "%s is a disk image, and there are no loop devices to attach it to: %s",
				   path, strerror(errno));
	for (tries = 0; fd == -EBUSY && tries < TRIES; tries++)
		fd = try_attach(control, file, path, read_only, &out);
	if (fd < 0)
		return envol_error_errno(ev, fd, "attach %s to a loop device",
					 path);
	*node = take_ptr(out);
	return fd;
}
