// SPDX-License-Identifier: GPL-2.0-or-later
/* The root key sealed by a TPM, and what is said when that TPM is not to be had. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <tss2/tss2_tctildr.h>

#include "tests/harness/swtpm.h"
#include "tests/harness/test.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/service/seal.h"
#include "userspace/lib/provider/service/tpm.h"

static struct envol *ev;
static char top[] = "/tmp/envol-seal-XXXXXX";
static struct test_swtpm tpm;
static struct envol_secret key;
static struct envol_seal seal;
static const struct envol_secret no_pin = ENVOL_SECRET_INIT;

static void start(struct test_swtpm *which, const char *name)
{
	char dir[64];

	snprintf(dir, sizeof(dir), "%s/%s", top, name);
	test_swtpm_start(which, dir);
}

static void setup(void)
{
	setenv("TSS2_LOG", "all+NONE", 1);
	CHECK_OK(envol_new(&ev));
	CHECK(mkdtemp(top));
	start(&tpm, "tpm");
	CHECK_OK(envol_random_secret(ev, &key, 32));
}

static void teardown(void)
{
	char command[64];

	test_swtpm_stop(&tpm);
	envol_seal_free(&seal);
	envol_secret_wipe(&key);
	snprintf(command, sizeof(command), "rm -r %s", top);
	CHECK_EQ(system(command), 0);
	envol_free(ev);
}

static int unseal(const char *tcti)
{
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	int err = envol_seal_unseal(ev, tcti, &seal, 1, &no_pin, &back);

	if (!err)
		CHECK(envol_secret_equal(&key, &back));
	else
		CHECK(!back.data);
	return err;
}

/* A TPM without a resource manager has room for three keys: a leak shows at the fourth. */
TEST(what_is_sealed_comes_back_many_times_and_leaves_nothing)
{
	int i;

	setup();
	for (i = 0; i < 8; i++) {
		envol_seal_free(&seal);
		seal = (struct envol_seal)ENVOL_SEAL_INIT;
		CHECK_OK(envol_seal_seal(ev, tpm.tcti, &key, &no_pin, &seal));
		CHECK_OK(unseal(tpm.tcti));
	}
	teardown();
}

TEST(the_seal_survives_a_restart_of_the_tpm)
{
	setup();
	CHECK_OK(envol_seal_seal(ev, tpm.tcti, &key, &no_pin, &seal));
	test_swtpm_stop(&tpm);
	start(&tpm, "tpm");
	CHECK_OK(unseal(tpm.tcti));
	teardown();
}

TEST(a_tpm_that_is_gone_is_named)
{
	struct test_swtpm other;

	setup();
	CHECK_OK(envol_seal_seal(ev, tpm.tcti, &key, &no_pin, &seal));
	start(&other, "other");
	test_swtpm_stop(&other);
	CHECK_ERR(unseal(other.tcti), -ENODEV);
	CHECK_STR_HAS(envol_error_message(ev), other.tcti);
	CHECK_STR_HAS(envol_error_message(ev), "can't be reached");
	CHECK_ERR(unseal("device:/dev/no-such-tpm"), -ENODEV);
	CHECK_STR_HAS(envol_error_message(ev), "/dev/no-such-tpm");
	CHECK_ERR(unseal("nonsense:x"), -ENODEV);
	teardown();
}

TEST(another_tpm_and_a_cleared_one_are_told_apart)
{
	struct test_swtpm other;
	struct envol_tpm t;
	int i;

	setup();
	CHECK_OK(envol_seal_seal(ev, tpm.tcti, &key, &no_pin, &seal));
	start(&other, "other");
	/* Often, since this path makes a key more than others do. */
	for (i = 0; i < 4; i++) {
		CHECK_ERR(unseal(other.tcti), -EKEYREJECTED);
		CHECK_STR_HAS(envol_error_message(ev), "another TPM");
	}
	test_swtpm_stop(&other);

	CHECK_OK(envol_tpm_open(ev, tpm.tcti, &t));
	CHECK_EQ(Esys_Clear(t.esys, ESYS_TR_RH_LOCKOUT, ESYS_TR_PASSWORD,
			    ESYS_TR_NONE, ESYS_TR_NONE), 0);
	t.storage = ESYS_TR_NONE;	/* the clear took it */
	envol_tpm_close(&t);
	for (i = 0; i < 4; i++) {
		CHECK_ERR(unseal(tpm.tcti), -EKEYREJECTED);
		CHECK_STR_HAS(envol_error_message(ev), "has been cleared");
	}
	/* Without what tells them apart it is still refused. */
	envol_blob_free(&seal.endorsement);
	CHECK_ERR(unseal(tpm.tcti), -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(ev), "did not seal");
	teardown();
}

