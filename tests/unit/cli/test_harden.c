// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/harness/test.h"
#include "userspace/cli/harden.h"

TEST(what_steers_libraries_does_not_stay_in_the_environment)
{
	static const char *const gone[] = {
		"LD_LIBRARY_PATH", "LD_PRELOAD", "SSLKEYLOGFILE",
		"OPENSSL_CONF", "MALLOC_PERTURB_", "TMPDIR",
	};
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(gone); i++)
		CHECK_EQ(setenv(gone[i], "/nowhere", 1), 0);
	CHECK_EQ(setenv("AZURE_TENANT_ID", "kept", 1), 0);
	CHECK_EQ(setenv("PATH", "/nowhere", 1), 0);
	envol_harden_process();
	for (i = 0; i < TEST_ARRAY_SIZE(gone); i++)
		if (getenv(gone[i]))
			FAIL("%s", gone[i]);
	CHECK_STR_EQ(getenv("AZURE_TENANT_ID"), "kept");
	CHECK(!strstr(getenv("PATH"), "nowhere"));
}

TEST(it_leaves_no_core_and_lets_nobody_trace_it)
{
	struct rlimit core;

	envol_harden_process();
	CHECK_EQ(getrlimit(RLIMIT_CORE, &core), 0);
	CHECK_EQ(core.rlim_max, 0);
	CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
	CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
}
