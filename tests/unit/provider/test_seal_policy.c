// SPDX-License-Identifier: GPL-2.0-or-later
/* What a TPM asks for before it unseals, and what it says when that is not met. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/swtpm.h"
#include "tests/harness/test.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/service/pcr.h"
#include "userspace/lib/provider/service/seal.h"

static struct envol *ev;
static char top[] = "/tmp/envol-policy-XXXXXX";
static struct test_swtpm tpm;
static struct envol_secret key;
static struct envol_seal seals[3];

static void start(void)
{
	char dir[64];

	snprintf(dir, sizeof(dir), "%s/tpm", top);
	test_swtpm_start(&tpm, dir);
}

static void setup(void)
{
	setenv("TSS2_LOG", "all+NONE", 1);
	CHECK_OK(envol_new(&ev));
	CHECK(mkdtemp(top));
	start();
	CHECK_OK(envol_random_secret(ev, &key, 32));
}

static void teardown(void)
{
	char command[64];
	size_t i;

	test_swtpm_stop(&tpm);
	for (i = 0; i < TEST_ARRAY_SIZE(seals); i++)
		envol_seal_free(&seals[i]);
	envol_secret_wipe(&key);
	snprintf(command, sizeof(command), "rm -r %s", top);
	CHECK_EQ(system(command), 0);
	envol_free(ev);
}

/* A new start of the machine: PCRs as they were, zero. */
static void restart(void)
{
	test_swtpm_stop(&tpm);
	start();
}

static void extend(unsigned int pcr)
{
	TPML_DIGEST_VALUES *digests = NULL;
	TPM2B_EVENT event = { .size = 3, .buffer = "new" };
	struct envol_tpm t;

	CHECK_OK(envol_tpm_connect(ev, tpm.tcti, &t));
	CHECK_EQ(Esys_PCR_Event(t.esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD,
				ESYS_TR_NONE, ESYS_TR_NONE, &event, &digests),
		 0);
	Esys_Free(digests);
	envol_tpm_close(&t);
}

static int seal(size_t i, const char *policy, bool is_boot, const char *pin)
{
	_cleanup_secret_ struct envol_secret secret = ENVOL_SECRET_INIT;

	envol_seal_free(&seals[i]);
	seals[i] = (struct envol_seal)ENVOL_SEAL_INIT;
	CHECK_OK(envol_policy_parse(ev, policy, &seals[i].policy));
	if (is_boot)
		CHECK_OK(envol_policy_for_boot(ev, &seals[i].policy));
	if (pin)
		CHECK_OK(envol_secret_copy(ev, &secret, (const uint8_t *)pin,
					   strlen(pin)));
	return envol_seal_seal(ev, tpm.tcti, &key, &secret, &seals[i]);
}

static int unseal_n(size_t n, const char *pin)
{
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret secret = ENVOL_SECRET_INIT;
	int err;

	if (pin)
		CHECK_OK(envol_secret_copy(ev, &secret, (const uint8_t *)pin,
					   strlen(pin)));
	err = envol_seal_unseal(ev, tpm.tcti, seals, n, &secret, &back);
	if (!err)
		CHECK(envol_secret_equal(&key, &back));
	else
		CHECK(!back.data);
	return err;
}

static int unseal(const char *pin)
{
	return unseal_n(1, pin);
}

/* A TPM without a resource manager has room for three keys and sessions: a leak shows. */
TEST(each_policy_gives_the_key_back_and_leaves_nothing)
{
	static const char *const policies[] = { "pcr7", "pin", "none", "pcr:0+7+9",
						"pcr:4,pin" };
	size_t i, is_boot;

	setup();
	for (i = 0; i < TEST_ARRAY_SIZE(policies); i++)
		for (is_boot = 0; is_boot < 2; is_boot++) {
			CHECK_OK(seal(0, policies[i], is_boot, "a PIN"));
			CHECK_OK(unseal("a PIN"));
		}
	teardown();
}

