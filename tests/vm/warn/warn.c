// SPDX-License-Identifier: GPL-2.0-or-later
/* A kernel module that warns, or traps, when it is loaded: the harness must notice. */
#include <linux/module.h>

static bool trap;
module_param(trap, bool, 0444);
MODULE_PARM_DESC(trap, "run into a breakpoint that nobody knows, as where QEMU runs replaced code");

static int __init warn_init(void)
{
	if (trap)
		asm volatile("int3");
	WARN(1, "asked for by the harness' own test");
	return 0;
}

static void __exit warn_exit(void)
{
}

module_init(warn_init);
module_exit(warn_exit);
MODULE_DESCRIPTION("warns or traps when it is loaded");
MODULE_LICENSE("GPL");
