// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/watch/decide.h"

enum envol_decide_finding envol_decide_error(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENOKEY:
	case -EKEYREVOKED:
	case -EKEYEXPIRED:
	case -EACCES:
		return ENVOL_DECIDE_REFUSED;
	case -ENOANO:
		return ENVOL_DECIDE_BLIND;
	default:
		return ENVOL_DECIDE_UNREACHABLE;
	}
}

enum envol_decide_finding envol_decide_host_error(int err)
{
	return err == -EKEYREJECTED ? ENVOL_DECIDE_BLIND : envol_decide_error(err);
}

enum envol_decide_finding envol_decide_version(const struct envol_key_info *info,
					       const char *version)
{
	size_t i;

	for (i = 0; i < info->n_versions; i++)
		if (strcmp(info->versions[i].version, version) == 0)
			return info->versions[i].enabled ? ENVOL_DECIDE_GOOD :
							   ENVOL_DECIDE_REFUSED;
	return ENVOL_DECIDE_GOOD;
}

enum envol_decide_finding envol_decide_worse(enum envol_decide_finding a,
					     enum envol_decide_finding b)
{
	return a > b ? a : b;
}

/* One that lies in the future is no record of this boot. */
static void begin(int64_t *since_ms, int64_t now_ms)
{
	if (*since_ms < 0 || *since_ms > now_ms)
		*since_ms = now_ms;
}

static int64_t left(int64_t since_ms, unsigned int grace_s, int64_t now_ms)
{
	int64_t end_ms = since_ms + (int64_t)grace_s * 1000;

	return end_ms > now_ms ? end_ms - now_ms : 0;
}

enum envol_decide_step envol_decide(struct envol_decide_record *record,
				    enum envol_decide_finding finding, int64_t now_ms,
				    const struct envol_watch_settings *settings,
				    int64_t *left_ms)
{
	const struct envol_decide_record before = *record;
	int64_t other_ms;

	*left_ms = INT64_MAX;
	if (finding == ENVOL_DECIDE_GOOD ||
	    (finding == ENVOL_DECIDE_BLIND && record->refused_since_ms < 0)) {
		*record = (struct envol_decide_record)ENVOL_DECIDE_RECORD_INIT;
		return before.bad_since_ms < 0 ? ENVOL_DECIDE_NOTHING :
						 ENVOL_DECIDE_RECOVER;
	}
	begin(&record->bad_since_ms, now_ms);
	*left_ms = left(record->bad_since_ms, settings->unreachable_grace_s, now_ms);
	if (finding == ENVOL_DECIDE_REFUSED || record->refused_since_ms >= 0) {
		begin(&record->refused_since_ms, now_ms);
		other_ms = left(record->refused_since_ms, settings->grace_s, now_ms);
		if (other_ms < *left_ms)
			*left_ms = other_ms;
	}
	if (*left_ms == 0)
		return ENVOL_DECIDE_END;
	return before.bad_since_ms < 0 ||
			       (before.refused_since_ms < 0 &&
				record->refused_since_ms >= 0) ?
		       ENVOL_DECIDE_BEGIN :
		       ENVOL_DECIDE_NOTHING;
}
