/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TCP connections that are made by a deadline, to whichever address of a host answers. */
#pragma once

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/internal.h"

/*
 * A connected socket that does not block, into @fd. @host is a name or an address, one
 * of IPv6 with its brackets or without. Its addresses are tried one after the other, each
 * with its share of the time. -EHOSTUNREACH (no such name, no answer, refused),
 * -ETIMEDOUT, with a sentence that names host and port.
 */
int envol_connect_tcp(struct envol *ev, const char *host, uint16_t port,
		      struct envol_deadline deadline, int *fd) _must_check_;

/* Wait until @events (of poll(2)) or the deadline: -ETIMEDOUT. No sentence. */
int envol_connect_wait(int fd, short events, struct envol_deadline deadline)
	_must_check_;
