/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Open volumes follow their KEKs: a newer version is taken up, and a volume whose KEKs
 * were taken away is locked once its grace is over. Errors, handle and strings as in envol.h.
 */
#pragma once

#include "userspace/include/envol.h"

#ifdef __cplusplus
extern "C" {
#endif

enum envol_watch_action {
	ENVOL_WATCH_LOCK,	/* suspend and wipe the key: I/O waits */
	ENVOL_WATCH_CLOSE,	/* close; lock if it is in use */
	ENVOL_WATCH_LOG,	/* say so, and no more */
};

/* Section [watch] of envol.conf. */
struct envol_watch_settings {
	unsigned int interval_s;	/* between two looks */
	unsigned int grace_s;		/* after all its KEKs were refused */
	unsigned int unreachable_grace_s;	/* after none of them could be asked; longer */
	unsigned int settle_s;		/* that an older wrap stays beside a newer */
	bool rewrap;
	enum envol_watch_action on_revoked;
};

/* As they were set, see envol_config_load(). -EINVAL where they contradict each other. */
int envol_watch_settings(struct envol *ev, struct envol_watch_settings *settings)
	ENVOL_API_CHECK;

enum envol_watch_kind {
	ENVOL_WATCH_REFUSED,	/* all KEKs that may open it were disabled, deleted, forbidden */
	ENVOL_WATCH_UNREACHABLE,	/* no KEK could be asked that might open it */
	ENVOL_WATCH_RECOVERED,	/* after one of the two above */
	ENVOL_WATCH_ENDED,	/* the grace was over: it was locked or closed, is about to be, or could not be */
	ENVOL_WATCH_REWRAPPED,	/* newer versions were taken up, or could not be */
	ENVOL_WATCH_BLIND,	/* what cannot be looked at: a KEK that wants a PIN or its TPM as it was, a line of the table */
};

struct envol_watch_event {
	enum envol_watch_kind kind;
	const char *volume;		/* name of its mapping; NULL: of none alone */
	const char *uuid;
	int err;			/* of what was tried; 0 */
	unsigned int left_s;		/* until its grace is over */
	const char *sentence;
};

typedef void (*envol_watch_fn)(const struct envol_watch_event *event, void *data);

/* "refused", "unreachable" … */
const char *envol_watch_kind_name(enum envol_watch_kind kind);

/*
 * Look once at all open volumes, do what is due and tell @fn. @next_s, which may be NULL, is
 * when to look again: the interval, or earlier where a grace ends before. 0 also where some
 * volumes could not be looked at; an error where none could.
 */
int envol_watch_look(struct envol *ev, const struct envol_watch_settings *settings,
		     envol_watch_fn fn, void *data, unsigned int *next_s)
	ENVOL_API_CHECK;

#ifdef __cplusplus
}
#endif
