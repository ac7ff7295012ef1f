// SPDX-License-Identifier: GPL-2.0-only
/*
 * At load: every engine that this CPU runs, against the known answers of
 * core/xts_selftest.c. One mismatch and the module does not load.
 */
#define DM_MSG_PREFIX "envol"

#include "kmod/envol.h"

int envol_selftest_run(void)
{
	const struct envol_xts_engine *const *engine;
	int err;

	for (engine = envol_xts_engines; *engine; engine++) {
		if (!envol_xts_engine_runs(*engine, envol_crypt_cpu()))
			continue;
		err = envol_crypt_selftest(*engine);
		if (err) {
			DMERR("self-test of engine %s failed: refusing to load", (*engine)->name);
			return err;
		}
	}
	return 0;
}
