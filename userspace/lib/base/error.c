// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"

/*
 * Each sentence is made aside: an argument may be the recorded one. One that is
 * too long loses its end, never its beginning.
 */
static void append(char *text, const char *more)
{
	size_t len = strlen(text);

	snprintf(text + len, ENVOL_MESSAGE_SIZE - len, "%s", more);
}

int envol_error(struct envol *ev, int err, const char *fmt, ...)
{
	char text[ENVOL_MESSAGE_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	strcpy(ev->message, text);
	return err;
}

int envol_error_errno(struct envol *ev, int err, const char *fmt, ...)
{
	char text[ENVOL_MESSAGE_SIZE], reason[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	append(text, ": ");
	append(text, strerror_r(-err, reason, sizeof(reason)));
	strcpy(ev->message, text);
	return err;
}

int envol_error_while(struct envol *ev, int err, const char *fmt, ...)
{
	char text[ENVOL_MESSAGE_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (ev->message[0]) {
		append(text, ": ");
		append(text, ev->message);
	}
	strcpy(ev->message, text);
	return err;
}

const char *envol_error_message(const struct envol *ev)
{
	return ev->message;
}
