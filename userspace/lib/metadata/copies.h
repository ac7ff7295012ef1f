/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two copies of a LUKS2 header as they lie on a device, looked at without
 * libcryptsetup, which repairs what it reads and tells nobody. Only magic, size and
 * checksum are judged here; what the copies say is for libcryptsetup.
 */
#pragma once

#include "userspace/lib/internal.h"

enum envol_copy_state { ENVOL_COPY_ABSENT, ENVOL_COPY_DAMAGED, ENVOL_COPY_GOOD };

#define ENVOL_COPY_UUID_SIZE 40

struct envol_copy {
	enum envol_copy_state state;
	size_t size;			/* bytes, if it is good */
	uint64_t sequence;		/* grows with each write of the header */
	char uuid[ENVOL_COPY_UUID_SIZE];
};

struct envol_copies {
	struct envol_copy first, second;
	bool luks1;			/* a LUKS1 header lies there instead */
	bool empty;			/* nothing lies there: no byte at all */
};

/* Under the header's lock, see lock.h. -EBUSY, and errors of open(2) and read(2). */
int envol_copies_look(struct envol *ev, const char *device,
		      struct envol_copies *copies) _must_check_;

/* The same on the open @fd, for who holds the lock. */
int envol_copies_look_locked(struct envol *ev, const char *device, int fd,
			     struct envol_copies *copies) _must_check_;

/* The good copy that counts: the newer; NULL if there is none. */
const struct envol_copy *envol_copies_newest(const struct envol_copies *copies);

/* Have both the same newest copy? */
bool envol_copies_equal(const struct envol_copies *a,
			const struct envol_copies *b);
