/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer of a command, from one description for people and for programs: a
 * tree of records and lists whose leaves are fields. As JSON it is one document;
 * as text a record is a block of "label  value" lines and a list a table, whose
 * rows show only their own fields and no deeper list.
 *
 * All is kept until envol_output_print(), so that a command that fails halfway has
 * printed nothing.
 */
#pragma once

#include "userspace/cli/document.h"

enum field_kind {
	FIELD_TEXT,	/* NULL or "": not known */
	FIELD_NUMBER,
	FIELD_SIZE,	/* bytes; "64.0 GiB" for people */
	FIELD_TIME,	/* Unix seconds; 0: not known */
	FIELD_FLAG,
};

struct field {
	const char *key;	/* in JSON; NULL: only for people */
	const char *label;	/* for people, in a table before the value; NULL: only in JSON */
	enum field_kind kind;
	const char *text;
	uint64_t number;
};

#define TEXT(key, label, value) { key, label, FIELD_TEXT, value, 0 }
#define NUMBER(key, label, value) { key, label, FIELD_NUMBER, NULL, value }
#define SIZE(key, label, value) { key, label, FIELD_SIZE, NULL, value }
#define TIME(key, label, value) { key, label, FIELD_TIME, NULL, value }
#define FLAG(key, label, value) { key, label, FIELD_FLAG, NULL, value }

#define OUTPUT_COLUMNS 12

enum output_level {
	OUTPUT_RECORD,
	OUTPUT_TABLE,
	OUTPUT_ROW,
	OUTPUT_UNSEEN,	/* in a row: JSON only */
};

struct output {
	bool json;
	bool silent;	/* no text; JSON is asked for and always printed */
	struct document document;
	struct buffer text;
	unsigned int depth;
	enum output_level levels[DOCUMENT_DEPTH];
	bool is_titled[DOCUMENT_DEPTH];
	/* of the table that is open */
	const char *table_title;
	char *(*rows)[OUTPUT_COLUMNS];
	size_t n_rows, n_columns;
	bool failed;
};

void envol_output_free(struct output *out);

/*
 * @title is the first line of the block, or the line before a table that is not
 * empty; NULL for none. It is kept until the end.
 */
void envol_output_begin_record(struct output *out, const char *key,
			       const char *title);
void envol_output_begin_list(struct output *out, const char *key,
			     const char *title);
/* A record in a list. */
void envol_output_begin_item(struct output *out);
void envol_output_end(struct output *out);

void envol_output_fields(struct output *out, const struct field *fields,
			 size_t n_fields);

#define OUTPUT_FIELDS(out, ...)                                              \
	envol_output_fields(out, (const struct field[]){ __VA_ARGS__ },      \
			    sizeof((const struct field[]){ __VA_ARGS__ }) /  \
				    sizeof(struct field))

/* One line for people, indented into the record that is open. */
void envol_output_line(struct output *out, const char *line);

/* To standard output, all of it or -errno. Nothing was begun: nothing is printed. */
int envol_output_print(struct output *out) _must_check_;
