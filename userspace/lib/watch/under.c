// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "userspace/lib/watch/under.h"

#define DEPTH_MAX 8u

static bool read_number(const char *path, dev_t *dev)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned int major, minor;
	char text[32];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return false;
	text[n] = 0;
	if (sscanf(text, "%u:%u", &major, &minor) != 2)
		return false;
	*dev = makedev(major, minor);
	return true;
}

/* A partition has its disk above it, and no slaves; a mapping is on whole partitions. */
static bool is_on(dev_t dev, dev_t mapping, unsigned int depth)
{
	char path[64 + NAME_MAX];
	struct dirent *entry;
	bool found = dev == mapping;
	dev_t below;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/slaves", major(dev), minor(dev));
	dir = found || !depth ? NULL : opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/slaves/%s/dev", major(dev),
			 minor(dev), entry->d_name);
		found = *entry->d_name != '.' && read_number(path, &below) &&
			is_on(below, mapping, depth - 1);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Of a file system with a number of its own (btrfs, an overlay) the table of mounts tells. */
static bool source_of(dev_t number, dev_t *dev)
{
	char line[4096], source[2048], *rest;
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	unsigned int major, minor;
	bool found = false;
	struct stat st;

	while (mounts && !found && fgets(line, sizeof(line), mounts)) {
		rest = strstr(line, " - ");
		if (!rest || sscanf(line, "%*u %*u %u:%u", &major, &minor) != 2 ||
		    makedev(major, minor) != number ||
		    sscanf(rest, " - %*s %2047s", source) != 1)
			continue;
		found = *source == '/' && !stat(source, &st) && S_ISBLK(st.st_mode);
	}
	if (mounts)
		fclose(mounts);
	if (found)
		*dev = st.st_rdev;
	return found;
}

static bool holds(dev_t mapping, const char *path)
{
	struct stat st;
	dev_t dev;

	if (stat(path, &st))
		return false;
	dev = st.st_dev;
	if (major(dev) == 0 && !source_of(dev, &dev))
		return false;
	return is_on(dev, mapping, DEPTH_MAX);
}

bool envol_watch_is_under(struct envol *ev, const char *name)
{
	char path[64 + NAME_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "/dev/mapper/%.*s", NAME_MAX, name);
	return !stat(path, &st) && S_ISBLK(st.st_mode) &&
	       (holds(st.st_rdev, ev->state) || holds(st.st_rdev, "/"));
}
