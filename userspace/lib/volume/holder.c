// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel's exclusive open says whether a block device is in use; who it is has
 * to be collected from where the kernel shows it. For a regular file there is no
 * such open, and what is collected is all there is.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/volume/holder.h"

#define FAMILY_MAX 256

/* A device, its partitions, and the disk that it is a partition of. */
struct family {
	dev_t devs[FAMILY_MAX];
	size_t n;
};

static void family_add(struct family *family, dev_t dev)
{
	if (family->n < FAMILY_MAX)
		family->devs[family->n++] = dev;
}

static bool family_has(const struct family *family, dev_t dev)
{
	size_t i;

	for (i = 0; i < family->n; i++)
		if (family->devs[i] == dev)
			return true;
	return false;
}

/* First line of a file, without its newline; false where there is none. */
static bool read_line(char *line, size_t size, const char *path)
{
	FILE *f = fopen(path, "re");
	bool ok = f && fgets(line, size, f);

	if (f)
		fclose(f);
	if (ok)
		line[strcspn(line, "\n")] = 0;
	return ok;
}

static bool read_dev(const char *dir, dev_t *dev)
{
	char path[PATH_MAX], line[32];
	unsigned int major, minor;

	snprintf(path, sizeof(path), "%s/dev", dir);
	if (!read_line(line, sizeof(line), path) ||
	    sscanf(line, "%u:%u", &major, &minor) != 2)
		return false;
	*dev = makedev(major, minor);
	return true;
}

static void sysfs_of(char path[PATH_MAX], dev_t dev, const char *rest)
{
	snprintf(path, PATH_MAX, "/sys/dev/block/%u:%u%s", major(dev),
		 minor(dev), rest);
}

static void collect_family(struct family *family, dev_t dev)
{
	char path[PATH_MAX], sub[PATH_MAX + 300];
	struct dirent *entry;
	dev_t other;
	DIR *dir;

	family_add(family, dev);
	sysfs_of(path, dev, "/partition");
	if (access(path, F_OK) == 0) {
		sysfs_of(path, dev, "/..");
		if (read_dev(path, &other))
			family_add(family, other);
		return;
	}
	sysfs_of(path, dev, "");
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(sub, sizeof(sub), "%s/%s/partition", path,
			 entry->d_name);
		if (access(sub, F_OK))
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, entry->d_name);
		if (read_dev(sub, &other))
			family_add(family, other);
	}
	if (dir)
		closedir(dir);
}

/* The kernel writes blanks, newlines and backslashes in its lists as \ooo. */
static void unescape(char *text)
{
	char *out = text;

	for (; *text; text++) {
		if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
			*out++ = (text[1] - '0') << 6 | (text[2] - '0') << 3 |
				 (text[3] - '0');
			text += 3;
		} else {
			*out++ = *text;
		}
	}
	*out = 0;
}

static bool is_in_family(const struct family *family, const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISBLK(st.st_mode) &&
	       family_has(family, st.st_rdev);
}

/* btrfs shows a number of its own in mountinfo, so the source counts as well. */
static bool find_mount(const struct family *family, char where[PATH_MAX])
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, *dash;
	size_t size = 0;
	bool found = false;

	while (f && !found && getline(&line, &size, f) > 0) {
		char source[PATH_MAX] = "";
		unsigned int major, minor;

		if (sscanf(line, "%*d %*d %u:%u %*s %4095s", &major, &minor,
			   where) != 3)
			continue;
		dash = strstr(line, " - ");
		if (dash && sscanf(dash, " - %*s %4095s", source) == 1)
			unescape(source);
		found = family_has(family, makedev(major, minor)) ||
			(source[0] == '/' && is_in_family(family, source));
	}
	if (found)
		unescape(where);
	free(line);
	if (f)
		fclose(f);
	return found;
}

/* /proc/swaps tells /dev/dm-0, which is no name that anybody gave it. */
static void prefer_mapper_name(char path[PATH_MAX])
{
	char file[PATH_MAX], name[128];

	if (strncmp(path, "/dev/dm-", strlen("/dev/dm-")) != 0)
		return;
	snprintf(file, sizeof(file), "/sys/block/%.64s/dm/name",
		 path + strlen("/dev/"));
	if (read_line(name, sizeof(name), file))
		snprintf(path, PATH_MAX, "/dev/mapper/%s", name);
}

