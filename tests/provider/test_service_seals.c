// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Policies of the root key, from the side of who uses keys: seals for boot and for later,
 * several of them, PINs, and keystores of before there were any.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/harness/shell.h"
#include "tests/harness/swtpm.h"
#include "tests/harness/test.h"
#include "tests/provider/place.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/kek.h"

static struct place place;
static struct test_swtpm tpm;

static void start(void)
{
	test_swtpm_start(&tpm, place_path(&place, "tpm"));
	CHECK_OK(envol_set_tpm(place.ev, tpm.tcti));
}

static void setup(void)
{
	place_open(&place);
	start();
	CHECK_OK(envol_key_create(place.ev, "a", NULL));
}

static void teardown(void)
{
	test_swtpm_stop(&tpm);
	place_close(&place);
}

static void restart(void)
{
	test_swtpm_stop(&tpm);
	start();
}

static void extend(unsigned int pcr)
{
	test_run("TPM2TOOLS_TCTI=%s tpm2_pcrextend %u:sha256=%064d", tpm.tcti,
		 pcr, 1);
}

static int show(const char *protection)
{
	struct envol_key_info info = { 0 };
	int err = envol_key_show(place.ev, "a", &info);

	if (!err && protection)
		CHECK_STR_EQ(info.protection, protection);
	envol_key_info_free(&info);
	return err;
}

static int reseal(struct envol_key_reseal how)
{
	struct envol_key_info info = { 0 };
	int err = envol_key_reseal(place.ev, "service", &how, &info);

	if (!err)
		CHECK(info.recovery && info.protection);
	envol_key_info_free(&info);
	return err;
}

static struct envol_secret secret(const char *text)
{
	struct envol_secret made = ENVOL_SECRET_INIT;

	CHECK_OK(envol_secret_alloc(place.ev, &made, strlen(text)));
	memcpy(made.data, text, made.len);
	return made;
}

/* Its keystore is this one without the file root. */
static void into_initramfs(void)
{
	test_run("mv %s/keys/root %s/root", place.top, place.top);
}

static void out_of_initramfs(void)
{
	test_run("mv %s/root %s/keys/root", place.top, place.top);
}

TEST(a_boot_opens_by_its_seal_until_the_lock)
{
	setup();
	CHECK_OK(reseal((struct envol_key_reseal){ .boot = true,
						   .policy = "pcr7" }));
	CHECK_OK(show("under a root key sealed by the TPM; for boot sealed by the TPM: 1 pcr:7"));
	into_initramfs();
	CHECK_OK(show("under a root key sealed by the TPM for boot: 1 pcr:7"));
	CHECK_OK(envol_provider_lock(place.ev, "service"));
	CHECK_ERR(show(NULL), -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(place.ev),
		      "locked until the machine starts again");
	/* What is sealed for later is not touched, and renews what is for boot. */
	out_of_initramfs();
	CHECK_OK(show(NULL));
	CHECK_OK(reseal((struct envol_key_reseal){ .boot = true }));
	restart();
	into_initramfs();
	CHECK_OK(show(NULL));
	extend(7);
	CHECK_ERR(show(NULL), -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(place.ev), "PCR 7 is not");
	out_of_initramfs();
	teardown();
}

TEST(after_an_update_a_seal_is_added_and_the_old_one_removed)
{
	setup();
	CHECK_OK(reseal((struct envol_key_reseal){ .policy = "pcr:7+11" }));
	CHECK_OK(show("under a root key sealed by the TPM: 1 pcr:7+11"));
	CHECK_OK(reseal((struct envol_key_reseal){ .policy = "none", .add = true }));
	extend(11);
	CHECK_OK(reseal((struct envol_key_reseal){ .policy = "pcr:7+11", .add = true }));
	/* The same again takes the place of its like. */
	CHECK_OK(reseal((struct envol_key_reseal){ .policy = "pcr:7+11", .add = true }));
	CHECK_OK(show("under a root key sealed by the TPM: 1 pcr:7+11, 2 none, 3 pcr:7+11"));
	CHECK_OK(reseal((struct envol_key_reseal){ .remove = 2 }));
	CHECK_OK(show("under a root key sealed by the TPM: 1 pcr:7+11, 2 pcr:7+11"));
	restart();
	CHECK_OK(show(NULL));
	CHECK_ERR(reseal((struct envol_key_reseal){ .remove = 3 }), -ENOENT);
	CHECK_OK(reseal((struct envol_key_reseal){ .policy = NULL }));
	CHECK_OK(show("under a root key sealed by the TPM: 1 pcr:7+11"));
	CHECK_ERR(reseal((struct envol_key_reseal){ .remove = 1 }), -EPERM);
	CHECK_STR_HAS(envol_error_message(place.ev), "the only seal");
	teardown();
}

