/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a volume may stay open, from what its KEKs' providers say and since when. Pure:
 * time comes from the caller, in milliseconds since the host's boot (suspended time is
 * counted, a clock that is set is not).
 */
#pragma once

#include "userspace/include/envol_watch.h"
#include "userspace/lib/internal.h"

/* From good to bad. */
enum envol_decide_finding {
	ENVOL_DECIDE_GOOD,
	ENVOL_DECIDE_BLIND,	/* it is there, and can't be asked without a person: as if it were good */
	ENVOL_DECIDE_UNREACHABLE,	/* nobody can tell */
	ENVOL_DECIDE_REFUSED,	/* its provider says no */
};

#define ENVOL_DECIDE_NEVER (-1)

/* What is remembered of a volume that is not well. */
struct envol_decide_record {
	int64_t bad_since_ms;		/* not good in any way */
	int64_t refused_since_ms;
};

#define ENVOL_DECIDE_RECORD_INIT { ENVOL_DECIDE_NEVER, ENVOL_DECIDE_NEVER }

enum envol_decide_step {
	ENVOL_DECIDE_NOTHING,
	ENVOL_DECIDE_BEGIN,	/* it is worse than before: say so */
	ENVOL_DECIDE_RECOVER,
	ENVOL_DECIDE_END,	/* its grace is over */
};

/* What the error of asking a KEK says of it. */
enum envol_decide_finding envol_decide_error(int err);

/*
 * The same of a KEK that lies on this host. Where the TPM does not open it, after a change of
 * a PCR, nobody can disable it either: no refusal is missed, and a grace would end with a
 * lock that no KEK undoes. A KEK elsewhere may have been disabled behind such a credential.
 */
enum envol_decide_finding envol_decide_host_error(int err);

/*
 * A KEK that was described: @version is the one that wrapped. One that is not listed says
 * nothing: some providers list the newest.
 */
enum envol_decide_finding envol_decide_version(const struct envol_key_info *info,
					       const char *version);

/* All parts of a wrap are needed: it is as good as the worst of them. */
enum envol_decide_finding envol_decide_worse(enum envol_decide_finding a,
					     enum envol_decide_finding b);

/*
 * What is to be done about a volume that was found so. A refusal stands until the KEK is
 * good again: it is not undone by cutting the network, nor by taking a PIN away. @left_ms is what its grace has left.
 */
enum envol_decide_step envol_decide(struct envol_decide_record *record,
				    enum envol_decide_finding finding, int64_t now_ms,
				    const struct envol_watch_settings *settings,
				    int64_t *left_ms);
