// SPDX-License-Identifier: GPL-2.0-or-later
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/cli/output.h"

#define DOCUMENT_VERSION 1
#define LABEL_COLUMNS 14

static void forget_rows(struct output *out)
{
	size_t i, j;

	for (i = 0; i < out->n_rows; i++)
		for (j = 0; j < OUTPUT_COLUMNS; j++)
			free(out->rows[i][j]);
	free(out->rows);
	out->rows = NULL;
	out->n_rows = out->n_columns = 0;
}

void envol_output_free(struct output *out)
{
	forget_rows(out);
	envol_document_free(&out->document);
	envol_buffer_free(&out->text);
}

static bool is_in(const struct output *out, enum output_level level)
{
	return out->depth && out->levels[out->depth - 1] == level;
}

static void add_indent(struct output *out)
{
	unsigned int i;

	for (i = 0; i < out->depth; i++)
		envol_buffer_add(&out->text, out->is_titled[i] ? "  " : "");
}

/* What stands under a title is indented; that of a table waits for the first row. */
static void push(struct output *out, enum output_level level, const char *title)
{
	bool is_seen = !is_in(out, OUTPUT_ROW) && !is_in(out, OUTPUT_UNSEEN);

	assert(out->depth < DOCUMENT_DEPTH);
	if (is_seen && level == OUTPUT_TABLE)
		out->table_title = title;
	else if (is_seen && title)
		envol_output_line(out, title);
	out->is_titled[out->depth] = is_seen && title;
	out->levels[out->depth++] = is_seen ? level : OUTPUT_UNSEEN;
}

static void begin_document(struct output *out)
{
	if (out->depth || out->document.text.len)
		return;
	envol_document_begin_object(&out->document, NULL);
	envol_document_number(&out->document, "version", DOCUMENT_VERSION);
}

void envol_output_begin_record(struct output *out, const char *key,
			       const char *title)
{
	begin_document(out);
	envol_document_begin_object(&out->document, key);
	push(out, OUTPUT_RECORD, title);
}

void envol_output_begin_list(struct output *out, const char *key,
			     const char *title)
{
	begin_document(out);
	envol_document_begin_array(&out->document, key);
	push(out, OUTPUT_TABLE, title);
}

void envol_output_begin_item(struct output *out)
{
	char *(*more)[OUTPUT_COLUMNS];

	envol_document_begin_object(&out->document, NULL);
	if (!is_in(out, OUTPUT_TABLE)) {
		push(out, OUTPUT_UNSEEN, NULL);
		return;
	}
	push(out, OUTPUT_ROW, NULL);
	out->n_columns = 0;
	more = reallocarray(out->rows, out->n_rows + 1, sizeof(*more));
	if (!more) {
		out->failed = true;
		return;
	}
	memset(more[out->n_rows], 0, sizeof(*more));
	out->rows = more;
	out->n_rows++;
}

static void print_table(struct output *out)
{
	size_t widths[OUTPUT_COLUMNS] = { 0 }, width, i, j, behind;
	const char *cell;

	for (i = 0; i < out->n_rows; i++)
		for (j = 0; j < OUTPUT_COLUMNS; j++) {
			cell = out->rows[i][j];
			width = cell ? envol_buffer_columns(cell) : 0;
			if (width > widths[j])
				widths[j] = width;
		}
	for (i = 0; i < out->n_rows; i++) {
		/* Blanks are added before a cell, so that no line ends in some. */
		add_indent(out);
		behind = 0;
		for (j = 0; j < OUTPUT_COLUMNS; j++) {
			cell = out->rows[i][j];
			if (cell && *cell) {
				envol_buffer_printf(&out->text, "%*s",
						    (int)behind, "");
				envol_buffer_add_plain(&out->text, cell);
				behind = 2 + widths[j] -
					 envol_buffer_columns(cell);
			} else if (widths[j]) {
				behind += 2 + widths[j];
			}
		}
		envol_buffer_add(&out->text, "\n");
	}
	forget_rows(out);
}

void envol_output_end(struct output *out)
{
	assert(out->depth);
	if (is_in(out, OUTPUT_TABLE)) {
		out->depth--;
		if (out->table_title && out->n_rows)
			envol_output_line(out, out->table_title);
		out->depth++;
		print_table(out);
	}
	out->depth--;
	envol_document_end(&out->document);
}

