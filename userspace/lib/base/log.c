// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdarg.h>
#include <stdio.h>

#include "userspace/lib/base/log.h"

static void emit(struct envol *ev, enum envol_log_level level, const char *fmt,
		 va_list args)
{
	char line[ENVOL_MESSAGE_SIZE];

	if (!ev->log || level > ev->log_level)
		return;
	vsnprintf(line, sizeof(line), fmt, args);
	ev->log(level, line, ev->log_data);
}

#define DEFINE_LOG(name, level)                                  \
	void envol_log_##name(struct envol *ev, const char *fmt, ...) \
	{                                                        \
		va_list args;                                    \
								 \
		va_start(args, fmt);                             \
		emit(ev, level, fmt, args);                      \
		va_end(args);                                    \
	}

DEFINE_LOG(warning, ENVOL_LOG_WARNING)
DEFINE_LOG(info, ENVOL_LOG_INFO)
DEFINE_LOG(debug, ENVOL_LOG_DEBUG)
