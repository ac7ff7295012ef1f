// SPDX-License-Identifier: GPL-2.0-or-later
/* What must not be overwritten is refused before anything else is done. */
#include <errno.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "tools/bench/device.h"

static int run(const char *path)
{
	struct envol_device_options options = {
		.path = path, .du_size = 4096, .runtime_s = 1, .rounds = 1, .yes = true,
	};
	struct envol_report report;
	int err = envol_device_run(&options, &report);

	envol_report_wipe(&report);
	return err;
}

TEST(what_is_no_block_device_is_refused)
{
	bool root = geteuid() == 0;

	CHECK_ERR(run("/dev/null"), root ? -ENOTBLK : -EPERM);
	CHECK_ERR(run("/proc/self/exe"), root ? -ENOTBLK : -EPERM);
	CHECK_ERR(run("/nonexistent"), root ? -ENOENT : -EPERM);
}
