// SPDX-License-Identifier: GPL-2.0-or-later
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/test.h"
#include "tools/bench/report.h"

static const struct envol_report_column columns[] = {
	{ "name", "name", ENVOL_REPORT_TEXT },
	{ "rate", "GB/s", 1 },
	{ "count", "n", 0 },
	{ 0 },
};

/* @report with two rows, as it prints, for free(). */
static char *print(bool json)
{
	static const struct envol_report_cell rows[][3] = {
		{ { .text = "quoted \"\\\n" }, { .number = 10.25 }, { .number = 7 } },
		{ { .text = NULL }, { .number = NAN }, { .number = 12345 } },
	};
	struct envol_report report;
	char *text = NULL;
	size_t len;
	FILE *out;

	envol_report_init(&report, "test", columns);
	CHECK_OK(envol_report_fact(&report, "cpu", "model %d", 3));
	CHECK_OK(envol_report_row(&report, rows[0]));
	CHECK_OK(envol_report_row(&report, rows[1]));
	out = open_memstream(&text, &len);
	CHECK(out);
	envol_report_print(&report, json, out);
	fclose(out);
	envol_report_wipe(&report);
	return text;
}

TEST(text_is_aligned_and_says_what_is_missing)
{
	char *text = print(false);

	CHECK_STR_HAS(text, "cpu: model 3\n\n");
	CHECK_STR_HAS(text, "  GB/s      n\n");
	CHECK_STR_HAS(text, "  10.2      7\n");
	CHECK_STR_HAS(text, "\n-           ");
	CHECK_STR_HAS(text, "     -  12345\n");
	free(text);
}

TEST(json_parses_and_keeps_its_values)
{
	char *text = print(true);
	struct json_object *doc = json_tokener_parse(text), *results, *row, *value;

	CHECK(doc);
	CHECK(json_object_object_get_ex(doc, "version", &value));
	CHECK_EQ(json_object_get_int(value), 1);
	CHECK(json_object_object_get_ex(doc, "facts", &row));
	CHECK(json_object_object_get_ex(row, "cpu", &value));
	CHECK_STR_EQ(json_object_get_string(value), "model 3");
	CHECK(json_object_object_get_ex(doc, "results", &results));
	CHECK_EQ(json_object_array_length(results), 2);

	row = json_object_array_get_idx(results, 0);
	CHECK(json_object_object_get_ex(row, "name", &value));
	CHECK_STR_EQ(json_object_get_string(value), "quoted \"\\\n");
	CHECK(json_object_object_get_ex(row, "rate", &value));
	CHECK_EQ(json_object_get_double(value) * 100, 1025);

	row = json_object_array_get_idx(results, 1);
	CHECK(json_object_object_get_ex(row, "name", &value));
	CHECK(!value);
	CHECK(json_object_object_get_ex(row, "rate", &value));
	CHECK(!value);
	CHECK(json_object_object_get_ex(row, "count", &value));
	CHECK_EQ(json_object_get_int(value), 12345);
	json_object_put(doc);
	free(text);
}
