// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies of a TPM as text, and whether the firmware checks what it starts. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/lib/provider/service/policy.h"
#include "userspace/lib/provider/service/secureboot.h"

#define ONES "1111111111111111111111111111111111111111111111111111111111111111"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static const struct {
	const char *typed, *spelling;	/* NULL: refused */
} texts[] = {
	{ "none", "none" },
	{ "pin", "pin" },
	{ "pcr7", "pcr:7" },
	{ "pcr:7", "pcr:7" },
	{ "pcr:11+7", "pcr:7+11" },
	{ "pcr7,pin", "pcr:7,pin" },
	{ "pin,pcr:0+2", "pcr:0+2,pin" },
	{ "pcr:7=" ONES "+1", "pcr:1+7=" ONES },
	{ "pcr:22", "pcr:22" },
	{ "", NULL },
	{ "None", NULL },
	{ "none,pin", NULL },
	{ "pin,none", NULL },
	{ "pin,pin", NULL },
	{ "pcr:7,pcr:8", NULL },
	{ "pcr:7+7", NULL },
	{ "pcr:", NULL },
	{ "pcr:07", NULL },
	{ "pcr:24", NULL },
	{ "pcr:7+", NULL },
	{ "pcr:7,", NULL },
	{ "pcr:7 ", NULL },
	{ "pcr:7=11", NULL },
	{ "pcr:7=" ONES "1", NULL },
	{ "pcr:16", NULL },
	{ "pcr:7+23", NULL },
};

TEST(a_policy_has_one_spelling)
{
	char text[ENVOL_POLICY_TEXT_SIZE];
	struct envol_policy policy;
	struct envol *ev;
	size_t i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(texts); i++) {
		int err = envol_policy_parse(ev, texts[i].typed, &policy);

		if (err != (texts[i].spelling ? 0 : -EINVAL))
			FAIL("\"%s\": %d", texts[i].typed, err);
		if (err)
			continue;
		envol_policy_format(&policy, true, text);
		CHECK_STR_EQ(text, texts[i].spelling);
	}
	CHECK_ERR(envol_policy_parse(ev, "pcr:16", &policy), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "reset by anybody");
	envol_free(ev);
}

TEST(every_pcr_with_its_value_and_a_pin_has_room)
{
	struct envol_policy policy = { .pcrs = 0xffffff, .known = 0xffffff,
				       .pin = true };
	char text[ENVOL_POLICY_TEXT_SIZE];

	envol_policy_format(&policy, true, text);
	CHECK(strlen(text) < sizeof(text));
	CHECK_STR_HAS(text, "+23=" ZEROS ",pin");
}

TEST(a_policy_of_boot_asks_for_the_zero_of_one_more_pcr)
{
	char text[ENVOL_POLICY_TEXT_SIZE];
	struct envol_policy policy;
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_policy_parse(ev, "none", &policy));
	CHECK(envol_policy_is_none(&policy));
	CHECK_OK(envol_policy_for_boot(ev, &policy));
	CHECK(!envol_policy_is_none(&policy));
	envol_policy_format(&policy, true, text);
	CHECK_STR_EQ(text, "pcr:13=" ZEROS);
	CHECK_OK(envol_policy_parse(ev, "pcr:7+13", &policy));
	CHECK_ERR(envol_policy_for_boot(ev, &policy), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "PCR 13");
	envol_free(ev);
}

TEST(what_moves_on_after_the_initramfs_is_for_boot_at_a_given_value_alone)
{
	struct envol_policy policy;
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_policy_parse(ev, "pcr:7+11", &policy));
	CHECK_ERR(envol_policy_for_boot(ev, &policy), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "pcr:11=HEX");
	CHECK_OK(envol_policy_parse(ev, "pcr:11=" ONES "+15", &policy));
	CHECK_ERR(envol_policy_for_boot(ev, &policy), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "pcr:15=HEX");
	CHECK_OK(envol_policy_parse(ev, "pcr:7+11=" ONES, &policy));
	CHECK_OK(envol_policy_for_boot(ev, &policy));
	envol_free(ev);
}

TEST(pcrs_that_differ_are_named_with_what_that_means)
{
	struct envol_policy policy, now;
	char text[400];
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_policy_parse(ev, "pcr:7=" ONES "+9=" ONES "+11=" ZEROS,
				    &policy));
	CHECK_OK(envol_policy_parse(ev, "pcr:7=" ZEROS "+9=" ONES "+11=" ZEROS,
				    &now));
	CHECK_EQ(envol_policy_differing(&policy, &now), 1u << 7);
	envol_policy_explain(1u << 7, text, sizeof(text));
	CHECK_STR_EQ(text,
		     "PCR 7 is not what it was at enrolment (Secure Boot's state or its keys changed)");
	/* One that was not read is not the same. */
	now.known &= ~(1u << 11);
	CHECK_EQ(envol_policy_differing(&policy, &now), 1u << 7 | 1u << 11);
	envol_free(ev);
}

static void write_flag(const char *dir, const char *name, const char *bytes,
		       size_t len)
{
	char path[200];
	int fd;

	snprintf(path, sizeof(path),
		 "%s/%s-8be4df61-93ca-11d2-aa0d-00e098032b8c", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

TEST(secure_boot_is_on_when_it_says_so_and_is_not_being_set_up)
{
	char dir[] = "/tmp/envol-efi-XXXXXX", command[64];

	CHECK(mkdtemp(dir));
	CHECK(!envol_secureboot_is_on(dir));
	CHECK(!envol_secureboot_is_on("/nonexistent"));
	write_flag(dir, "SecureBoot", "\6\0\0\0\0", 5);
	CHECK(!envol_secureboot_is_on(dir));
	write_flag(dir, "SecureBoot", "\6\0\0\0\1", 5);
	CHECK(envol_secureboot_is_on(dir));
	write_flag(dir, "SetupMode", "\6\0\0\0\1", 5);
	CHECK(!envol_secureboot_is_on(dir));
	write_flag(dir, "SetupMode", "\6\0\0\0\0", 5);
	CHECK(envol_secureboot_is_on(dir));
	write_flag(dir, "SecureBoot", "\6\0\0\0\1\1", 6);
	CHECK(!envol_secureboot_is_on(dir));
	snprintf(command, sizeof(command), "rm -r %s", dir);
	CHECK_EQ(system(command), 0);
}