TEST(a_pcr_that_changed_closes_and_is_named)
{
	int i;

	setup();
	CHECK_OK(seal(0, "pcr:7+11", false, NULL));
	extend(8);
	CHECK_OK(unseal(NULL));
	extend(7);
	for (i = 0; i < 4; i++)
		CHECK_ERR(unseal(NULL), -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(ev),
		      "PCR 7 is not what it was at enrolment (Secure Boot's");
	CHECK_STR_HAS(envol_error_message(ev), "envol key reseal");
	CHECK(!strstr(envol_error_message(ev), "PCR 11"));
	/* Not only our own comparison: the TPM itself. */
	{
		struct envol_policy now;
		struct envol_tpm t;

		CHECK_OK(envol_tpm_open(ev, tpm.tcti, &t));
		CHECK_OK(envol_pcr_read(&t, 1u << 7, &now));
		envol_tpm_close(&t);
		memcpy(seals[0].policy.values[7], now.values[7],
		       ENVOL_POLICY_PCR_SIZE);
	}
	CHECK(unseal(NULL) != 0);
	restart();
	CHECK(unseal(NULL) != 0);
	teardown();
}

/* A policy in the file that says less than the TPM asks for opens nothing. */
TEST(a_policy_that_was_edited_is_refused_by_the_tpm)
{
	setup();
	CHECK_OK(seal(0, "pcr7,pin", false, "1234"));
	seals[0].policy.pin = false;
	CHECK(unseal(NULL) != 0);
	seals[0].policy.pcrs = seals[0].policy.known = 0;
	CHECK(unseal(NULL) != 0);
	seals[0].policy.pin = true;
	CHECK(unseal("1234") != 0);
	teardown();
}

/* One whose line says another PCR, of the value of now, does not hide the next. */
TEST(behind_a_policy_that_was_edited_the_next_seal_opens)
{
	setup();
	CHECK_OK(seal(0, "pcr:7", false, NULL));
	CHECK_OK(seal(1, "pcr:8", false, NULL));
	memcpy(seals[0].policy.values[9], seals[0].policy.values[7],
	       ENVOL_POLICY_PCR_SIZE);
	seals[0].policy.pcrs = seals[0].policy.known = 1u << 9;
	CHECK_ERR(unseal(NULL), -EBADMSG);
	CHECK_STR_HAS(envol_error_message(ev), "not what its line says");
	CHECK_OK(unseal_n(2, NULL));
	teardown();
}

TEST(what_is_sealed_for_boot_opens_once_the_machine_starts_and_not_later)
{
	int i;

	setup();
	CHECK_OK(seal(0, "none", true, NULL));
	CHECK_OK(seal(1, "pcr7", true, NULL));
	CHECK_OK(seal(2, "none", false, NULL));
	CHECK_OK(unseal_n(2, NULL));
	CHECK_OK(envol_seal_lock(ev, tpm.tcti));
	CHECK_ERR(unseal_n(2, NULL), -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(ev),
		      "locked until the machine starts again");
	/* Twice is not back to zero, and leaves nothing in the TPM. */
	for (i = 0; i < 4; i++)
		CHECK_OK(envol_seal_lock(ev, tpm.tcti));
	CHECK_ERR(unseal_n(2, NULL), -EKEYREJECTED);
	CHECK_OK(unseal_n(3, NULL));
	restart();
	CHECK_OK(unseal_n(2, NULL));
	teardown();
}

/* A running system renews what only the next boot can open. */
TEST(a_seal_for_boot_is_made_and_proved_after_the_lock)
{
	setup();
	CHECK_OK(envol_seal_lock(ev, tpm.tcti));
	CHECK_OK(seal(0, "pcr7", true, NULL));
	CHECK_OK(seal(1, "pin", true, "1234"));
	CHECK_ERR(unseal(NULL), -EKEYREJECTED);
	restart();
	CHECK_OK(unseal(NULL));
	CHECK_OK(unseal_n(2, "1234"));
	teardown();
}

TEST(a_value_that_a_pcr_will_have_is_given_by_hand)
{
	char policy[100] = "pcr:7=";
	struct envol_policy now;
	struct envol_tpm t;
	size_t i;

	setup();
	extend(7);
	CHECK_OK(envol_tpm_open(ev, tpm.tcti, &t));
	CHECK_OK(envol_pcr_read(&t, 1u << 7, &now));
	envol_tpm_close(&t);
	for (i = 0; i < ENVOL_POLICY_PCR_SIZE; i++)
		sprintf(policy + 6 + 2 * i, "%02x", now.values[7][i]);
	restart();
	CHECK_OK(seal(0, policy, false, NULL));
	CHECK_ERR(unseal(NULL), -EKEYREJECTED);
	extend(7);
	CHECK_OK(unseal(NULL));
	teardown();
}

