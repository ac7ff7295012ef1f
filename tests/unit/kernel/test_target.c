// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "tests/harness/test.h"
#include "userspace/lib/kernel/target.h"

#define DESCRIPTION "envol:0123abcd-4567-89ab-cdef-0123456789ab:data"

static struct envol *ev;

static void setup(void)
{
	CHECK_OK(envol_new(&ev));
}

static struct envol_table our_table(void)
{
	return (struct envol_table){
		.key_size = 64,
		.key_description = DESCRIPTION,
		.device = "253:7",
		.start_sector = 32768,
		.du_size = 4096,
		.flags = ENVOL_TABLE_ALLOW_DISCARDS,
		.engine = "generic",
	};
}

TEST(a_table_of_each_target)
{
	_cleanup_dm_target_ struct envol_dm_target envol = ENVOL_DM_TARGET_INIT;
	_cleanup_dm_target_ struct envol_dm_target crypt = ENVOL_DM_TARGET_INIT;
	struct envol_table t = our_table();

	setup();
	CHECK_OK(envol_target_format(ev, "envol", &t, 2048, &envol));
	CHECK_STR_EQ(envol.type, "envol");
	CHECK_EQ(envol.len_sectors, 2048);
	CHECK_STR_EQ(envol.params,
		     "aes-xts-plain64 :64:logon:" DESCRIPTION
		     " 0 253:7 32768 3 allow_discards sector_size:4096 engine:generic");
	CHECK_OK(envol_target_format(ev, "crypt", &t, 2048, &crypt));
	CHECK_STR_EQ(crypt.type, "crypt");
	CHECK_STR_EQ(crypt.params,
		     "aes-xts-plain64 :64:logon:" DESCRIPTION
		     " 0 253:7 32768 2 allow_discards sector_size:4096");
	envol_free(ev);
}

TEST(a_table_that_the_target_would_refuse_is_not_made)
{
	struct envol_dm_target target = ENVOL_DM_TARGET_INIT;
	struct envol_table t = our_table();

	setup();
	CHECK_ERR(envol_target_format(ev, "envol", &t, 2047, &target), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "multiple of sector_size");
	t.engine = "no such";
	CHECK_ERR(envol_target_format(ev, "envol", &t, 2048, &target), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "no such");
	CHECK(!target.params);
	envol_free(ev);
}

TEST(the_longest_table_fits)
{
	_cleanup_dm_target_ struct envol_dm_target target = ENVOL_DM_TARGET_INIT;
	struct envol_table t = our_table();
	char description[128];

	setup();
	memset(description, 'x', sizeof(description) - 1);
	description[sizeof(description) - 1] = 0;
	t.key_description = description;
	t.device = "4095:1048575";
	t.start_sector = UINT64_MAX / 4096 * 8;
	t.iv_offset = UINT64_MAX / 8 * 8;
	t.flags = ENVOL_TABLE_ALLOW_DISCARDS | ENVOL_TABLE_SAME_CPU |
		  ENVOL_TABLE_SUBMIT_CPUS | ENVOL_TABLE_HIGH_PRIORITY |
		  ENVOL_TABLE_NO_READ_WQ | ENVOL_TABLE_NO_WRITE_WQ |
		  ENVOL_TABLE_ALLOW_WEAK_KEY;
	CHECK_OK(envol_target_format(ev, "envol", &t, 8, &target));
	envol_free(ev);
}

static int parse(const char *type, const char *params,
		 struct envol_target_info *info)
{
	_cleanup_dm_target_ struct envol_dm_target table = ENVOL_DM_TARGET_INIT;

	strcpy(table.type, type);
	table.params = strdup(params);
	return envol_target_parse(ev, &table, info);
}