#define ONES "1111111111111111111111111111111111111111111111111111111111111111"
#define TWOS "2222222222222222222222222222222222222222222222222222222222222222"

TEST(what_would_leave_no_seal_that_opens_is_refused)
{
	struct envol_secret pin;

	setup();
	pin = secret("1234");
	CHECK_ERR(reseal((struct envol_key_reseal){ .policy = "pcr:7=" ONES }),
		  -EPERM);
	CHECK_STR_HAS(envol_error_message(place.ev), "nothing was changed");
	CHECK_STR_HAS(envol_error_message(place.ev), "--keep");
	CHECK_OK(show("under a root key sealed by the TPM"));
	CHECK_OK(reseal((struct envol_key_reseal){ .policy = "pcr:7=" ONES,
						   .add = true }));
	CHECK_ERR(reseal((struct envol_key_reseal){ .remove = 1 }), -EPERM);
	CHECK_STR_HAS(envol_error_message(place.ev), "PCR 7 is not");
	CHECK_OK(show("under a root key sealed by the TPM: 1 none, 2 pcr:7"));
	CHECK_OK(reseal((struct envol_key_reseal){ .remove = 2 }));
	/* What opens by a PIN alone opens for who has it. */
	CHECK_OK(reseal((struct envol_key_reseal){ .policy = "pin", .pin = &pin,
						   .add = true }));
	CHECK_ERR(reseal((struct envol_key_reseal){ .remove = 1 }), -ENOANO);
	CHECK_OK(show("under a root key sealed by the TPM: 1 none, 2 pin"));
	CHECK_OK(envol_set_pin(place.ev, "service:a", &pin));
	CHECK_OK(reseal((struct envol_key_reseal){ .remove = 1 }));
	CHECK_OK(show("under a root key sealed by the TPM: 1 pin"));
	envol_secret_wipe(&pin);
	teardown();
}

/* Renewed at the PCRs of now, but for what is another one in the initramfs. */
TEST(a_value_that_is_given_for_boot_stays_when_the_seals_are_renewed)
{
	setup();
	CHECK_ERR(reseal((struct envol_key_reseal){ .boot = true,
						    .policy = "pcr:7+11" }),
		  -EINVAL);
	CHECK_STR_HAS(envol_error_message(place.ev), "systemd-measure");
	CHECK_OK(reseal((struct envol_key_reseal){
		.boot = true, .policy = "pcr:7+11=" ONES }));
	extend(7);
	CHECK_OK(reseal((struct envol_key_reseal){ .boot = true, .add = true,
						   .policy = "pcr:7+11=" TWOS }));
	CHECK_OK(reseal((struct envol_key_reseal){ .boot = true }));
	CHECK_OK(show("under a root key sealed by the TPM; for boot sealed by the TPM: 1 pcr:7+11, 2 pcr:7+11"));
	CHECK_STR_HAS(place_text(&place, "keys/boot"), "+11=" ONES);
	CHECK_STR_HAS(place_text(&place, "keys/boot"), "+11=" TWOS);
	teardown();
}

TEST(seals_are_as_many_as_there_is_room_for)
{
	char policy[16];
	int i;

	setup();
	for (i = 0; i < 7; i++) {
		snprintf(policy, sizeof(policy), "pcr:%d", i);
		CHECK_OK(reseal((struct envol_key_reseal){ .policy = policy,
							   .add = true }));
	}
	CHECK_ERR(reseal((struct envol_key_reseal){ .policy = "pcr:7", .add = true }),
		  -ENOSPC);
	CHECK_STR_HAS(envol_error_message(place.ev), "--remove");
	CHECK_OK(show(NULL));
	teardown();
}