TEST(every_flipped_byte_of_the_sealed_blobs_is_refused)
{
	struct envol_blob *blobs[] = { &seal.public, &seal.private,
				       &seal.storage };
	size_t i, at;

	setup();
	CHECK_OK(envol_seal_seal(ev, tpm.tcti, &key, &no_pin, &seal));
	for (i = 0; i < TEST_ARRAY_SIZE(blobs); i++)
		for (at = 0; at < blobs[i]->len; at++) {
			int err;

			blobs[i]->data[at] ^= 1;
			err = unseal(tpm.tcti);
			if (err != -EBADMSG && err != -EKEYREJECTED)
				FAIL("blob %zu, byte %zu: %d, %s", i, at, err,
				     envol_error_message(ev));
			blobs[i]->data[at] ^= 1;
		}
	CHECK_OK(unseal(tpm.tcti));
	seal.public.len--;
	CHECK_ERR(unseal(tpm.tcti), -EBADMSG);
	seal.public.len++;
	teardown();
}

TEST(an_owner_password_is_named)
{
	const TPM2B_AUTH password = { .size = 3, .buffer = "own" };
	struct envol_tpm t;

	setup();
	CHECK_OK(envol_seal_seal(ev, tpm.tcti, &key, &no_pin, &seal));
	CHECK_OK(envol_tpm_open(ev, tpm.tcti, &t));
	CHECK_EQ(Esys_HierarchyChangeAuth(t.esys, ESYS_TR_RH_OWNER,
					  ESYS_TR_PASSWORD, ESYS_TR_NONE,
					  ESYS_TR_NONE, &password), 0);
	envol_tpm_close(&t);
	CHECK_ERR(unseal(tpm.tcti), -EACCES);
	CHECK_STR_HAS(envol_error_message(ev), "has a password");
	teardown();
}

/* Others' wrong passwords must not lock a machine out of its volumes. */
TEST(lockout_does_not_matter)
{
	struct envol_tpm t;

	setup();
	CHECK_OK(envol_seal_seal(ev, tpm.tcti, &key, &no_pin, &seal));
	CHECK_OK(envol_tpm_open(ev, tpm.tcti, &t));
	/* No wrong password is one too many. */
	CHECK_EQ(Esys_DictionaryAttackParameters(t.esys, ESYS_TR_RH_LOCKOUT,
						 ESYS_TR_PASSWORD, ESYS_TR_NONE,
						 ESYS_TR_NONE, 0, 1000, 1000),
		 0);
	envol_tpm_close(&t);
	CHECK_OK(unseal(tpm.tcti));
	teardown();
}

TEST(a_tpm_whose_memory_is_full_is_worth_another_try)
{
	struct envol_tpm t;
	int i;

	setup();
	CHECK_OK(envol_seal_seal(ev, tpm.tcti, &key, &no_pin, &seal));
	for (i = 0; i < 3; i++) {
		CHECK_OK(envol_tpm_open(ev, tpm.tcti, &t));
		t.storage = ESYS_TR_NONE;	/* leak it, as others do */
		envol_tpm_close(&t);
	}
	CHECK_ERR(unseal(tpm.tcti), -EAGAIN);
	CHECK_STR_HAS(envol_error_message(ev), "memory is full");
	teardown();
}

TEST(a_handle_says_which_tpm_is_used)
{
	char *tcti;

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_set_tpm(ev, "none"));
	CHECK_OK(envol_seal_find(ev, &tcti));
	CHECK(!tcti);
	CHECK_OK(envol_set_tpm(ev, "device:/dev/x"));
	CHECK_OK(envol_seal_find(ev, &tcti));
	CHECK_STR_EQ(tcti, "device:/dev/x");
	free(tcti);
	CHECK_OK(envol_set_tpm(ev, ""));
	CHECK_OK(envol_seal_find(ev, &tcti));
	if (access("/dev/tpmrm0", F_OK) == 0)
		CHECK_STR_EQ(tcti, "device:/dev/tpmrm0");
	else if (access("/dev/tpm0", F_OK) == 0)
		CHECK_STR_EQ(tcti, "device:/dev/tpm0");
	else
		CHECK(!tcti);
	free(tcti);
	envol_free(ev);
}
