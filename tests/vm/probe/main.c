// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command is what is written to /sys/module/envol_probe/parameters/run; the write fails
 * with what went wrong, and the log says more.
 *	layout DEVICE SEED ROUNDS
 *	fpu start
 *	fpu stop
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "probe.h"

static int run(const char *command, const struct kernel_param *kp)
{
	unsigned int rounds;
	char path[64];
	u64 seed;

	if (sscanf(command, "layout %63s %llu %u", path, &seed, &rounds) == 3)
		return probe_layout_run(path, seed, rounds);
	if (sysfs_streq(command, "fpu start"))
		return probe_fpu_start();
	if (sysfs_streq(command, "fpu stop"))
		return probe_fpu_stop();
	return -EINVAL;
}

static const struct kernel_param_ops run_ops = { .set = run };
module_param_cb(run, &run_ops, NULL, 0200);

static int __init probe_init(void)
{
	return probe_disk_init();
}

static void __exit probe_exit(void)
{
	probe_fpu_stop();
	probe_disk_exit();
}

module_init(probe_init);
module_exit(probe_exit);

MODULE_DESCRIPTION("test double below and above envol's target");
MODULE_LICENSE("GPL");
