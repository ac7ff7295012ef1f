// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "tests/harness/test.h"
#include "userspace/lib/kernel/name.h"

static const char luks_uuid[] = "0123abcd-4567-89ab-cdef-0123456789ab";

static struct envol *new_handle(void)
{
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	return ev;
}

TEST(names_that_are_taken)
{
	static const char *const names[] = {
		"data", "a", "vg-home", "swap_1", "x.y", "..x", "A#+-.:=@_9",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct envol *ev = new_handle();
	size_t i;

	CHECK_EQ(strlen(names[TEST_ARRAY_SIZE(names) - 1]), ENVOL_NAME_MAX);
	for (i = 0; i < TEST_ARRAY_SIZE(names); i++)
		CHECK_OK(envol_name_check(ev, names[i]));
	envol_free(ev);
}

TEST(names_that_are_refused_by_what_is_wrong)
{
	static const struct {
		const char *name, *why;
	} rows[] = {
		{ "", "empty" },
		{ "a/b", "byte 2" },
		{ "/dev/mapper/x", "byte 1" },
		{ "a b", "byte 2" },
		{ "a\n", "byte 2" },
		{ "a\\x20", "byte 2" },
		{ "\xc3\xa9", "byte 1" },
		{ ".", "something else" },
		{ "..", "something else" },
		{ "control", "something else" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  "84 bytes: a device-mapper UUID has room for 83" },
	};
	struct envol *ev = new_handle();
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		CHECK_ERR(envol_name_check(ev, rows[i].name), -EINVAL);
		CHECK_STR_HAS(envol_error_message(ev), rows[i].why);
	}
	envol_free(ev);
}

TEST(the_uuid_is_the_one_of_stock_tools_and_comes_back)
{
	char uuid[ENVOL_NAME_UUID_SIZE], back[ENVOL_NAME_LUKS_UUID_SIZE];
	char name[ENVOL_NAME_MAX + 1];
	struct envol *ev = new_handle();

	CHECK_OK(envol_name_uuid(ev, luks_uuid, "data", uuid));
	CHECK_STR_EQ(uuid, "CRYPT-LUKS2-0123abcd456789abcdef0123456789ab-data");
	CHECK(envol_name_luks_uuid(uuid, back));
	CHECK_STR_EQ(back, luks_uuid);

	memset(name, 'n', sizeof(name));
	name[ENVOL_NAME_MAX] = 0;
	CHECK_OK(envol_name_uuid(ev, luks_uuid, name, uuid));
	CHECK_EQ(strlen(uuid), ENVOL_NAME_UUID_SIZE - 1);
	CHECK_EQ(uuid[ENVOL_NAME_UUID_SIZE - 2], 'n');
	envol_free(ev);
}

TEST(a_luks_uuid_of_another_form_is_refused)
{
	static const char *const rows[] = {
		"", "0123abcd", "0123ABCD-4567-89ab-cdef-0123456789ab",
		"0123abcd-4567-89ab-cdef-0123456789abc",
		"0123abcd-4567-89ab-cdef-0123456789a",
		"0123abcd04567-89ab-cdef-0123456789ab",
		"0123abcd-4567-89ab-cdef-0123456789ag",
	};
	char uuid[ENVOL_NAME_UUID_SIZE];
	struct envol *ev = new_handle();
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++)
		CHECK_ERR(envol_name_uuid(ev, rows[i], "x", uuid), -EINVAL);
	envol_free(ev);
}

TEST(other_mappings_uuids_are_no_luks2)
{
	static const char *const rows[] = {
		"", "LVM-abc", "CRYPT-LUKS1-0123abcd456789abcdef0123456789ab-x",
		"CRYPT-LUKS2-", "CRYPT-LUKS2-0123abcd456789abcdef0123456789ab",
		"CRYPT-LUKS2-0123abcd456789abcdef0123456789ab-",
		"CRYPT-LUKS2-0123abcd456789abcdef0123456789aX-x",
		"CRYPT-LUKS2-0123abcd456789abcdef0123456789abc-x",
	};
	char back[ENVOL_NAME_LUKS_UUID_SIZE];
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++)
		CHECK(!envol_name_luks_uuid(rows[i], back));
}

TEST(two_mappings_of_a_uuid_have_two_keys)
{
	char a[ENVOL_NAME_KEY_SIZE], b[ENVOL_NAME_KEY_SIZE];

	envol_name_key(luks_uuid, "data", a);
	CHECK_STR_EQ(a, "envol:0123abcd-4567-89ab-cdef-0123456789ab:data");
	envol_name_key(luks_uuid, "snapshot", b);
	CHECK(strcmp(a, b) != 0);
}