TEST(the_last_seal_for_boot_may_go_and_an_old_keystores_is_not_mixed)
{
	setup();
	CHECK_OK(reseal((struct envol_key_reseal){ .boot = true, .policy = "none" }));
	CHECK_OK(reseal((struct envol_key_reseal){ .boot = true, .policy = "pcr7",
						   .add = true }));
	CHECK_OK(reseal((struct envol_key_reseal){ .boot = true, .remove = 1 }));
	CHECK_OK(show("under a root key sealed by the TPM; for boot sealed by the TPM: 1 pcr:7"));
	test_run("sed -i 's/^id ../id 00/' %s/keys/boot; chmod 400 %s/keys/boot",
		 place.top, place.top);
	CHECK_OK(reseal((struct envol_key_reseal){ .boot = true, .policy = "none",
						   .add = true }));
	CHECK_OK(show("under a root key sealed by the TPM; for boot sealed by the TPM: 1 none"));
	CHECK_OK(reseal((struct envol_key_reseal){ .boot = true, .remove = 1 }));
	CHECK_OK(show("under a root key sealed by the TPM"));
	CHECK_STR_EQ(place_text(&place, "keys/boot"), "");
	teardown();
}

TEST(what_makes_no_sense_is_refused_and_changes_nothing)
{
	setup();
	CHECK_ERR(reseal((struct envol_key_reseal){ .policy = "pcr:16" }), -EINVAL);
	CHECK_ERR(reseal((struct envol_key_reseal){ .policy = "pcr:13" }), -EINVAL);
	CHECK_STR_HAS(envol_error_message(place.ev), "--boot");
	CHECK_ERR(reseal((struct envol_key_reseal){ .policy = "pin" }), -EINVAL);
	CHECK_STR_HAS(envol_error_message(place.ev), "the new PIN is empty");
	CHECK_ERR(reseal((struct envol_key_reseal){ .boot = true, .to = "none" }),
		  -EINVAL);
	/* This machine is no EFI one with Secure Boot, so that there is no default. */
	if (access("/sys/firmware/efi", F_OK)) {
		CHECK_ERR(reseal((struct envol_key_reseal){ .boot = true }),
			  -EINVAL);
		CHECK_STR_HAS(envol_error_message(place.ev),
			      "Secure Boot is off");
	}
	CHECK_OK(show("under a root key sealed by the TPM"));
	CHECK_OK(reseal((struct envol_key_reseal){ .to = "none" }));
	CHECK_ERR(reseal((struct envol_key_reseal){ .policy = "none", .add = true }),
		  -EINVAL);
	CHECK_STR_HAS(envol_error_message(place.ev), "lies in a file");
	/* Beside a root key in a file, on an encrypted disk, boot may have its seal. */
	CHECK_OK(reseal((struct envol_key_reseal){ .boot = true, .policy = "none" }));
	CHECK_OK(show("under a root key in a file that only root can read; for boot sealed by the TPM: 1 none"));
	teardown();
}

/* ---- PINs ------------------------------------------------------------------------ */

struct answers {
	const char *pins[3];
	unsigned int asked;
	char sentence[400];
};

static int answer(const char *uri, const char *sentence, unsigned int tries,
		  struct envol_secret *pin, void *data)
{
	struct answers *answers = data;
	const char *text = tries <= 3 ? answers->pins[tries - 1] : NULL;

	answers->asked++;
	snprintf(answers->sentence, sizeof(answers->sentence), "%s", sentence);
	if (!text)
		return -ENOANO;
	CHECK_OK(envol_secret_alloc(place.ev, pin, strlen(text)));
	memcpy(pin->data, text, pin->len);
	return 0;
}

TEST(a_pin_is_asked_for_and_a_wrong_one_is_tried_once)
{
	struct answers answers = { .pins = { "wrong", "1234" } };
	struct envol_secret pin;

	setup();
	pin = secret("1234");
	CHECK_OK(reseal((struct envol_key_reseal){ .policy = "pin", .pin = &pin }));
	CHECK_ERR(show(NULL), -ENOANO);
	CHECK_STR_HAS(envol_error_message(place.ev), "wants the PIN");
	envol_set_pin_fn(place.ev, answer, &answers);
	CHECK_OK(show("under a root key sealed by the TPM: 1 pin"));
	CHECK_EQ(answers.asked, 2);
	CHECK_STR_HAS(answers.sentence, "refused the PIN; it takes 2 more");
	/* It is kept for the handle, of whichever key. */
	CHECK_OK(envol_key_create(place.ev, "b", NULL));
	CHECK_EQ(answers.asked, 2);
	/* A seal with a PIN is renewed under a PIN that is said. */
	CHECK_ERR(reseal((struct envol_key_reseal){ .policy = NULL }), -EINVAL);
	CHECK_STR_HAS(envol_error_message(place.ev), "seal 1 has a PIN");
	CHECK_OK(reseal((struct envol_key_reseal){ .policy = "none" }));
	CHECK_OK(show("under a root key sealed by the TPM"));
	envol_secret_wipe(&pin);
	teardown();
}

