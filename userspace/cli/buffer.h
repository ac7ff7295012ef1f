/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that grows. Running out of memory is remembered, not returned: whoever
 * prints the buffer looks at @failed once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "userspace/cli/cleanup.h"

struct buffer {
	char *text;	/* with a NUL behind it; NULL while empty */
	size_t len, size;
	bool failed;
};

void envol_buffer_free(struct buffer *b);
#define _cleanup_buffer_ _cleanup_(envol_buffer_free)

void envol_buffer_add(struct buffer *b, const char *text);
void envol_buffer_printf(struct buffer *b, const char *fmt, ...) _printf_(2, 3);

/*
 * For a terminal: what could steer it (control characters, bytes that are no
 * UTF-8) is shown as \n, \t, \xNN or \u00NN. A label on a disk is anybody's text.
 */
void envol_buffer_add_plain(struct buffer *b, const char *text);

/*
 * As a JSON string with its quotes, always valid UTF-8: a byte that is part of no
 * character becomes U+FFFD.
 */
void envol_buffer_add_json(struct buffer *b, const char *text);

/* Columns that @text takes on a terminal once it is plain. */
size_t envol_buffer_columns(const char *text);
