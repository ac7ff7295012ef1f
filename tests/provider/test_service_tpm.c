// SPDX-License-Identifier: GPL-2.0-or-later
/* Conformance of service keys whose root key a TPM has sealed. */
#include <errno.h>

#include "tests/harness/swtpm.h"
#include "tests/harness/test.h"
#include "tests/provider/conformance.h"

static struct test_swtpm tpm;

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

const struct conformance conformance = {
	.program = "../../envol-kek",
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

	place_open(&place, conformance.program);
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

	place_open(&place, conformance.program);
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

	place_open(&place, conformance.program);
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

	place_open(&place, conformance.program);
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
