/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A JSON document as it is written, value after value: objects and arrays are begun
 * and ended, and a value in an object has a name. The caller keeps to that order;
 * commas, indents, quoting and UTF-8 are this file's.
 */
#pragma once

#include <stdint.h>

#include "userspace/cli/buffer.h"

#define DOCUMENT_DEPTH 8

struct document {
	struct buffer text;
	bool one_line;
	unsigned int depth;
	char ends[DOCUMENT_DEPTH];
	bool is_empty[DOCUMENT_DEPTH];
};

void envol_document_free(struct document *d);
#define _cleanup_document_ _cleanup_(envol_document_free)

/* @name is NULL in an array and for the outermost value. */
void envol_document_begin_object(struct document *d, const char *name);
void envol_document_begin_array(struct document *d, const char *name);
void envol_document_end(struct document *d);

void envol_document_text(struct document *d, const char *name, const char *value);
void envol_document_number(struct document *d, const char *name, uint64_t value);
void envol_document_flag(struct document *d, const char *name, bool value);
void envol_document_null(struct document *d, const char *name);
