// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <linux/fs.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/kernel/block.h"
#include "userspace/lib/kernel/dm.h"

#define ATTRIBUTE_MAX 4096

/* A file of sysfs without its newline at the end; false where there is none. */
static bool read_attribute(const char *path, char *text, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (n < 0)
		return false;
	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = 0;
	return true;
}

/* A partition has no queue of its own. */
static bool is_zoned(unsigned int major, unsigned int minor)
{
	static const char *const places[] = { "queue", "../queue" };
	char path[128], model[32];
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s/zoned",
			 major, minor, places[i]);
		if (read_attribute(path, model, sizeof(model)))
			return strcmp(model, "host-managed") == 0;
	}
	return false;
}

int envol_block_look(struct envol *ev, int fd, const char *path,
		     struct envol_block *block)
{
	struct stat st;
	int read_only;

	if (fstat(fd, &st))
		return envol_error_errno(ev, -errno, "stat %s", path);
	if (!S_ISBLK(st.st_mode))
		return envol_error(ev, -ENOTBLK,
				   "%s is no block device",
				   path);
	if (ioctl(fd, BLKROGET, &read_only))
		return envol_error_errno(ev, -errno, "look at %s", path);
	block->major = major(st.st_rdev);
	block->minor = minor(st.st_rdev);
	block->read_only = read_only;
	block->zoned = is_zoned(block->major, block->minor);
	return 0;
}

/* People know a mapping by its name, the kernel's own is DEVNAME=… of the uevent. */
static const char *node_name(unsigned int major, unsigned int minor,
			     char text[ATTRIBUTE_MAX], const char **dir)
{
	char path[64], *at;

	*dir = "/dev/mapper";
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/dm/name", major,
		 minor);
	if (read_attribute(path, text, ATTRIBUTE_MAX))
		return text;
	*dir = "/dev";
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/uevent", major,
		 minor);
	if (!read_attribute(path, text, ATTRIBUTE_MAX))
		return NULL;
	at = strstr(text, "DEVNAME=");
	if (!at || (at != text && at[-1] != '\n'))
		return NULL;
	at += strlen("DEVNAME=");
	at[strcspn(at, "\n")] = 0;
	return at;
}

int envol_block_path(struct envol *ev, unsigned int major, unsigned int minor,
		     char **path)
{
	char text[ATTRIBUTE_MAX];
	const char *dir, *name = node_name(major, minor, text, &dir);

	if (!name)
		return envol_error(ev, -ENODEV,
				   "device %u:%u is no longer there", major,
				   minor);
	if (asprintf(path, "%s/%s", dir, name) < 0) {
		*path = NULL;
		return envol_error(ev, -ENOMEM, "out of memory");
	}
	return 0;
}

int envol_block_mappings(struct envol *ev, unsigned int major,
			 unsigned int minor, char ***names)
{
	char path[128 + NAME_MAX], holders[64], name[ENVOL_DM_NAME_SIZE];
	_cleanup_dm_names_ char **out = NULL;
	struct dirent **entries;
	int n, i, kept = 0;
	bool ok;

	snprintf(holders, sizeof(holders), "/sys/dev/block/%u:%u/holders",
		 major, minor);
	n = scandir(holders, &entries, NULL, alphasort);
	out = calloc((n < 0 ? 0 : n) + 1, sizeof(*out));
	ok = out;
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s/dm/name", holders,
			 entries[i]->d_name);
		free(entries[i]);
		if (!ok || !read_attribute(path, name, sizeof(name)))
			continue;
		out[kept] = strdup(name);
		ok = out[kept++];
	}
	if (n >= 0)
		free(entries);
	if (!ok)
		return envol_error(ev, -ENOMEM, "out of memory");
	*names = take_ptr(out);
	return 0;
}