TEST(what_was_made_is_read)
{
	_cleanup_target_info_ struct envol_target_info info = ENVOL_TARGET_INFO_INIT;
	_cleanup_dm_target_ struct envol_dm_target target = ENVOL_DM_TARGET_INIT;
	struct envol_table t = our_table();

	setup();
	CHECK_OK(envol_target_format(ev, "envol", &t, 2048, &target));
	CHECK_OK(parse("envol", target.params, &info));
	CHECK_STR_EQ(info.cipher, "aes-xts-plain64");
	CHECK_STR_EQ(info.key_description, DESCRIPTION);
	CHECK_EQ(info.key_size, 64);
	CHECK_EQ(info.sector_size, 4096);
	CHECK_EQ(info.start_sector, 32768);
	CHECK_EQ(info.iv_offset, 0);
	CHECK(info.discards);
	CHECK(!info.integrity);
	envol_free(ev);
}

TEST(tables_of_stock_tools_are_read)
{
	_cleanup_target_info_ struct envol_target_info a = ENVOL_TARGET_INFO_INIT;
	_cleanup_target_info_ struct envol_target_info b = ENVOL_TARGET_INFO_INIT;
	_cleanup_target_info_ struct envol_target_info c = ENVOL_TARGET_INFO_INIT;

	setup();
	CHECK_OK(parse("crypt",
		       "aes-xts-plain64 :64:logon:cryptsetup:0123-d0 8 7:0 32768 2 sector_size:1024 no_read_workqueue",
		       &a));
	CHECK_STR_EQ(a.key_description, "cryptsetup:0123-d0");
	CHECK_EQ(a.sector_size, 1024);
	CHECK_EQ(a.iv_offset, 8);
	CHECK(!a.discards);

	CHECK_OK(parse("crypt", "aes-xts-plain64 0000000000000000 0 7:0 0", &b));
	CHECK(!b.key_description);
	CHECK_EQ(b.key_size, 8);
	CHECK_EQ(b.sector_size, 512);

	CHECK_OK(parse("crypt",
		       "capi:authenc(hmac(sha256),xts(aes))-plain64 :96:logon:x:y 0 254:1 0 1 integrity:32:aead",
		       &c));
	CHECK(c.integrity);
	envol_free(ev);
}

TEST(tables_that_are_none)
{
	static const char *const rows[] = {
		"", "aes-xts-plain64", "aes-xts-plain64 :64:logon:x 0 7:0",
		"aes-xts-plain64 :64 0 7:0 0", "aes-xts-plain64 :64:logon 0 7:0 0",
		"aes-xts-plain64 zz 0 7:0 0", "aes-xts-plain64 - x 7:0 0",
		"aes-xts-plain64 - 0 7:0 -1",
		"aes-xts-plain64 - 0 7:0 0 1 sector_size:x",
		"aes-xts-plain64 - 0 7:0 99999999999999999999",
		"a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a",
	};
	struct envol_target_info info = ENVOL_TARGET_INFO_INIT;
	size_t i;

	setup();
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		CHECK_ERR(parse("crypt", rows[i], &info), -EBADMSG);
		CHECK(!info.words);
	}
	CHECK_ERR(parse("linear", "7:0 0", &info), -EMEDIUMTYPE);
	CHECK_STR_HAS(envol_error_message(ev), "linear");
	envol_free(ev);
}

TEST(values_of_the_status_line)
{
	struct envol_dm_target status = {
		.type = "envol",
		.params = "key ready engine vaes-avx2 speed fast reads 12 read_bytes 49152",
	};
	struct envol_dm_target crypt = { .type = "crypt", .params = "" };
	struct envol_dm_target cut = { .type = "envol", .params = "key" };
	char *value;

	value = envol_target_status(&status, "key");
	CHECK_STR_EQ(value, "ready");
	free(value);
	value = envol_target_status(&status, "engine");
	CHECK_STR_EQ(value, "vaes-avx2");
	free(value);
	/* a value is no name, a name's beginning is not the name */
	CHECK(!envol_target_status(&status, "ready"));
	CHECK(!envol_target_status(&status, "read"));
	value = envol_target_statistics(&status);
	CHECK_STR_EQ(value, "reads 12 read_bytes 49152");
	free(value);
	CHECK(!envol_target_status(&crypt, "key"));
	CHECK(!envol_target_statistics(&crypt));
	CHECK(!envol_target_status(&cut, "key"));
	CHECK(!envol_target_statistics(&cut));
}
