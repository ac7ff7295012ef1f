// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/volume/device.h"

#define SECTOR_SIZE	  512
#define LARGE_SIZE	  4096
#define ALIGNMENT	  (1u << 20)
#define MAX_ALIGNMENT	  (64u << 20)
#define UDEV_TIMEOUT_MS	  10000

void envol_device_close(struct envol_device *dev)
{
	if (dev->fd >= 0)
		close(dev->fd);
	free(dev->path);
	*dev = (struct envol_device)ENVOL_DEVICE_INIT;
}

static const char *kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a directory";
	case S_IFCHR:
		return "a character device";
	case S_IFIFO:
		return "a pipe";
	case S_IFSOCK:
		return "a socket";
	default:
		return "of an unknown kind";
	}
}

/* Before the open, which would wait at a pipe and rewind a tape. */
static int check_kind(struct envol *ev, const char *path, struct envol_device *dev)
{
	struct stat st;

	if (!*path)
		return envol_error(ev, -ENOENT, "the path of the device is empty");
	if (stat(path, &st))
		return envol_error_errno(ev, -errno, "%s", path);
	if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
		return envol_error(ev, -ENOTBLK,
				   "%s is %s, neither a block device nor a disk image",
				   path, kind_of(st.st_mode));
	dev->is_file = S_ISREG(st.st_mode);
	return 0;
}

static int explain_open(struct envol *ev, const char *path, int err)
{
	if (err == -EROFS)
		return envol_error(ev, err,
				   "%s is read-only, or lies on a read-only file system",
				   path);
	if (err == -ENXIO || err == -ENOMEDIUM)
		return envol_error(ev, -ENXIO,
				   "%s: no device or no medium behind it", path);
	return envol_error_errno(ev, err, "open %s", path);
}

static int measure_file(struct envol *ev, struct envol_device *dev)
{
	struct statfs fs;
	struct stat st;

	if (fstat(dev->fd, &st) || fstatfs(dev->fd, &fs))
		return envol_error_errno(ev, -errno, "%s", dev->path);
	dev->size = st.st_size;
	/* Its file system writes blocks; some report far more than a page. */
	dev->physical_size = fs.f_bsize < SECTOR_SIZE ? SECTOR_SIZE :
			     fs.f_bsize > LARGE_SIZE  ? LARGE_SIZE :
							fs.f_bsize;
	return 0;
}

static int measure_block(struct envol *ev, struct envol_device *dev)
{
	unsigned int physical = 0, optimal = 0;
	int offset = 0;
	uint64_t size;

	if (ioctl(dev->fd, BLKGETSIZE64, &size))
		return envol_error_errno(ev, -errno, "size of %s", dev->path);
	if (ioctl(dev->fd, BLKPBSZGET, &physical) || physical < SECTOR_SIZE)
		physical = SECTOR_SIZE;
	if (ioctl(dev->fd, BLKIOOPT, &optimal))
		optimal = 0;
	if (ioctl(dev->fd, BLKALIGNOFF, &offset) || offset < 0)
		offset = 0;	/* -1: the kernel can't tell */
	dev->size = size;
	dev->physical_size = physical;
	dev->optimal_size = optimal;
	dev->is_misaligned = offset != 0;
	return 0;
}

/* A block device that is read-only can be opened for writing by older kernels. */
static int check_writable(struct envol *ev, const struct envol_device *dev)
{
	int read_only = 0;

	if (dev->is_file || ioctl(dev->fd, BLKROGET, &read_only) || !read_only)
		return 0;
	return envol_error(ev, -EROFS,
			   "%s is read-only; blockdev --setrw %s makes it writable if its driver allows that",
			   dev->path, dev->path);
}

int envol_device_open(struct envol *ev, const char *path, int flags,
		      struct envol_device *dev)
{
	struct envol_device new = ENVOL_DEVICE_INIT;
	int err = check_kind(ev, path, &new);

	if (err)
		return err;
	new.path = strdup(path);
	if (!new.path)
		return envol_error(ev, -ENOMEM, "out of memory");
	new.fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
	if (new.fd < 0)
		err = explain_open(ev, path, -errno);
	if (!err && (flags & O_ACCMODE) != O_RDONLY)
		err = check_writable(ev, &new);
	if (!err)
		err = new.is_file ? measure_file(ev, &new) :
				    measure_block(ev, &new);
	if (err) {
		envol_device_close(&new);
		return err;
	}
	*dev = new;
	return 0;
}

int envol_device_lock(struct envol *ev, const struct envol_device *dev)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	/*
	 * Of an open file description: libcryptsetup takes flock() on a header in a
	 * file, which this one does not meet, and QEMU takes locks of this kind on
	 * the images that it uses, which it does.
	 */
	if (fcntl(dev->fd, F_OFD_SETLK, &whole)) {
		if (errno == EAGAIN || errno == EACCES)
			return envol_error(ev, -EBUSY,
					   "%s is locked by another program: another format of it, or a virtual machine that uses it",
					   dev->path);
		return envol_error_errno(ev, -errno, "lock %s", dev->path);
	}
	if (dev->is_file)
		return 0;
	/* udev leaves a block device alone while somebody holds this one. */
	return envol_file_lock(ev, dev->fd, true, UDEV_TIMEOUT_MS, dev->path);
}

int envol_device_differ(struct envol *ev, const struct envol_device *a,
			const struct envol_device *b)
{
	struct stat sa, sb;
	bool same;

	if (fstat(a->fd, &sa) || fstat(b->fd, &sb))
		return envol_error_errno(ev, -errno, "%s, %s", a->path, b->path);
	if (a->is_file != b->is_file)
		return 0;
	same = a->is_file ? sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino :
			    sa.st_rdev == sb.st_rdev;
	if (!same)
		return 0;
	return envol_error(ev, -EINVAL,
			   "%s and %s are one: a detached header lies somewhere else than the data",
			   a->path, b->path);
}

/* Some devices report nonsense; a size that is no whole number of pages is. */
static unsigned int step_of(const struct envol_device *dev)
{
	unsigned int optimal = dev->optimal_size;

	if (!optimal || optimal > MAX_ALIGNMENT || optimal % LARGE_SIZE)
		return ALIGNMENT;
	return ALIGNMENT % optimal ? optimal : ALIGNMENT;
}

uint64_t envol_device_data_offset(const struct envol_device *dev,
				  uint64_t header_size)
{
	uint64_t step = step_of(dev);

	return (header_size + step - 1) / step * step;
}

unsigned int envol_device_sector_size(const struct envol_device *dev,
				      uint64_t data_offset)
{
	if (dev->physical_size < LARGE_SIZE || dev->is_misaligned)
		return SECTOR_SIZE;
	if (dev->size < data_offset || (dev->size - data_offset) % LARGE_SIZE)
		return SECTOR_SIZE;
	return LARGE_SIZE;
}
