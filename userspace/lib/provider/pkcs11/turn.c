// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <p11-kit/p11-kit.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/provider/pkcs11/turn.h"

#define FILE_NAME "softhsm.lock"

/* Of the process, as what the module has read of the token's file is. */
static int turn = -1;

static bool is_softhsm(CK_FUNCTION_LIST *module)
{
	char *path = p11_kit_module_get_filename(module);
	const char *name = path ? strrchr(path, '/') : NULL;
	bool is = path && strncmp(name ? name + 1 : path, "libsofthsm",
				  strlen("libsofthsm")) == 0;

	free(path);
	return is;
}

static int open_file(struct envol *ev)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int dir = -1;
	int fd;

	if (asprintf(&path, "%s/pkcs11", ev->state) < 0) {
		path = NULL;
		return envol_error(ev, -ENOMEM, "out of memory");
	}
	dir = envol_file_open_dir(ev, path, 0700, true);
	if (dir < 0)
		return dir;
	fd = openat(dir, FILE_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	return fd >= 0 ? fd : envol_error_errno(ev, -errno, "open %s/%s", path,
						FILE_NAME);
}

void envol_pkcs11_turn_await(struct envol *ev, CK_FUNCTION_LIST *module)
{
	int fd, err;

	if (turn >= 0 || !is_softhsm(module))
		return;
	fd = open_file(ev);
	err = fd < 0 ? fd : envol_file_lock(ev, fd, true, ev->timeout_ms,
					    "SoftHSM, which another process starts");
	if (err) {
		envol_log_info(ev, "%s; SoftHSM is started without a lock",
			       ev->message);
		if (fd >= 0)
			close(fd);
		return;
	}
	turn = fd;
}

void envol_pkcs11_turn_end(void)
{
	if (turn >= 0)
		close(turn);
	turn = -1;
}
