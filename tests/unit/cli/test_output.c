// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/cli/output.h"

static void add_wrap(struct output *out, const char *uri, int64_t when,
		     bool proved)
{
	envol_output_begin_item(out);
	OUTPUT_FIELDS(out, TEXT("uri", "", uri), TIME("created", "wrapped", when),
		      FLAG("proved", "proved", proved));
	envol_output_end(out);
}

static void add_volume(struct output *out)
{
	envol_output_begin_record(out, "volume", "data");
	OUTPUT_FIELDS(out, TEXT("label", "label", NULL),
		      SIZE("size", "size", 64ull << 30),
		      TEXT("device", "device", "/dev/\x1bvdb"),
		      TIME("opened", "opened", 1772366400),
		      FLAG("locked", "locked", false),
		      NUMBER("generation", NULL, 3));
	envol_output_begin_list(out, "wraps", "wraps");
	add_wrap(out, "service:a", 1772366400, true);
	add_wrap(out, "service:longer", 0, false);
	add_wrap(out, "", 1772366400, true);
	envol_output_end(out);
	envol_output_end(out);
}

/* What is printed, read back through a pipe in place of standard output. */
static void check_printed(struct output *out, const char *want)
{
	char got[2000];
	int ends[2], saved = dup(STDOUT_FILENO);
	ssize_t len;

	CHECK_EQ(pipe(ends), 0);
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	CHECK_OK(envol_output_print(out));
	dup2(saved, STDOUT_FILENO);
	close(ends[1]);
	len = read(ends[0], got, sizeof(got) - 1);
	CHECK(len >= 0);
	got[len] = 0;
	CHECK_STR_EQ(got, want);
	envol_output_free(out);
}

TEST(a_record_for_people)
{
	struct output out = { 0 };

	add_volume(&out);
	check_printed(&out, "data\n"
			    "  size          64.0 GiB\n"
			    "  device        /dev/\\x1bvdb\n"
			    "  opened        2026-03-01T12:00:00Z\n"
			    "  locked        no\n"
			    "  wraps\n"
			    "    service:a       wrapped 2026-03-01  proved\n"
			    "    service:longer\n"
			    "                    wrapped 2026-03-01  proved\n");
}

TEST(a_record_for_programs)
{
	struct output out = { .json = true };

	add_volume(&out);
	check_printed(&out,
		      "{\n"
		      "  \"version\": 1,\n"
		      "  \"volume\": {\n"
		      "    \"label\": null,\n"
		      "    \"size\": 68719476736,\n"
		      "    \"device\": \"/dev/\\u001bvdb\",\n"
		      "    \"opened\": \"2026-03-01T12:00:00Z\",\n"
		      "    \"locked\": false,\n"
		      "    \"generation\": 3,\n"
		      "    \"wraps\": [\n"
		      "      {\n"
		      "        \"uri\": \"service:a\",\n"
		      "        \"created\": \"2026-03-01T12:00:00Z\",\n"
		      "        \"proved\": true\n"
		      "      },\n"
		      "      {\n"
		      "        \"uri\": \"service:longer\",\n"
		      "        \"created\": null,\n"
		      "        \"proved\": false\n"
		      "      },\n"
		      "      {\n"
		      "        \"uri\": null,\n"
		      "        \"created\": \"2026-03-01T12:00:00Z\",\n"
		      "        \"proved\": true\n"
		      "      }\n"
		      "    ]\n"
		      "  }\n"
		      "}\n");
}

static void add_nested(struct output *out)
{
	envol_output_begin_list(out, "volumes", NULL);
	envol_output_begin_item(out);
	OUTPUT_FIELDS(out, TEXT("name", "", "a"));
	envol_output_begin_list(out, "wraps", "wraps");
	add_wrap(out, "service:x", 0, true);
	envol_output_end(out);
	OUTPUT_FIELDS(out, SIZE("size", "", 512));
	envol_output_end(out);
	envol_output_end(out);
}

TEST(a_table_shows_no_deeper_list)
{
	struct output out = { 0 }, json = { .json = true };

	add_nested(&out);
	check_printed(&out, "a  512 B\n");
	add_nested(&json);
	check_printed(&json, "{\n"
			     "  \"version\": 1,\n"
			     "  \"volumes\": [\n"
			     "    {\n"
			     "      \"name\": \"a\",\n"
			     "      \"wraps\": [\n"
			     "        {\n"
			     "          \"uri\": \"service:x\",\n"
			     "          \"created\": null,\n"
			     "          \"proved\": true\n"
			     "        }\n"
			     "      ],\n"
			     "      \"size\": 512\n"
			     "    }\n"
			     "  ]\n"
			     "}\n");
}

TEST(an_empty_table_has_no_title)
{
	struct output out = { 0 };

	envol_output_begin_record(&out, "volume", "data");
	envol_output_begin_list(&out, "wraps", "wraps");
	envol_output_end(&out);
	envol_output_end(&out);
	check_printed(&out, "data\n");
}

TEST(two_answers_are_one_document)
{
	struct output out = { .json = true };

	envol_output_begin_list(&out, "a", NULL);
	envol_output_end(&out);
	envol_output_begin_record(&out, "b", NULL);
	envol_output_end(&out);
	check_printed(&out,
		      "{\n  \"version\": 1,\n  \"a\": [],\n  \"b\": {}\n}\n");
}

TEST(a_document_has_more_of_an_item_than_a_line_has_columns)
{
	struct output out = { .json = true };
	int i;

	envol_output_begin_list(&out, "volumes", NULL);
	envol_output_begin_item(&out);
	for (i = 0; i <= OUTPUT_COLUMNS; i++)
		OUTPUT_FIELDS(&out, TEXT(i ? NULL : "name", "name", "data"));
	envol_output_end(&out);
	envol_output_end(&out);
	check_printed(&out, "{\n  \"version\": 1,\n  \"volumes\": [\n"
			    "    {\n      \"name\": \"data\"\n    }\n  ]\n}\n");
}

TEST(nothing_comes_of_an_answer_that_was_cut_short)
{
	struct output out = { .json = true }, silent = { .silent = true };
	struct output none = { .json = true };

	envol_output_begin_list(&out, "a", NULL);
	check_printed(&out, "");
	add_nested(&silent);
	check_printed(&silent, "");
	check_printed(&none, "");
}

TEST(a_full_disk_is_an_error)
{
	struct output out = { 0 };
	int saved = dup(STDOUT_FILENO);
	FILE *full = fopen("/dev/full", "w");
	int err;

	CHECK(full);
	add_nested(&out);
	fflush(stdout);
	dup2(fileno(full), STDOUT_FILENO);
	err = envol_output_print(&out);
	dup2(saved, STDOUT_FILENO);
	CHECK_ERR(err, -ENOSPC);
	envol_output_free(&out);
}
