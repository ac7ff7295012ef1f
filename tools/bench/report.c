// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/bench/report.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void envol_report_init(struct envol_report *report, const char *benchmark,
		       const struct envol_report_column *columns)
{
	*report = (struct envol_report){ .benchmark = benchmark, .columns = columns };
	while (columns[report->column_count].key)
		report->column_count++;
	assert(report->column_count <= ENVOL_REPORT_COLUMNS);
}

void envol_report_wipe(struct envol_report *report)
{
	size_t i;

	for (i = 0; i < report->row_count * report->column_count; i++)
		free((char *)report->cells[i].text);
	for (i = 0; i < report->fact_count; i++) {
		free(report->facts[i].key);
		free(report->facts[i].value);
	}
	free(report->cells);
	free(report->facts);
	*report = (struct envol_report){ 0 };
}

int envol_report_fact(struct envol_report *report, const char *key,
		      const char *fmt, ...)
{
	struct envol_report_fact fact = { 0 }, *facts;
	va_list args;
	int len;

	facts = reallocarray(report->facts, report->fact_count + 1, sizeof(*facts));
	if (!facts)
		return -ENOMEM;
	report->facts = facts;
	fact.key = strdup(key);
	va_start(args, fmt);
	len = vasprintf(&fact.value, fmt, args);
	va_end(args);
	if (!fact.key || len < 0) {
		free(fact.key);
		return -ENOMEM;
	}
	facts[report->fact_count++] = fact;
	return 0;
}

int envol_report_row(struct envol_report *report,
		     const struct envol_report_cell *cells)
{
	size_t n = report->column_count, i;
	struct envol_report_cell *all, *row;

	all = reallocarray(report->cells, (report->row_count + 1) * n, sizeof(*all));
	if (!all)
		return -ENOMEM;
	report->cells = all;
	row = all + report->row_count * n;
	for (i = 0; i < n; i++) {
		row[i] = (struct envol_report_cell){ .number = cells[i].number };
		if (!cells[i].text)
			continue;
		row[i].text = strdup(cells[i].text);
		if (!row[i].text) {
			while (i--)
				free((char *)row[i].text);
			return -ENOMEM;
		}
	}
	report->row_count++;
	return 0;
}

/* ---- text ---------------------------------------------------------------- */

static void format_cell(const struct envol_report_column *column,
			const struct envol_report_cell *cell, char *text, size_t size)
{
	if (column->decimals == ENVOL_REPORT_TEXT)
		snprintf(text, size, "%s", cell->text ? cell->text : "-");
	else if (isnan(cell->number))
		snprintf(text, size, "-");
	else
		snprintf(text, size, "%.*f", column->decimals, cell->number);
}

static void print_line(const struct envol_report *report, const int *width,
		       const struct envol_report_cell *row, FILE *out)
{
	char text[128];
	size_t i;

	for (i = 0; i < report->column_count; i++) {
		const struct envol_report_column *column = &report->columns[i];
		int left = column->decimals == ENVOL_REPORT_TEXT;

		if (row)
			format_cell(column, &row[i], text, sizeof(text));
		else
			snprintf(text, sizeof(text), "%s", column->title);
		if (i)
			fputs("  ", out);
		if (left && i + 1 == report->column_count)
			fputs(text, out);
		else
			fprintf(out, "%*s", left ? -width[i] : width[i], text);
	}
	fputc('\n', out);
}

static void print_text(const struct envol_report *report, FILE *out)
{
	int width[ENVOL_REPORT_COLUMNS];
	size_t i, row;
	char text[128];

	for (i = 0; i < report->column_count; i++) {
		width[i] = (int)strlen(report->columns[i].title);
		for (row = 0; row < report->row_count; row++) {
			format_cell(&report->columns[i],
				    &report->cells[row * report->column_count + i],
				    text, sizeof(text));
			if ((int)strlen(text) > width[i])
				width[i] = (int)strlen(text);
		}
	}
	for (i = 0; i < report->fact_count; i++)
		fprintf(out, "%s: %s\n", report->facts[i].key, report->facts[i].value);
	fputc('\n', out);
	print_line(report, width, NULL, out);
	for (row = 0; row < report->row_count; row++)
		print_line(report, width, &report->cells[row * report->column_count], out);
}

/* ---- JSON (RFC 8259) ----------------------------------------------------- */

static void print_string(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void print_value(const struct envol_report_column *column,
			const struct envol_report_cell *cell, FILE *out)
{
	bool text = column->decimals == ENVOL_REPORT_TEXT;

	if (text ? !cell->text : isnan(cell->number))
		fputs("null", out);
	else if (text)
		print_string(cell->text, out);
	else
		fprintf(out, "%.10g", cell->number);
}

static void print_json(const struct envol_report *report, FILE *out)
{
	size_t i, row;

	fprintf(out, "{\"version\":1,\"benchmark\":\"%s\",\n \"facts\":{", report->benchmark);
	for (i = 0; i < report->fact_count; i++) {
		fputs(i ? ",\n  " : "\n  ", out);
		print_string(report->facts[i].key, out);
		fputc(':', out);
		print_string(report->facts[i].value, out);
	}
	fputs("},\n \"results\":[", out);
	for (row = 0; row < report->row_count; row++) {
		fputs(row ? ",\n  {" : "\n  {", out);
		for (i = 0; i < report->column_count; i++) {
			fprintf(out, "%s\"%s\":", i ? "," : "", report->columns[i].key);
			print_value(&report->columns[i],
				    &report->cells[row * report->column_count + i], out);
		}
		fputc('}', out);
	}
	fputs("]}\n", out);
}

void envol_report_print(const struct envol_report *report, bool json, FILE *out)
{
	if (json)
		print_json(report, out);
	else
		print_text(report, out);
}
