// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The examples of Documentation/key-uris.md under service:, run as they stand there.
 * Those of other providers need a vault, a token or a server: tests/cli/t_keyvault.sh,
 * tests/pkcs11 and tests/kmip have them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/harness/test.h"
#include "tests/provider/place.h"

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* In the place's directory, with its settings. */
static void run_example(const struct place *place, const char *program,
			const char *arguments)
{
	char command[2048];

	snprintf(command, sizeof(command),
		 "cd %s && %s --config %s/envol.conf %s >out 2>&1 || { cat out; exit 1; }",
		 place->top, program, place->top, arguments);
	if (system(command) != 0)
		FAIL("envol %s", arguments);
}

TEST(every_example_of_a_service_key_works)
{
	char program[512], text[1024], line[512];
	struct place place;
	bool is_ours = false;
	unsigned int n = 0;
	FILE *doc;

	place_open(&place);
	snprintf(program, sizeof(program), "%s/../../../envol",
		 place.ev->kek_directory);
	snprintf(text, sizeof(text),
		 "[defaults]\nkeystore = %s/keys\nstate = %s/state\ntpm = none\nkek_directory = %s\n",
		 place.top, place.top, place.ev->kek_directory);
	write_file(place_path(&place, "envol.conf"), text);
	write_file(place_path(&place, "passphrase"), "correct horse");
	CHECK_EQ(chmod(place_path(&place, "passphrase"), 0600), 0);
	doc = fopen("Documentation/key-uris.md", "r");
	CHECK(doc);
	while (fgets(line, sizeof(line), doc)) {
		if (strncmp(line, "## ", 3) == 0)
			is_ours = strncmp(line, "## service:", 11) == 0;
		if (!is_ours || strncmp(line, "    envol ", 10) != 0)
			continue;
		line[strcspn(line, "#\n")] = 0;
		run_example(&place, program, line + 10);
		n++;
	}
	fclose(doc);
	CHECK(n >= 8);
	place_close(&place);
}
