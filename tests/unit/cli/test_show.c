// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/cli/show.h"

/* What is printed of what was shown. */
static void take(struct cli *cli, char got[1000])
{
	int ends[2], saved = dup(STDOUT_FILENO);
	ssize_t len;

	CHECK_EQ(pipe(ends), 0);
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	CHECK_OK(envol_output_print(&cli->output));
	dup2(saved, STDOUT_FILENO);
	close(ends[1]);
	len = read(ends[0], got, 999);
	CHECK(len > 0);
	got[len] = 0;
	close(ends[0]);
	close(saved);
	envol_output_free(&cli->output);
}

/* The state of one mapping as the list has it, behind its name. */
static void check_state(const char *key_state, bool suspended, const char *want)
{
	const struct envol_volume_info info = {
		.name = (char *)"data",
		.key_state = (char *)key_state,
		.suspended = suspended,
	};
	struct cli cli = { 0 };
	char got[1000];

	CHECK_OK(envol_show_volumes(&cli, &info, 1));
	take(&cli, got);
	CHECK_STR_EQ(strtok(got, " "), "data");
	CHECK_STR_EQ(strtok(NULL, " \n"), want);
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

static bool is_said_to_leave(const char *uri, const char *algorithm)
{
	struct envol_wrap_info wrap = { .n_parts = 1, .proved = true };
	const struct envol_volume_info info = { .wraps = &wrap, .n_wraps = 1, .opened_by = -1 };
	struct cli cli = { 0 };
	char got[1000];

	wrap.parts[0].uri = (char *)uri;
	wrap.parts[0].version = (char *)"1";
	wrap.parts[0].algorithm = (char *)algorithm;
	CHECK_OK(envol_show_volume(&cli, &info));
	take(&cli, got);
	CHECK_STR_HAS(got, algorithm);
	return strstr(got, "THE KEK LEAVES ITS STORE");
}

TEST(a_kek_that_leaves_its_store_is_told)
{
	CHECK(is_said_to_leave("kmip://kms.example/1", "A256KWP"));
	CHECK(!is_said_to_leave("kmip://kms.example/1", "A256GCM"));
	/* There the token does it. */
	CHECK(!is_said_to_leave("pkcs11:token=a;object=b", "A256KWP"));
}
