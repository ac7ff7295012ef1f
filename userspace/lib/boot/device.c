// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * udev's links are looked at first, often; where there is no udev, or it is late, libblkid
 * looks at the disks themselves, which costs more.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <blkid.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/boot/device.h"

#define LOOK_MS	  200
#define SEARCH_MS 3000	/* between two looks at all disks */
#define TELL_MS	  5000	/* of waiting, before anybody is told */

static const struct {
	const char *tag, *directory;
	const char *searched;	/* how libblkid calls it; NULL: not at all */
} links[] = {
	{ "UUID", "by-uuid", "UUID" },
	{ "LABEL", "by-label", "LABEL" },
	{ "PARTUUID", "by-partuuid", "PARTUUID" },
	{ "PARTLABEL", "by-partlabel", "PARTLABEL" },
	{ "ID", "by-id", NULL },
};

/* The row of TAG=VALUE; -1 for a path. */
static int find_tag(const char *name, const char **value)
{
	size_t i, len = strcspn(name, "=");

	for (i = 0; *name != '/' && i < ENVOL_ARRAY_SIZE(links); i++)
		if (strlen(links[i].tag) == len &&
		    strncmp(links[i].tag, name, len) == 0 && name[len]) {
			*value = name + len + 1;
			return (int)i;
		}
	return -1;
}

static int look(struct envol *ev, const char *name, bool search, char **path)
{
	_cleanup_free_ char *link = NULL;
	const char *value = NULL;
	int tag = find_tag(name, &value);

	if (tag < 0)
		link = strdup(name);
	else if (asprintf(&link, "/dev/disk/%s/%s", links[tag].directory,
			  value) < 0)
		link = NULL;
	if (!link)
		return envol_error(ev, -ENOMEM, "out of memory");
	if (access(link, F_OK) == 0) {
		*path = take_ptr(link);
		return 0;
	}
	if (search && tag >= 0 && links[tag].searched) {
		*path = blkid_evaluate_tag(links[tag].searched, value, NULL);
		if (*path)
			return 0;
	}
	return envol_error(ev, -ENODEV,
			   "device %s is not there; \"blkid\" and \"ls -l /dev/disk/by-id\" show those that are",
			   name);
}

int envol_boot_device_find(struct envol *ev, const char *name, char **path)
{
	return look(ev, name, true, path);
}

int envol_boot_device_await(struct envol *ev, const char *name,
			    struct envol_deadline deadline, char **path)
{
	int64_t began = envol_deadline_now_ms(), searched = 0;
	int total = envol_deadline_left_ms(deadline);
	bool is_told = false;

	for (;;) {
		int64_t now = envol_deadline_now_ms();
		bool search = !searched || now - searched >= SEARCH_MS;
		int err = look(ev, name, search, path);
		int left = envol_deadline_left_ms(deadline);

		if (err != -ENODEV)
			return err;
		if (search)
			searched = envol_deadline_now_ms();
		if (!left)
			return envol_error(ev, -ETIME,
					   "device %s did not turn up within %d s; \"blkid\" and \"ls -l /dev/disk/by-id\" show those that are there",
					   name, (total + 500) / 1000);
		if (!is_told && now - began >= TELL_MS) {
			envol_log_warning(ev, "waiting for device %s, at most %d s more",
					  name, left / 1000);
			is_told = true;
		}
		poll(NULL, 0, left < LOOK_MS ? left : LOOK_MS);
	}
}
