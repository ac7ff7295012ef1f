// SPDX-License-Identifier: GPL-2.0-or-later
/* A kernel module that warns when it is loaded: the harness must notice. */
#include <linux/module.h>

static int __init warn_init(void)
{
	WARN(1, "asked for by the harness' own test");
	return 0;
}

static void __exit warn_exit(void)
{
}

module_init(warn_init);
module_exit(warn_exit);
MODULE_DESCRIPTION("warns when it is loaded");
MODULE_LICENSE("GPL");