/* @st of the device or file itself; a family's member counts too. */
static bool find_swap(const struct family *family, const struct stat *st,
		      char path[PATH_MAX])
{
	FILE *f = fopen("/proc/swaps", "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;
	struct stat swap;

	while (f && !found && getline(&line, &size, f) > 0) {
		if (sscanf(line, "%4095s", path) != 1)
			continue;
		unescape(path);
		if (stat(path, &swap))
			continue;
		found = is_in_family(family, path) ||
			(S_ISREG(st->st_mode) && swap.st_dev == st->st_dev &&
			 swap.st_ino == st->st_ino);
	}
	if (found)
		prefer_mapper_name(path);
	free(line);
	if (f)
		fclose(f);
	return found;
}

/* What is stacked on a member: "mapping vg-root", "md0". */
static bool find_holder(const struct family *family, char name[PATH_MAX])
{
	char path[PATH_MAX], line[128];
	struct dirent *entry;
	bool found = false;
	size_t i;

	for (i = 0; i < family->n && !found; i++) {
		DIR *dir;

		sysfs_of(path, family->devs[i], "/holders");
		dir = opendir(path);
		while (dir && !found && (entry = readdir(dir))) {
			if (entry->d_name[0] == '.')
				continue;
			found = true;
			snprintf(path, sizeof(path), "/sys/block/%s/dm/name",
				 entry->d_name);
			if (read_line(line, sizeof(line), path))
				snprintf(name, PATH_MAX, "mapping %s", line);
			else
				snprintf(name, PATH_MAX, "%s", entry->d_name);
		}
		if (dir)
			closedir(dir);
	}
	return found;
}

/* The loop device over a file. */
static bool find_loop(const struct stat *st, char name[PATH_MAX])
{
	char path[PATH_MAX], backing[PATH_MAX];
	struct dirent *entry;
	struct stat other;
	bool found = false;
	DIR *dir = opendir("/sys/block");

	while (dir && !found && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "loop", 4) != 0)
			continue;
		snprintf(path, sizeof(path), "/sys/block/%s/loop/backing_file",
			 entry->d_name);
		found = read_line(backing, sizeof(backing), path) &&
			!stat(backing, &other) && other.st_dev == st->st_dev &&
			other.st_ino == st->st_ino;
		if (found)
			snprintf(name, PATH_MAX, "/dev/%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static int explain_busy(struct envol *ev, const struct envol_device *dev,
			const struct family *family, const struct stat *st)
{
	char who[PATH_MAX];

	if (find_mount(family, who))
		return envol_error(ev, -EBUSY,
				   "%s is in use: mounted on %s; umount it first",
				   dev->path, who);
	if (find_swap(family, st, who))
		return envol_error(ev, -EBUSY,
				   "%s is in use as swap space; swapoff %s first",
				   dev->path, who);
	if (find_holder(family, who))
		return envol_error(ev, -EBUSY,
				   "%s is in use: %s lies on it and has to be closed first",
				   dev->path, who);
	return envol_error(ev, -EBUSY,
			   "%s is in use by another program or a file system of several devices",
			   dev->path);
}

static int check_block(struct envol *ev, const struct envol_device *dev,
		       const struct stat *st)
{
	struct family family = { .n = 0 };
	int fd = open(dev->path, O_RDONLY | O_EXCL | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno != EBUSY)
		return envol_error_errno(ev, -errno, "open %s", dev->path);
	collect_family(&family, st->st_rdev);
	return explain_busy(ev, dev, &family, st);
}

static int check_file(struct envol *ev, const struct envol_device *dev,
		      const struct stat *st)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const struct family none = { .n = 0 };
	char who[PATH_MAX];

	if (find_loop(st, who))
		return envol_error(ev, -EBUSY,
				   "%s is in use: it is attached to %s; losetup -d %s first",
				   dev->path, who, who);
	if (find_swap(&none, st, who))
		return envol_error(ev, -EBUSY,
				   "%s is in use as swap space; swapoff %s first",
				   dev->path, who);
	if (!fcntl(dev->fd, F_OFD_GETLK, &whole) && whole.l_type != F_UNLCK)
		return envol_error(ev, -EBUSY,
				   "%s is locked by another program: another format of it, or a virtual machine that uses it",
				   dev->path);
	return 0;
}

int envol_holder_check(struct envol *ev, const struct envol_device *dev)
{
	struct stat st;

	if (fstat(dev->fd, &st))
		return envol_error_errno(ev, -errno, "%s", dev->path);
	return dev->is_file ? check_file(ev, dev, &st) :
			      check_block(ev, dev, &st);
}
