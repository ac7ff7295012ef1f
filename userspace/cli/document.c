// SPDX-License-Identifier: GPL-2.0-or-later
#include <assert.h>
#include <inttypes.h>

#include "userspace/cli/document.h"

void envol_document_free(struct document *d)
{
	envol_buffer_free(&d->text);
	*d = (struct document){ 0 };
}

static void new_line(struct document *d)
{
	if (d->one_line)
		return;
	envol_buffer_printf(&d->text, "\n%*s", 2 * (int)d->depth, "");
}

static void begin_value(struct document *d, const char *name)
{
	if (d->depth) {
		assert(!name == (d->ends[d->depth - 1] == ']'));
		if (!d->is_empty[d->depth - 1])
			envol_buffer_add(&d->text, d->one_line ? ", " : ",");
		d->is_empty[d->depth - 1] = false;
		new_line(d);
	}
	if (!name)
		return;
	envol_buffer_add_json(&d->text, name);
	envol_buffer_add(&d->text, ": ");
}

static void begin(struct document *d, const char *name, const char *start,
		  char end)
{
	begin_value(d, name);
	assert(d->depth < DOCUMENT_DEPTH);
	envol_buffer_add(&d->text, start);
	d->ends[d->depth] = end;
	d->is_empty[d->depth] = true;
	d->depth++;
}

void envol_document_begin_object(struct document *d, const char *name)
{
	begin(d, name, "{", '}');
}

void envol_document_begin_array(struct document *d, const char *name)
{
	begin(d, name, "[", ']');
}

void envol_document_end(struct document *d)
{
	assert(d->depth);
	d->depth--;
	if (!d->is_empty[d->depth])
		new_line(d);
	envol_buffer_printf(&d->text, "%c", d->ends[d->depth]);
	if (d->depth == 0)
		envol_buffer_add(&d->text, "\n");
}

void envol_document_text(struct document *d, const char *name, const char *value)
{
	begin_value(d, name);
	envol_buffer_add_json(&d->text, value);
}

void envol_document_number(struct document *d, const char *name, uint64_t value)
{
	begin_value(d, name);
	envol_buffer_printf(&d->text, "%" PRIu64, value);
}

void envol_document_flag(struct document *d, const char *name, bool value)
{
	begin_value(d, name);
	envol_buffer_add(&d->text, value ? "true" : "false");
}

void envol_document_null(struct document *d, const char *name)
{
	begin_value(d, name);
	envol_buffer_add(&d->text, "null");
}
