// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "userspace/lib/base/attr.h"
#include "userspace/lib/provider/service/secureboot.h"

/* EFI's global variables (UEFI 2.10, 3.3). Their files begin with four bytes of attributes. */
#define GLOBAL "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define ATTRIBUTES 4

static int read_flag(const char *directory, const char *name)
{
	uint8_t bytes[ATTRIBUTES + 2];
	_cleanup_close_ int fd = -1;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s-" GLOBAL, directory, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, bytes, sizeof(bytes)) != ATTRIBUTES + 1)
		return -1;
	return bytes[ATTRIBUTES];
}

/* In setup mode anybody enrols keys, so nothing is checked in earnest. */
bool envol_secureboot_is_on(const char *directory)
{
	return read_flag(directory, "SecureBoot") == 1 &&
	       read_flag(directory, "SetupMode") != 1;
}
