/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A handle of libenvol with directories of its own, gone after the test. */
#pragma once

#include "userspace/lib/internal.h"

#ifndef __has_feature
#define __has_feature(name) 0
#endif
#ifdef __SANITIZE_ADDRESS__
#define PLACE_SANITIZED 1
#else
#define PLACE_SANITIZED __has_feature(address_sanitizer)
#endif

struct place {
	struct envol *ev;
	char top[64];		/* holds keys/ and state/ */
	char log[16384];	/* what was logged, a line each, the level's number first */
};

/* KEKs are used by O/tests/provider/kek: the programs, and those of the tests' own providers. */
void place_open(struct place *place);
void place_close(struct place *place);

/* A second handle on the same place, for a process or thread of its own. */
struct envol *place_handle(const struct place *place);

/* The path of a file in the place; valid until the next call. */
const char *place_path(const struct place *place, const char *name);

/* The content of a text file in the place; "" if there is none. Until the next call. */
const char *place_text(const struct place *place, const char *name);