static void add_json(struct document *d, const struct field *field)
{
	char time[ENVOL_TIME_SIZE];

	switch (field->kind) {
	case FIELD_TEXT:
		if (field->text && *field->text)
			envol_document_text(d, field->key, field->text);
		else
			envol_document_null(d, field->key);
		break;
	case FIELD_NUMBER:
	case FIELD_SIZE:
		envol_document_number(d, field->key, field->number);
		break;
	case FIELD_TIME:
		if (field->number) {
			envol_time_format(time, field->number);
			envol_document_text(d, field->key, time);
		} else {
			envol_document_null(d, field->key);
		}
		break;
	case FIELD_FLAG:
		envol_document_flag(d, field->key, field->number);
		break;
	}
}

/* The value as a person reads it; "" for one that is not known. */
static void add_value(struct buffer *b, const struct field *field, bool in_row)
{
	char size[ENVOL_SIZE_TEXT], time[ENVOL_TIME_SIZE];

	switch (field->kind) {
	case FIELD_TEXT:
		envol_buffer_add(b, field->text ? field->text : "");
		break;
	case FIELD_NUMBER:
		envol_buffer_printf(b, "%ju", (uintmax_t)field->number);
		break;
	case FIELD_SIZE:
		envol_size_format(size, field->number);
		envol_buffer_add(b, size);
		break;
	case FIELD_TIME:
		if (!field->number)
			break;
		envol_time_format(time, field->number);
		/* A table has the day. */
		if (in_row)
			*strchr(time, 'T') = 0;
		envol_buffer_add(b, time);
		break;
	case FIELD_FLAG:
		if (!in_row)
			envol_buffer_add(b, field->number ? "yes" : "no");
		break;
	}
}

static void add_line(struct output *out, const struct field *field)
{
	_cleanup_buffer_ struct buffer value = { 0 };
	size_t label = envol_buffer_columns(field->label);

	add_value(&value, field, false);
	if (!value.len)
		return;
	add_indent(out);
	envol_buffer_printf(&out->text, "%s%*s", field->label,
			    label < LABEL_COLUMNS ?
				    (int)(LABEL_COLUMNS - label) : 1, "");
	envol_buffer_add_plain(&out->text, value.text);
	envol_buffer_add(&out->text, "\n");
}

static void add_cell(struct output *out, const struct field *field)
{
	struct buffer cell = { 0 };
	bool is_shown;

	add_value(&cell, field, true);
	is_shown = field->kind == FIELD_FLAG ? field->number : cell.len > 0;
	if (is_shown && *field->label) {
		_cleanup_buffer_ struct buffer value = cell;

		cell = (struct buffer){ 0 };
		envol_buffer_add(&cell, field->label);
		if (value.len)
			envol_buffer_printf(&cell, " %s", value.text);
	}
	assert(out->n_columns < OUTPUT_COLUMNS);
	out->failed |= cell.failed;
	if (out->n_rows)
		out->rows[out->n_rows - 1][out->n_columns] = cell.text;
	else
		free(cell.text);
	out->n_columns++;
}

void envol_output_fields(struct output *out, const struct field *fields,
			 size_t n_fields)
{
	size_t i;

	for (i = 0; i < n_fields; i++) {
		if (fields[i].key)
			add_json(&out->document, &fields[i]);
		/* A document may hold more of an item than a line has columns. */
		if (!fields[i].label || out->json)
			continue;
		if (is_in(out, OUTPUT_RECORD))
			add_line(out, &fields[i]);
		else if (is_in(out, OUTPUT_ROW))
			add_cell(out, &fields[i]);
	}
}

void envol_output_line(struct output *out, const char *line)
{
	add_indent(out);
	envol_buffer_add_plain(&out->text, line);
	envol_buffer_add(&out->text, "\n");
}

int envol_output_print(struct output *out)
{
	const struct buffer *all = out->json ? &out->document.text : &out->text;

	/* An error cut it short. */
	if (out->depth)
		return 0;
	if (out->document.depth)
		envol_document_end(&out->document);
	if (out->failed || out->document.text.failed || out->text.failed)
		return -ENOMEM;
	if (all->len && (out->json || !out->silent))
		fwrite(all->text, 1, all->len, stdout);
	return fflush(stdout) ? -errno : 0;
}
