// SPDX-License-Identifier: GPL-2.0-or-later
/* Conformance of service keys whose root key a TPM has sealed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/harness/swtpm.h"
#include "tests/harness/test.h"
#include "tests/provider/conformance.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/kek.h"

static struct test_swtpm tpm;
static const uint8_t volume_id[ENVOL_KEK_ID_SIZE] = "sixteen bytes ..";

static void start(struct place *place)
{
	test_swtpm_start(&tpm, place_path(place, "tpm"));
	CHECK_OK(envol_set_tpm(place->ev, tpm.tcti));
}

static void stop(struct place *place)
{
	test_swtpm_stop(&tpm);
}

/* It has no resource manager, as the kernel's device has, to flush what is left. */
static void restart(struct place *place)
{
	stop(place);
	start(place);
}

struct conformance conformance = {
	.uri = "service:disk7",
	.other_uri = "service:disk8",
	.unknown_uri = "service:none",
	.creates = true,
	.lists = true,
	.rotates = true,
	.disables = true,
	.backs_up = true,
	.start = start,
	.stop = stop,
	.mend = restart,
};

TEST(the_tpm_protects_and_says_so)
{
	struct envol_key_info info = { 0 };
	struct place place;

	place_open(&place);
	start(&place);
	CHECK_OK(envol_key_create(place.ev, "a", &info));
	CHECK_STR_HAS(info.protection, "sealed by the TPM");
	CHECK_STR_HAS(place_text(&place, "keys/root"), "\nprivate ");
	CHECK(!strstr(place_text(&place, "keys/root"), "\nkey "));
	envol_key_info_free(&info);
	stop(&place);
	place_close(&place);
}

TEST(a_tpm_that_is_gone_turned_off_or_another_is_told)
{
	struct test_swtpm other;
	struct place place;

	place_open(&place);
	start(&place);
	CHECK_OK(envol_key_create(place.ev, "a", NULL));

	test_swtpm_start(&other, place_path(&place, "other"));
	CHECK_OK(envol_set_tpm(place.ev, other.tcti));
	CHECK_ERR(envol_key_show(place.ev, "a", NULL), -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(place.ev), "another TPM");
	test_swtpm_stop(&other);
	CHECK_ERR(envol_key_show(place.ev, "a", NULL), -ENODEV);
	CHECK_STR_HAS(envol_error_message(place.ev), "can't be reached");

	CHECK_OK(envol_set_tpm(place.ev, "none"));
	CHECK_ERR(envol_key_show(place.ev, "a", NULL), -ENODEV);
	CHECK_STR_HAS(envol_error_message(place.ev), "use none");

	CHECK_OK(envol_set_tpm(place.ev, tpm.tcti));
	CHECK_OK(envol_key_show(place.ev, "a", NULL));
	stop(&place);
	place_close(&place);
}

/* Nobody who has a TPM gets less than it because it was in the way for a moment. */
TEST(a_tpm_that_refuses_is_no_reason_for_a_plain_file)
{
	struct test_swtpm gone;
	struct place place;

	place_open(&place);
	test_swtpm_start(&gone, place_path(&place, "tpm"));
	test_swtpm_stop(&gone);
	CHECK_OK(envol_set_tpm(place.ev, gone.tcti));
	CHECK_ERR(envol_key_create(place.ev, "a", NULL), -ENODEV);
	CHECK_STR_HAS(envol_error_message(place.ev), "tpm = none");
	CHECK_STR_EQ(place_text(&place, "keys/root"), "");
	place_close(&place);
}

TEST(a_tpm_that_was_named_is_used_or_nothing_is_made)
{
	static const char warning[] = "\n1 the root key lies in a file";
	struct place place;

	place_open(&place);
	CHECK_OK(envol_key_create(place.ev, "a", NULL));
	CHECK_STR_HAS(place_text(&place, "keys/root"), "\nkey ");
	CHECK(!strstr(place.log, warning));
	start(&place);
	CHECK_ERR(envol_key_create(place.ev, "b", NULL), -EINVAL);
	CHECK_STR_HAS(envol_error_message(place.ev), "although a TPM was asked for");
	CHECK_STR_HAS(envol_error_message(place.ev), "envol key reseal");
	CHECK(!strstr(place.log, warning));
	/* What is there goes on to work, and it is told. */
	CHECK_OK(envol_key_disable(place.ev, "a", NULL));
	CHECK_STR_HAS(place.log, warning);
	CHECK_OK(envol_set_tpm(place.ev, ""));
	CHECK_OK(envol_key_create(place.ev, "b", NULL));
	stop(&place);
	place_close(&place);
}

static void check_wraps_survive(struct place *place,
				const struct envol_wrapped *wrapped,
				const struct envol_secret *key)
{
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;

	if (envol_kek_unwrap(place->ev, "service:a", volume_id, wrapped, &back))
		FAIL("%s", envol_error_message(place->ev));
	CHECK(envol_secret_equal(key, &back));
}

