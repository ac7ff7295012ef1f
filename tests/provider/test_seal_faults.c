// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each change of the root key's seals with each of its calls failing, and with the
 * process killed at each: the keys open afterwards, the seals are those of before or
 * those of after, and the next try succeeds.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/harness/shell.h"
#include "tests/harness/swtpm.h"
#include "tests/harness/test.h"
#include "tests/provider/nth.h"
#include "tests/provider/place.h"
#include "userspace/lib/provider/provider.h"
#include "userspace/lib/provider/service/keystore.h"

#define SEALED "under a root key sealed by the TPM"

static struct place place;
static struct test_swtpm tpm;

static const struct change {
	const char *what;
	struct envol_key_reseal how;
	const char *before, *after;	/* as a key's protection says it */
} changes[] = {
	{ "another policy", { .policy = "pcr7" },
	  SEALED "; for boot sealed by the TPM: 1 none",
	  SEALED ": 1 pcr:7; for boot sealed by the TPM: 1 none" },
	{ "a seal for boot more", { .policy = "pcr7", .boot = true, .add = true },
	  SEALED "; for boot sealed by the TPM: 1 none",
	  SEALED "; for boot sealed by the TPM: 1 none, 2 pcr:7" },
	{ "no seal for boot", { .boot = true, .remove = 1 },
	  SEALED "; for boot sealed by the TPM: 1 none", SEALED },
	{ "no TPM", { .to = "none" },
	  SEALED "; for boot sealed by the TPM: 1 none",
	  "under a root key in a file that only root can read; for boot sealed by the TPM: 1 none" },
};

static struct envol_deadline soon(void)
{
	return envol_deadline_in(5000);
}

static int change_seals(const struct envol_key_reseal *how)
{
	struct envol_key_info info = { 0 };
	int err = envol_registry_provider("service")->reseal(place.ev, how,
							     soon(), &info);

	envol_key_info_free(&info);
	return err;
}

static void setup(void)
{
	struct envol_uri uri;
	const char *why;

	place_open(&place);
	test_swtpm_start(&tpm, place_path(&place, "tpm"));
	CHECK_OK(envol_set_tpm(place.ev, tpm.tcti));
	CHECK_OK(envol_uri_parse(&uri, "service:a", &why));
	CHECK_OK(envol_registry_provider("service")->create(place.ev, &uri,
							    soon()));
	CHECK_OK(change_seals(&(struct envol_key_reseal){ .boot = true,
							  .policy = "none" }));
	test_run("cp -a %s/keys %s/base", place.top, place.top);
}

static void teardown(void)
{
	test_swtpm_stop(&tpm);
	place_close(&place);
}

static void reset(const void *change)
{
	test_run("rm -rf %s/keys; cp -a %s/base %s/keys", place.top, place.top, place.top);
}

static int make(const void *change)
{
	return change_seals(&((const struct change *)change)->how);
}

/* Opens the keystore, for which the root key has to come out of its seal. */
static bool is_after(const struct change *change, unsigned int n, int err)
{
	_cleanup_keystore_ struct envol_keystore ks = ENVOL_KEYSTORE_INIT;
	_cleanup_free_ char *text = NULL;

	if (envol_keystore_open(place.ev, ENVOL_KEYSTORE_READ, soon(), &ks))
		FAIL("%s, call %u, errno %d: %s", change->what, n, err,
		     envol_error_message(place.ev));
	CHECK_OK(envol_root_describe(place.ev, ks.dir, &text));
	if (strcmp(text, change->before) != 0 &&
	    strcmp(text, change->after) != 0)
		FAIL("%s, call %u, errno %d: %s", change->what, n, err, text);
	return strcmp(text, change->after) == 0;
}

static void check(const void *data, unsigned int n, int err, enum nth_end end)
{
	const struct change *change = data;
	bool is_done = is_after(change, n, err);

	if (!is_done && (end == NTH_DONE || end == NTH_NOT_STRUCK))
		FAIL("%s, call %u, errno %d: said to be done, and is not", change->what, n, err);
	if (end == NTH_NOT_STRUCK || (change->how.remove && is_done))
		return;
	CHECK_OK(change_seals(&change->how));
	CHECK(is_after(change, n, err));
	test_run("! ls -A %s/keys | grep -q ^.envol-", place.top);
}

/* Two locks, and a file that is replaced or removed. */
static const struct nth_sweep sweep = { reset, make, check, 4, 98 };

TEST(a_process_killed_at_any_call_leaves_seals_that_open)
{
	size_t i;

	setup();
	for (i = 0; i < TEST_ARRAY_SIZE(changes); i++)
		nth_sweep(&sweep, changes[i].what, &changes[i], 0);
	teardown();
}

TEST(an_error_at_any_call_leaves_seals_that_open)
{
	size_t i;

	setup();
	for (i = 1; i < 3; i++)
		nth_sweep(&sweep, changes[i].what, &changes[i], i % 2 ? EIO : ENOSPC);
	teardown();
}
