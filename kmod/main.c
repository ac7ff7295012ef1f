// SPDX-License-Identifier: GPL-2.0-only
/*
 * dm-envol: block devices encrypted with AES-XTS, data compatible with dm-crypt.
 * The life of a bio goes through target.c, map.c, read.c or write.c, job.c and
 * crypt.c; the life of a key through key.c.
 */
#define DM_MSG_PREFIX "envol"

#include <linux/init.h>
#include <linux/module.h>

#include "kmod/envol.h"

static int __init envol_init(void)
{
	const struct envol_xts_engine *engine;
	int err;

	envol_crypt_init();
	err = envol_selftest_run();
	if (err)
		return err;
	err = envol_pace_init();
	if (err)
		return err;
	err = envol_pool_init();
	if (err)
		return err;
	err = envol_job_init();
	if (err)
		goto err_pool;
	err = dm_register_target(&envol_target_type);
	if (err)
		goto err_job;

	engine = envol_xts_best_engine(envol_crypt_cpu());
	DMINFO("self-tests passed, fastest engine on this CPU: %s, %u MB/s%s", engine->name,
	       envol_pace_rate(engine),
	       envol_crypt_is_slow(engine) ? " (slow: no AES instructions)" : "");
	return 0;

err_job:
	envol_job_exit();
err_pool:
	envol_pool_exit();
	return err;
}

static void __exit envol_exit(void)
{
	dm_unregister_target(&envol_target_type);
	envol_job_exit();
	envol_pool_exit();
}

module_init(envol_init);
module_exit(envol_exit);

MODULE_DESCRIPTION("device-mapper target for volumes encrypted with AES-XTS");
MODULE_AUTHOR("The envol developers");
MODULE_LICENSE("GPL");
