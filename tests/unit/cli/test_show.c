// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/cli/show.h"

/* The state of one mapping as the list has it, behind its name. */
static void check_state(const char *key_state, bool suspended, const char *want)
{
	const struct envol_volume_info info = {
		.name = (char *)"data",
		.key_state = (char *)key_state,
		.suspended = suspended,
	};
	struct cli cli = { 0 };
	char got[200];
	int ends[2], saved = dup(STDOUT_FILENO);
	ssize_t len;

	CHECK_EQ(pipe(ends), 0);
	CHECK_OK(envol_show_volumes(&cli, &info, 1));
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	CHECK_OK(envol_output_print(&cli.output));
	dup2(saved, STDOUT_FILENO);
	close(ends[1]);
	len = read(ends[0], got, sizeof(got) - 1);
	CHECK(len > 0);
	got[len] = 0;
	CHECK_STR_EQ(strtok(got, " "), "data");
	CHECK_STR_EQ(strtok(NULL, " \n"), want);
	close(ends[0]);
	close(saved);
	envol_output_free(&cli.output);
}

TEST(a_mapping_whose_key_is_gone_is_not_called_active)
{
	check_state("ready", false, "active");
	check_state(NULL, false, "active");
	check_state("revoked", false, "revoked");
	check_state("expired", false, "expired");
	check_state("wiped", false, "wiped");
	check_state("wiped", true, "locked");
}