static int reseal(struct place *place, const char *to, const char *protection)
{
	struct envol_key_info info = { 0 };
	int err = envol_key_reseal(place->ev, "service",
				   &(struct envol_key_reseal){ .to = to },
				   &info);

	if (!err)
		CHECK_STR_HAS(info.protection, protection);
	envol_key_info_free(&info);
	return err;
}

TEST(the_root_key_goes_from_a_file_to_a_tpm_to_another_and_back)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	struct envol_wrapped wrapped = { 0 };
	struct test_swtpm other;
	struct place place;
	char id[64];

	place_open(&place);
	CHECK_OK(envol_key_create(place.ev, "a", NULL));
	CHECK_OK(envol_random_secret(place.ev, &key, 64));
	CHECK_OK(envol_kek_wrap(place.ev, "service:a", volume_id, &key, &wrapped));
	snprintf(id, sizeof(id), "%.48s", place_text(&place, "keys/root"));

	start(&place);
	CHECK_OK(reseal(&place, NULL, "sealed by the TPM"));
	CHECK_STR_HAS(place_text(&place, "keys/root"), "\nprivate ");
	CHECK_STR_HAS(place_text(&place, "keys/root"), id);
	check_wraps_survive(&place, &wrapped, &key);

	test_swtpm_start(&other, place_path(&place, "other"));
	CHECK_OK(reseal(&place, other.tcti, "sealed by the TPM"));
	CHECK_ERR(envol_key_show(place.ev, "a", NULL), -EKEYREJECTED);
	CHECK_OK(envol_set_tpm(place.ev, other.tcti));
	stop(&place);
	check_wraps_survive(&place, &wrapped, &key);

	CHECK_OK(reseal(&place, "none", "in a file"));
	test_swtpm_stop(&other);
	CHECK_OK(envol_set_tpm(place.ev, "none"));
	check_wraps_survive(&place, &wrapped, &key);
	CHECK_STR_HAS(place_text(&place, "keys/root"), "\nkey ");
	envol_wrapped_free(&wrapped);
	place_close(&place);
}

TEST(a_reseal_that_fails_leaves_the_seal_as_it_was)
{
	struct test_swtpm gone;
	struct place place;
	char before[4096];

	place_open(&place);
	CHECK_ERR(reseal(&place, NULL, ""), -ENOENT);
	CHECK_STR_HAS(envol_error_message(place.ev), "no keystore");
	start(&place);
	CHECK_OK(envol_key_create(place.ev, "a", NULL));
	snprintf(before, sizeof(before), "%s", place_text(&place, "keys/root"));
	test_swtpm_start(&gone, place_path(&place, "gone"));
	test_swtpm_stop(&gone);
	CHECK_ERR(reseal(&place, gone.tcti, ""), -ENODEV);
	CHECK_STR_HAS(envol_error_message(place.ev), gone.tcti);
	CHECK_STR_EQ(place_text(&place, "keys/root"), before);
	CHECK_OK(envol_key_show(place.ev, "a", NULL));

	/* Of what can't be unsealed nothing can be sealed anew. */
	CHECK_OK(envol_set_tpm(place.ev, "none"));
	CHECK_ERR(reseal(&place, "none", ""), -ENODEV);
	CHECK_STR_HAS(envol_error_message(place.ev), "use none");
	CHECK_ERR(reseal(&place, NULL, ""), -ENODEV);
	CHECK_STR_EQ(place_text(&place, "keys/root"), before);
	CHECK_ERR(envol_key_reseal(place.ev, "ftp",
				   &(struct envol_key_reseal){ .to = NULL },
				   NULL), -EPROTONOSUPPORT);
	stop(&place);
	place_close(&place);
}

/* A plain root key goes from the disk, but for a copy that somebody made. */
TEST(the_file_that_held_the_key_is_overwritten)
{
	struct place place;
	char text[200] = "", root[256];
	int fd;

	place_open(&place);
	CHECK_OK(envol_key_create(place.ev, "a", NULL));
	fd = open(place_path(&place, "keys/root"), O_RDONLY);
	start(&place);
	CHECK_OK(reseal(&place, NULL, ""));
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	CHECK_STR_EQ(text, "");
	close(fd);
	CHECK_OK(reseal(&place, "none", ""));
	snprintf(root, sizeof(root), "%s", place_path(&place, "keys/root"));
	CHECK_EQ(link(root, place_path(&place, "copy")), 0);
	CHECK_OK(reseal(&place, NULL, ""));
	CHECK_STR_HAS(place.log, "could not be overwritten");
	CHECK_STR_HAS(place_text(&place, "copy"), "\nkey ");
	stop(&place);
	place_close(&place);
}
