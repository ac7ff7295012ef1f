// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Conformance of a token of another make: tpm2-pkcs11's, whose keys a TPM keeps. The
 * TPM is swtpm, behind a resource manager on a bus of their own. It does OAEP with
 * SHA-256, as SoftHSM does not, and no AES.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/swtpm.h"
#include "tests/harness/test.h"
#include "tests/pkcs11/softhsm.h"
#include "tests/provider/conformance.h"

#define MODULE "/usr/lib/x86_64-linux-gnu/pkcs11/libtpm2_pkcs11.so"
#define SUBJECT "token=tpm;serial=0000000000000000"
#define TCTI "tabrmd:bus_type=session"
#define TRIES 80
#define PAUSE_MS 250

static struct test_swtpm tpm;
static pid_t bus, manager;

/* It ends with the test. */
static pid_t run_beside(char *const argv[])
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!freopen("/dev/null", "r", stdin) ||
	    !freopen("/dev/null", "w", stdout) ||
	    !freopen("/dev/null", "w", stderr))
		_exit(126);
	execvp(argv[0], argv);
	_exit(127);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void start_bus(struct place *place)
{
	char address[160], option[200], path[128];
	char *argv[] = { (char *)"dbus-daemon", (char *)"--session",
			 (char *)"--nofork", (char *)"--nopidfile", option,
			 NULL };
	int i;

	snprintf(path, sizeof(path), "%s", place_path(place, "bus"));
	snprintf(address, sizeof(address), "unix:path=%s", path);
	snprintf(option, sizeof(option), "--address=%s", address);
	CHECK_EQ(setenv("DBUS_SESSION_BUS_ADDRESS", address, 1), 0);
	bus = run_beside(argv);
	for (i = 0; i < TRIES && access(path, F_OK); i++)
		poll(NULL, 0, PAUSE_MS);
	CHECK_EQ(access(path, F_OK), 0);
}

static void start_manager(void)
{
	char option[100];
	char *argv[] = { (char *)"tpm2-abrmd", (char *)"--session",
			 (char *)"--allow-root", option, NULL };
	int i;

	snprintf(option, sizeof(option), "--tcti=%s", tpm.tcti);
	manager = run_beside(argv);
	for (i = 0; i < TRIES; i++) {
		if (system("tpm2_getrandom -T " TCTI
			   " --hex 4 >/dev/null 2>&1") == 0)
			return;
		poll(NULL, 0, PAUSE_MS);
	}
	FAIL("tpm2-abrmd does not serve: packages tpm2-abrmd, libtss2-tcti-tabrmd0?");
}

static void set(struct place *place, const char *subject, const char *key,
		const char *value)
{
	CHECK_OK(envol_set_provider(place->ev, "pkcs11", subject, key, value));
}

static void start(struct place *place)
{
	char environment[512];

	test_swtpm_start(&tpm, place_path(place, "tpm"));
	start_bus(place);
	start_manager();
	CHECK_EQ(mkdir(place_path(place, "store"), 0700), 0);
	softhsm_run("export TPM2_PKCS11_TCTI=" TCTI " TPM2TOOLS_TCTI=" TCTI
		    " && tpm2_ptool init --path=%s/store && tpm2_ptool addtoken --pid=1 --label=tpm --userpin="
		    SOFTHSM_PIN " --sopin=" SOFTHSM_SO_PIN " --path=%s/store",
		    place->top, place->top);
	softhsm_write(place, "pin", SOFTHSM_PIN);
	snprintf(environment, sizeof(environment),
		 "TPM2_PKCS11_TCTI=" TCTI " TPM2_PKCS11_STORE=%s/store TSS2_LOG=all+NONE DBUS_SESSION_BUS_ADDRESS=%s",
		 place->top, getenv("DBUS_SESSION_BUS_ADDRESS"));
	set(place, NULL, "module", MODULE);
	set(place, NULL, "environment", environment);
	set(place, NULL, "key_type", "RSA-2048");
	set(place, SUBJECT, "pin_file", place_path(place, "pin"));
}

static void stop(struct place *place)
{
	end(manager);
	end(bus);
	test_swtpm_stop(&tpm);
}

struct conformance conformance = {
	.uri = "pkcs11:" SUBJECT ";object=disk7",
	.other_uri = "pkcs11:" SUBJECT ";object=disk8",
	.unknown_uri = "pkcs11:" SUBJECT ";object=none",
	.creates = true,
	.lists = true,
	.rotates = true,
	.stride = 31,
	.start = start,
	.stop = stop,
};
