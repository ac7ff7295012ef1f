// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each change of the root key's seals with each of its calls failing, and with the
 * process killed at each: the keys open afterwards, the seals are those of before or
 * those of after, and the next try succeeds.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/shell.h"
#include "tests/harness/swtpm.h"
#include "tests/harness/test.h"
#include "tests/provider/nth.h"
#include "tests/provider/place.h"
#include "userspace/lib/provider/provider.h"
#include "userspace/lib/provider/service/keystore.h"

#define DONE 0
#define FAILED 1
#define NOT_STRUCK 2

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

/* In a process of its own, since it may be killed: the status that it ended with. */
static int change_with_fault(const struct change *change, unsigned int n,
			     int err)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		int result;

		nth_arm(n, err);
		result = change_seals(&change->how);
		_exit(!nth_struck() ? NOT_STRUCK : result ? FAILED : DONE);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return status;
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

static void sweep(const struct change *change, int err)
{
	unsigned int n;
	int status;

	for (n = 1; n < 100; n++) {
		test_run("rm -rf %s/keys; cp -a %s/base %s/keys", place.top,
			 place.top, place.top);
		status = change_with_fault(change, n, err);
		if (err ? !WIFEXITED(status) :
			  !WIFEXITED(status) && WTERMSIG(status) != SIGKILL)
			FAIL("%s, call %u, errno %d: status 0x%x",
			     change->what, n, err, status);
		if (!is_after(change, n, err) && WIFEXITED(status) &&
		    WEXITSTATUS(status) != FAILED)
			FAIL("%s, call %u, errno %d: said to be done, and is not",
			     change->what, n, err);
		if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_STRUCK)
			break;
		if (change->how.remove && is_after(change, n, err))
			continue;
		CHECK_OK(change_seals(&change->how));
		CHECK(is_after(change, n, err));
		test_run("! ls -A %s/keys | grep -q ^.envol-", place.top);
	}
	/* Two locks, and a file that is replaced or removed. */
	if (n < 5 || n == 100)
		FAIL("%s: %u calls", change->what, n);
}

TEST(a_process_killed_at_any_call_leaves_seals_that_open)
{
	size_t i;

	setup();
	for (i = 0; i < TEST_ARRAY_SIZE(changes); i++)
		sweep(&changes[i], 0);
	teardown();
}

TEST(an_error_at_any_call_leaves_seals_that_open)
{
	size_t i;

	setup();
	for (i = 1; i < 3; i++)
		sweep(&changes[i], i % 2 ? EIO : ENOSPC);
	teardown();
}
