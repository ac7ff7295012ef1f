/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One table of results and the facts above it, as text for people or as one JSON document. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define ENVOL_REPORT_COLUMNS 16

struct envol_report_column {
	const char *key;	/* in JSON; NULL ends the list */
	const char *title;	/* in text */
	int decimals;		/* in text; ENVOL_REPORT_TEXT: the cells are text */
};

#define ENVOL_REPORT_TEXT (-1)

/* A number that is NAN, or no text, is "-" in text and null in JSON. */
struct envol_report_cell {
	double number;
	const char *text;	/* copied */
};

struct envol_report_fact {
	char *key;
	char *value;
};

struct envol_report {
	const char *benchmark;
	const struct envol_report_column *columns;
	size_t column_count;
	struct envol_report_cell *cells;	/* row by row; texts are the report's */
	size_t row_count;
	struct envol_report_fact *facts;
	size_t fact_count;
};

void envol_report_init(struct envol_report *report, const char *benchmark,
		       const struct envol_report_column *columns);
void envol_report_wipe(struct envol_report *report);

/* "key: value" above the table. -ENOMEM. */
int envol_report_fact(struct envol_report *report, const char *key,
		      const char *fmt, ...)
	__attribute__((format(printf, 3, 4), warn_unused_result));

/* One row, a cell a column. -ENOMEM. */
int envol_report_row(struct envol_report *report,
		     const struct envol_report_cell *cells)
	__attribute__((warn_unused_result));

void envol_report_print(const struct envol_report *report, bool json, FILE *out);