TEST(a_pin_comes_from_a_file_where_nobody_gave_one)
{
	struct envol_secret pin;
	char file[128];

	setup();
	pin = secret("1234");
	snprintf(file, sizeof(file), "%s", place_path(&place, "pin"));
	CHECK_OK(reseal((struct envol_key_reseal){ .policy = "pcr7,pin", .pin = &pin }));
	CHECK_OK(envol_set_provider(place.ev, "service", NULL, "pin_file", file));
	CHECK_ERR(show(NULL), -ENOANO);
	CHECK_STR_HAS(envol_error_message(place.ev), "not in its file");
	test_run("umask 077; echo 1234 >%s", file);
	CHECK_OK(show("under a root key sealed by the TPM: 1 pcr:7,pin"));
	test_run("echo 4321 >%s", file);
	CHECK_ERR(show(NULL), -ENOANO);
	CHECK_STR_HAS(envol_error_message(place.ev), "it takes 2 more");
	CHECK_ERR(show(NULL), -ENOANO);
	CHECK_STR_HAS(envol_error_message(place.ev), "it takes 1 more");
	/* A file, which nobody sees to, never locks the TPM. */
	CHECK_ERR(show(NULL), -ENOANO);
	CHECK_STR_HAS(envol_error_message(place.ev), "is not tried: one more wrong PIN");
	CHECK_OK(envol_set_pin(place.ev, "service:a", &pin));
	CHECK_OK(show(NULL));
	envol_secret_wipe(&pin);
	teardown();
}

/* ---- keystores of before there were policies ------------------------------------------ */

/* tests/provider/keystores: made by the version of envol that sealed without policies, with its TPM. */
static void bring(const char *name)
{
	test_run("cp -r tests/provider/keystores/%s %s/keys && chmod -R go= %s/keys && chmod 400 %s/keys/root",
		 name, place.top, place.top, place.top);
}

static char *root_text(void)
{
	char *text = strdup(place_text(&place, "keys/root"));

	CHECK(text && *text);
	return text;
}

TEST(a_keystore_of_before_there_were_policies_opens_and_takes_them)
{
	char *before, *after;

	place_open(&place);
	bring("sealed");
	test_run("mkdir %s/tpm && gunzip <%s/keys/tpm2-00.permall.gz >%s/tpm/tpm2-00.permall",
		 place.top, place.top, place.top);
	start();
	before = root_text();
	CHECK_OK(show("under a root key sealed by the TPM"));
	CHECK_OK(envol_key_rotate(place.ev, "a", NULL));
	after = root_text();
	CHECK_STR_EQ(before, after);
	CHECK_OK(reseal((struct envol_key_reseal){ .policy = "pcr7", .add = true }));
	CHECK_STR_HAS(place_text(&place, "keys/root"), "envol-root 2\n");
	CHECK_OK(show("under a root key sealed by the TPM: 1 none, 2 pcr:7"));
	CHECK_OK(reseal((struct envol_key_reseal){ .remove = 2 }));
	free(after);
	after = root_text();
	CHECK_STR_EQ(before, after);
	free(before);
	free(after);
	teardown();
}

TEST(a_plain_keystore_of_before_opens_and_is_sealed_under_a_policy)
{
	place_open(&place);
	bring("plain");
	CHECK_OK(show("under a root key in a file that only root can read"));
	start();
	CHECK_OK(reseal((struct envol_key_reseal){ .policy = "pcr7" }));
	CHECK_OK(show("under a root key sealed by the TPM: 1 pcr:7"));
	extend(7);
	CHECK_ERR(show(NULL), -EKEYREJECTED);
	teardown();
}