TEST(of_several_seals_the_one_that_fits_opens)
{
	setup();
	CHECK_OK(seal(0, "pcr7", false, NULL));
	extend(7);
	CHECK_OK(seal(1, "pcr:7+8", false, NULL));
	CHECK_OK(unseal_n(2, NULL));
	extend(8);
	CHECK_ERR(unseal_n(2, NULL), -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(ev), "seal 1: PCR 7");
	CHECK_STR_HAS(envol_error_message(ev), "seal 2: PCR 8");
	CHECK_OK(seal(2, "pin", false, "1234"));
	CHECK_ERR(unseal_n(3, NULL), -ENOANO);
	CHECK_STR_HAS(envol_error_message(ev), "wants the PIN");
	CHECK_OK(unseal_n(3, "1234"));
	restart();
	/* No PIN is tried where none is needed. */
	CHECK_OK(unseal_n(3, "wrong"));
	/* A damaged one does not hide the next. */
	seals[0].private.data[20] ^= 1;
	CHECK_ERR(unseal_n(2, NULL), -EBADMSG);
	CHECK_OK(unseal_n(3, "1234"));
	teardown();
}

static void set_guesses(uint32_t max, uint32_t recovery_s)
{
	struct envol_tpm t;

	CHECK_OK(envol_tpm_open(ev, tpm.tcti, &t));
	CHECK_EQ(Esys_DictionaryAttackParameters(t.esys, ESYS_TR_RH_LOCKOUT,
						 ESYS_TR_PASSWORD, ESYS_TR_NONE,
						 ESYS_TR_NONE, max, recovery_s,
						 1000), 0);
	envol_tpm_close(&t);
}

TEST(wrong_pins_are_counted_and_then_lock)
{
	setup();
	set_guesses(3, 500);
	CHECK_OK(seal(0, "pin", false, "1234"));
	CHECK_OK(seal(1, "none", false, NULL));
	CHECK_ERR(unseal("12345"), -ENOANO);
	CHECK_STR_HAS(envol_error_message(ev),
		      "refused the PIN; it takes 2 more before it locks, and forgets a wrong one every 500 s");
	CHECK_ERR(unseal(NULL), -ENOANO);
	CHECK_OK(unseal("1234"));
	CHECK_ERR(unseal("x"), -ENOANO);
	CHECK_STR_HAS(envol_error_message(ev), "1 more");
	CHECK_ERR(unseal("y"), -EACCES);
	CHECK_STR_HAS(envol_error_message(ev), "the PIN was wrong, and");
	CHECK_STR_HAS(envol_error_message(ev), "the next in 500 s");
	CHECK_ERR(unseal("1234"), -EACCES);
	CHECK_STR_HAS(envol_error_message(ev), "no PIN was tried");
	/* What has no PIN does not mind. */
	CHECK_OK(unseal_n(2, NULL));
	teardown();
}

/* Its value in the TPM ends with a zero byte, which the TPM does not take for a part of it. */
static void find_pin_with_zero(char pin[12])
{
	_cleanup_secret_ struct envol_secret secret = ENVOL_SECRET_INIT;
	int i;

	CHECK_OK(envol_secret_alloc(ev, &secret, 4));
	for (i = 1000; i < 9999; i++) {
		_cleanup_secret_ struct envol_secret value = ENVOL_SECRET_INIT;

		sprintf(pin, "%d", i);
		memcpy(secret.data, pin, 4);
		CHECK_OK(envol_digest_hkdf(ev, &secret, NULL, 0,
					   "envol keystore pin 1", 20, &value,
					   32));
		if (!value.data[31])
			return;
	}
	FAIL("there is none");
}

TEST(any_pin_works)
{
	char pin[600];

	setup();
	memset(pin, 'x', sizeof(pin));
	pin[sizeof(pin) - 1] = 0;
	CHECK_OK(seal(0, "pin", false, pin));
	CHECK_OK(unseal(pin));
	find_pin_with_zero(pin);
	CHECK_OK(seal(0, "pin", false, pin));
	CHECK_OK(unseal(pin));
	CHECK_ERR(seal(0, "pin", false, NULL), -EINVAL);
	teardown();
}
