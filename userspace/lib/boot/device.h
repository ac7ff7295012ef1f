/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device that a line of the table names. */
#pragma once

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/internal.h"

/*
 * The path of @name, which is one or TAG=VALUE, malloc'ed; -ENODEV if there is no such
 * device now.
 */
int envol_boot_device_find(struct envol *ev, const char *name, char **path)
	_must_check_;

/* The same, once it is there; -ETIME at the deadline. */
int envol_boot_device_await(struct envol *ev, const char *name,
			    struct envol_deadline deadline, char **path)
	_must_check_;
