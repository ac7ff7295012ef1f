// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/metadata/header_state.h"

static int is_there(struct envol *ev, const char *file)
{
	return envol_error(ev, -EEXIST,
			   "%s is there already; a backup replaces nothing", file);
}

/* Onto the disk, then under its name: a backup that is half there is worse than none. */
static int publish(struct envol *ev, const char *temporary, const char *parent,
		   const char *file)
{
	_cleanup_close_ int fd = open(temporary, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || dir < 0 || fsync(fd))
		return envol_error_errno(ev, -errno, "write %s", file);
	if (link(temporary, file))
		return errno == EEXIST ? is_there(ev, file) :
			       envol_error_errno(ev, -errno, "write %s", file);
	if (fsync(dir))
		return envol_error_errno(ev, -errno, "write %s", file);
	return 0;
}

/* It says of a full disk only that it cannot write. */
static int try_room(struct envol *ev, const char *temporary, const char *file)
{
	_cleanup_close_ int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				      0600);
	int err;

	if (fd < 0)
		return envol_error_errno(ev, -errno, "write %s", file);
	err = posix_fallocate(fd, 0, ENVOL_HEADER_SIZE);
	unlink(temporary);
	return err ? envol_error_errno(ev, -err, "write %s", file) : 0;
}

/* libcryptsetup wants to make the file itself: in a directory that is ours alone. */
static int save_in(struct envol *ev, struct envol_header *h, const char *parent,
		   const char *file)
{
	_cleanup_free_ char *directory = NULL, *temporary = NULL;
	int err;

	if (asprintf(&directory, "%s.envol-XXXXXX", parent) < 0)
		directory = NULL;
	if (!directory)
		return envol_error(ev, -ENOMEM, "out of memory");
	if (!mkdtemp(directory))
		return envol_error_errno(ev, -errno, "write beside %s", file);
	if (asprintf(&temporary, "%s/header", directory) < 0)
		temporary = NULL;
	if (!temporary)
		err = envol_error(ev, -ENOMEM, "out of memory");
	else
		err = try_room(ev, temporary, file);
	if (!err)
		err = envol_luks_backup(ev, h->luks, temporary);
	if (!err)
		err = publish(ev, temporary, parent, file);
	if (temporary)
		unlink(temporary);
	rmdir(directory);
	return err;
}

int envol_header_save(struct envol *ev, struct envol_header *h, const char *file)
{
	const char *slash = strrchr(file, '/');
	_cleanup_free_ char *parent = NULL;

	if (access(file, F_OK) == 0)
		return is_there(ev, file);
	parent = slash ? strndup(file, slash + 1 - file) : strdup("./");
	if (!parent)
		return envol_error(ev, -ENOMEM, "out of memory");
	return save_in(ev, h, parent, file);
}

int envol_header_load(struct envol *ev, const char *device, const char *header,
		      const char *file, const struct envol_copies *was)
{
	_cleanup_close_ int fd = -1;

	/* A detached header that was lost is made again. */
	if (header) {
		fd = open(header, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
		if (fd < 0)
			return envol_error_errno(ev, -errno, "open %s for writing",
						 header);
	}
	return envol_luks_restore(ev, header ? header : device, file, was);
}
