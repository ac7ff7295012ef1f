// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/hex.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/provider/audit.h"
#include "userspace/lib/watch/tell.h"

const char *envol_watch_kind_name(enum envol_watch_kind kind)
{
	static const char *const names[] = {
		[ENVOL_WATCH_REFUSED] = "refused",
		[ENVOL_WATCH_UNREACHABLE] = "unreachable",
		[ENVOL_WATCH_RECOVERED] = "recovered",
		[ENVOL_WATCH_ENDED] = "ended",
		[ENVOL_WATCH_REWRAPPED] = "rewrapped",
		[ENVOL_WATCH_BLIND] = "blind",
	};

	return names[kind];
}

static void audit(struct envol *ev, const struct envol_watch_event *event,
		  const struct envol_volume_info *volume)
{
	uint8_t id[ENVOL_KEK_ID_SIZE];
	char operation[32], sentence[ENVOL_MESSAGE_SIZE];
	const struct envol_audit_record record = {
		.operation = operation,
		.uri = volume && volume->n_wraps ? volume->wraps[0].parts[0].uri : "",
		.volume_id = volume && !envol_hex_decode(id, sizeof(id), volume->volume_id) ?
				     id : NULL,
		.result = event->err,
		.decision = sentence,
		.time = envol_time_now(),
	};

	snprintf(operation, sizeof(operation), "watch-%s",
		 envol_watch_kind_name(event->kind));
	snprintf(sentence, sizeof(sentence), "%s%s%s", event->volume ? event->volume : "",
		 event->volume ? ": " : "", event->sentence);
	envol_audit_write(ev, &record);
}

void envol_tell(const struct envol_tell *tell, enum envol_watch_kind kind,
		const struct envol_volume_info *volume, int err, unsigned int left_s,
		const char *fmt, ...)
{
	char sentence[ENVOL_MESSAGE_SIZE];
	const struct envol_watch_event event = {
		.kind = kind,
		.volume = volume ? volume->name : NULL,
		.uuid = volume ? volume->uuid : NULL,
		.err = err,
		.left_s = left_s,
		.sentence = sentence,
	};
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	audit(tell->ev, &event, volume);
	if (tell->fn)
		tell->fn(&event, tell->data);
}
