// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "tests/harness/test.h"
#include "userspace/cli/document.h"

static void fill(struct document *d)
{
	envol_document_begin_object(d, NULL);
	envol_document_number(d, "n", UINT64_MAX);
	envol_document_begin_array(d, "empty");
	envol_document_end(d);
	envol_document_begin_array(d, "list");
	envol_document_begin_object(d, NULL);
	envol_document_text(d, "t", "x");
	envol_document_flag(d, "yes", true);
	envol_document_end(d);
	envol_document_text(d, NULL, "y");
	envol_document_end(d);
	envol_document_null(d, "none");
	envol_document_end(d);
}

TEST(one_value_a_line)
{
	struct document d = { 0 };

	fill(&d);
	CHECK_STR_EQ(d.text.text, "{\n"
				  "  \"n\": 18446744073709551615,\n"
				  "  \"empty\": [],\n"
				  "  \"list\": [\n"
				  "    {\n"
				  "      \"t\": \"x\",\n"
				  "      \"yes\": true\n"
				  "    },\n"
				  "    \"y\"\n"
				  "  ],\n"
				  "  \"none\": null\n"
				  "}\n");
	envol_document_free(&d);
}

TEST(all_on_one_line)
{
	struct document d = { .one_line = true };

	fill(&d);
	CHECK_STR_EQ(d.text.text,
		     "{\"n\": 18446744073709551615, \"empty\": [], \"list\": [{\"t\": \"x\", \"yes\": true}, \"y\"], \"none\": null}\n");
	envol_document_free(&d);
}

/* Every pair of bytes, as a name and as a value; Python reads all and counts. */
TEST(another_reader_takes_any_bytes)
{
	static const char script[] =
		"/usr/bin/python3 -c 'import json, sys\n"
		"d = json.loads(sys.stdin.buffer.read().decode(\"utf-8\", \"strict\"))\n"
		"assert len(d[\"all\"]) == 65025, len(d[\"all\"])\n"
		"assert d[\"all\"][0] == {\"k\": \"\\x01\\x01\"}, d[\"all\"][0]\n'";
	char pair[3] = "";
	struct document d = { 0 };
	unsigned int i, j;
	FILE *python;

	envol_document_begin_object(&d, NULL);
	envol_document_begin_array(&d, "all");
	for (i = 1; i < 256; i++) {
		for (j = 1; j < 256; j++) {
			pair[0] = i;
			pair[1] = j;
			envol_document_begin_object(&d, NULL);
			envol_document_text(&d, "k", pair);
			envol_document_end(&d);
		}
	}
	envol_document_end(&d);
	envol_document_end(&d);
	CHECK(!d.text.failed);
	python = popen(script, "w");
	CHECK(python);
	CHECK_EQ(fwrite(d.text.text, 1, d.text.len, python), d.text.len);
	CHECK_EQ(pclose(python), 0);
	envol_document_free(&d);
}
