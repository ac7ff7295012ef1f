// SPDX-License-Identifier: GPL-2.0-or-later
/* kmod/table.c: what a table line may say, and that formatting is its inverse. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kmod/table.h"
#include "tests/harness/test.h"

#define ARGS_MAX 24

/* Split as the kernel's dm_split_args() does: blanks separate, a backslash quotes. */
static unsigned int split(char *line, char **argv)
{
	unsigned int argc = 0;
	char *in = line, *out;

	for (;;) {
		while (isspace((unsigned char)*in))
			in++;
		if (!*in)
			return argc;
		CHECK(argc < ARGS_MAX);
		argv[argc++] = out = in;
		while (*in && !isspace((unsigned char)*in)) {
			if (*in == '\\' && in[1])
				in++;
			*out++ = *in++;
		}
		if (*in)
			in++;
		*out = '\0';
	}
}

/* Parse a copy; the table points into @copy. */
static int parse(struct envol_table *t, char *copy, size_t size, const char *line,
		 const char **why)
{
	char *argv[ARGS_MAX];

	snprintf(copy, size, "%s", line);
	return envol_table_parse(t, split(copy, argv), argv, why);
}

#define KEY64 "aes-xts-plain64 :64:logon:envol:a "

static const struct {
	const char *name, *line, *why;
} refusals[] = {
	{ "no arguments", "", "too few arguments" },
	{ "no start", KEY64 "0 /dev/vda", "too few arguments" },
	{ "another cipher", "aes-cbc-essiv:sha256 :64:logon:envol:a 0 /dev/vda 0", "cipher" },
	{ "another IV", "aes-xts-plain :64:logon:envol:a 0 /dev/vda 0", "cipher" },
	{ "cipher_null", "cipher_null-ecb :64:logon:envol:a 0 /dev/vda 0", "cipher" },
	{ "upper case", "AES-XTS-PLAIN64 :64:logon:envol:a 0 /dev/vda 0", "cipher" },
	{ "a hex key", "aes-xts-plain64 00112233445566778899aabbccddeeff 0 /dev/vda 0", "a key in the table" },
	{ "no key", "aes-xts-plain64 - 0 /dev/vda 0", "no key" },
	{ "half a reference", "aes-xts-plain64 :64 0 /dev/vda 0", "key reference" },
	{ "a reference without description", "aes-xts-plain64 :64:logon 0 /dev/vda 0", "key reference" },
	{ "an empty description", "aes-xts-plain64 :64:logon: 0 /dev/vda 0", "key description" },
	{ "a description with a blank", "aes-xts-plain64 :64:logon:a:\\ b 0 /dev/vda 0", "key description" },
	{ "a description with a backslash", "aes-xts-plain64 :64:logon:a:\\\\b 0 /dev/vda 0", "key description" },
	{ "a description with an escape", "aes-xts-plain64 :64:logon:a:\x1b[2J 0 /dev/vda 0", "key description" },
	{ "a user key", "aes-xts-plain64 :64:user:a:b 0 /dev/vda 0", "key type" },
	{ "an encrypted key", "aes-xts-plain64 :64:encrypted:a:b 0 /dev/vda 0", "key type" },
	{ "a type that begins like logon", "aes-xts-plain64 :64:logonx:a:b 0 /dev/vda 0", "key type" },
	{ "a key of 0 bytes", "aes-xts-plain64 :0:logon:a:b 0 /dev/vda 0", "key size" },
	{ "a key of 48 bytes", "aes-xts-plain64 :48:logon:a:b 0 /dev/vda 0", "key size" },
	{ "a key of 16 bytes", "aes-xts-plain64 :16:logon:a:b 0 /dev/vda 0", "key size" },
	{ "a key size that wraps", "aes-xts-plain64 :18446744073709551680:logon:a:b 0 /dev/vda 0", "key reference" },
	{ "an empty key size", "aes-xts-plain64 ::logon:a:b 0 /dev/vda 0", "key reference" },
	{ "a signed key size", "aes-xts-plain64 :+64:logon:a:b 0 /dev/vda 0", "key reference" },
	{ "an iv_offset in hex", KEY64 "0x10 /dev/vda 0", "iv_offset" },
	{ "a negative iv_offset", KEY64 "-1 /dev/vda 0", "iv_offset" },
	{ "an iv_offset of 2^64", KEY64 "18446744073709551616 /dev/vda 0", "iv_offset" },
	{ "a start with a unit", KEY64 "0 /dev/vda 1M", "start" },
	{ "a start of 2^64", KEY64 "0 /dev/vda 18446744073709551616", "start" },
	{ "more options than counted", KEY64 "0 /dev/vda 0 0 allow_discards", "number of options" },
	{ "fewer options than counted", KEY64 "0 /dev/vda 0 2 allow_discards", "number of options" },
	{ "an option without a count", KEY64 "0 /dev/vda 0 allow_discards", "number of options" },
	{ "an unknown option", KEY64 "0 /dev/vda 0 1 allow_discard", "unknown option" },
	{ "integrity", KEY64 "0 /dev/vda 0 1 integrity:28:aead", "integrity" },
	{ "an option twice", KEY64 "0 /dev/vda 0 2 allow_discards allow_discards", "twice" },
	{ "sector_size twice", KEY64 "0 /dev/vda 0 2 sector_size:512 sector_size:512", "twice" },
	{ "engine twice", KEY64 "0 /dev/vda 0 2 engine:generic engine:generic", "twice" },
	{ "sector_size 8192", KEY64 "0 /dev/vda 0 1 sector_size:8192", "sector_size" },
	{ "sector_size 256", KEY64 "0 /dev/vda 0 1 sector_size:256", "sector_size" },
	{ "sector_size 513", KEY64 "0 /dev/vda 0 1 sector_size:513", "sector_size" },
	{ "sector_size empty", KEY64 "0 /dev/vda 0 1 sector_size:", "sector_size" },
	{ "an empty engine", KEY64 "0 /dev/vda 0 1 engine:", "engine" },
	{ "an engine with a slash", KEY64 "0 /dev/vda 0 1 engine:a/b", "engine" },
	{ "iv_offset inside a data unit", KEY64 "4 /dev/vda 0 1 sector_size:4096", "iv_offset is not a multiple" },
	{ "start inside a data unit", KEY64 "8 /dev/vda 7 1 sector_size:4096", "start is not a multiple" },
};

TEST(bad_tables_are_refused_by_name)
{
	for (size_t i = 0; i < TEST_ARRAY_SIZE(refusals); i++) {
		struct envol_table t;
		const char *why = NULL;
		char copy[256];

		if (parse(&t, copy, sizeof(copy), refusals[i].line, &why) != -EINVAL)
			FAIL("%s: accepted", refusals[i].name);
		if (!why || !strstr(why, refusals[i].why))
			FAIL("%s: refused with \"%s\"", refusals[i].name, why ? why : "(null)");
		/* The kernel's log shows anything else as escapes. */
		for (; *why; why++)
			CHECK(*why >= ' ' && *why <= '~');
	}
}

TEST(a_refusal_never_repeats_an_argument)
{
	static const char hex[] = "6e6f742061206b657920746f206265207365656e20616e7977686572652065766572";
	char line[256], copy[256];
	struct envol_table t;
	const char *why;

	snprintf(line, sizeof(line), "aes-xts-plain64 %s 0 /dev/vda 0", hex);
	CHECK_ERR(parse(&t, copy, sizeof(copy), line, &why), -EINVAL);
	CHECK(!strstr(why, hex));
	snprintf(line, sizeof(line), KEY64 "0 /dev/vda 0 1 %s", hex);
	CHECK_ERR(parse(&t, copy, sizeof(copy), line, &why), -EINVAL);
	CHECK(!strstr(why, hex));
}

TEST(every_field_is_parsed)
{
	struct envol_table t;
	const char *why;
	char copy[256];

	CHECK_OK(parse(&t, copy, sizeof(copy),
		       "aes-xts-plain64 :32:logon:cryptsetup:0-d0 4294967296 254:3 2048 5 allow_discards "
		       "sector_size:4096 iv_large_sectors engine:aesni-avx no_read_workqueue", &why));
	CHECK_EQ(t.key_size, 32);
	CHECK_STR_EQ(t.key_description, "cryptsetup:0-d0");
	CHECK_EQ(t.iv_offset, 4294967296);
	CHECK_STR_EQ(t.device, "254:3");
	CHECK_EQ(t.start_sector, 2048);
	CHECK_EQ(t.du_size, 4096);
	CHECK_EQ(t.flags, ENVOL_TABLE_ALLOW_DISCARDS | ENVOL_TABLE_IV_LARGE_SECTORS |
			  ENVOL_TABLE_NO_READ_WQ);
	CHECK_STR_EQ(t.engine, "aesni-avx");
}

TEST(defaults_are_dm_crypts)
{
	struct envol_table t;
	const char *why;
	char copy[256];

	CHECK_OK(parse(&t, copy, sizeof(copy), KEY64 "0 /dev/vda 0", &why));
	CHECK_EQ(t.du_size, 512);
	CHECK_EQ(t.flags, 0);
	CHECK(!t.engine);
	CHECK_OK(parse(&t, copy, sizeof(copy), KEY64 "18446744073709551615 /dev/vda 0 0", &why));
	CHECK(t.iv_offset == UINT64_MAX);
}

/* Canonical lines: formatting what was parsed gives them back, byte for byte. */
static const char *const canonical[] = {
	KEY64 "0 /dev/vda 0",
	KEY64 "0 254:17 18446744073709551615",
	KEY64 "18446744073709551608 /dev/vda 8 1 sector_size:4096",
	KEY64 "8 /dev/vda 16 2 sector_size:4096 iv_large_sectors",
	KEY64 "0 /dev/vda 0 1 iv_large_sectors",
	KEY64 "0 /dev/vda 0 1 allow_weak_key",
	KEY64 "0 /dev/vda 0 2 sector_size:1024 engine:vaes-avx2",
	KEY64 "0 /dev/vda 0 10 allow_discards same_cpu_crypt submit_from_crypt_cpus high_priority "
	      "no_read_workqueue no_write_workqueue sector_size:2048 iv_large_sectors allow_weak_key engine:generic",
	"aes-xts-plain64 :32:logon:a:b 0 /dev/disk/by-label/a\\ b\\\\x20c 0",
};

TEST(format_is_the_inverse_of_parse)
{
	for (size_t i = 0; i < TEST_ARRAY_SIZE(canonical); i++) {
		struct envol_table t;
		char copy[512], text[512];
		const char *why;

		CHECK_OK(parse(&t, copy, sizeof(copy), canonical[i], &why));
		CHECK_OK(envol_table_format(&t, text, sizeof(text)));
		CHECK_STR_EQ(text, canonical[i]);
	}
}

TEST(options_come_out_in_dm_crypts_order)
{
	struct envol_table t;
	char copy[256], text[256];
	const char *why;

	CHECK_OK(parse(&t, copy, sizeof(copy),
		       KEY64 "0 /dev/vda 0 4 iv_large_sectors sector_size:4096 no_write_workqueue allow_discards",
		       &why));
	CHECK_OK(envol_table_format(&t, text, sizeof(text)));
	CHECK_STR_EQ(text, KEY64 "0 /dev/vda 0 4 allow_discards no_write_workqueue sector_size:4096 iv_large_sectors");
}

TEST(too_small_a_buffer_is_filled_and_said_so)
{
	const char *line = canonical[7];
	struct envol_table t;
	char copy[512], text[512];
	const char *why;

	CHECK_OK(parse(&t, copy, sizeof(copy), line, &why));
	for (size_t size = 1; size <= strlen(line); size++) {
		memset(text, '#', sizeof(text));
		CHECK_ERR(envol_table_format(&t, text, size), -ENOSPC);
		CHECK_EQ(strlen(text), size - 1);
		CHECK_MEM_EQ(text, line, size - 1);
		CHECK_EQ(text[size], '#');
	}
	CHECK_OK(envol_table_format(&t, text, strlen(line) + 1));
}

TEST(format_refuses_what_parse_refuses)
{
	const struct envol_table good = {
		.key_size = 64, .key_description = "a:b", .device = "/dev/vda", .du_size = 4096,
	};
	struct envol_table t;
	char text[256];

	CHECK_OK(envol_table_format(&good, text, sizeof(text)));
#define REFUSED(change)                                                       \
	do {                                                                  \
		t = good;                                                     \
		change;                                                       \
		CHECK_ERR(envol_table_format(&t, text, sizeof(text)), -EINVAL); \
		CHECK_STR_EQ(text, "");                                       \
	} while (0)
	REFUSED(t.key_size = 48);
	REFUSED(t.key_description = NULL);
	REFUSED(t.key_description = "a b");
	REFUSED(t.device = NULL);
	REFUSED(t.device = "");
	REFUSED(t.du_size = 0);
	REFUSED(t.iv_offset = 1);
	REFUSED(t.start_sector = 4);
	REFUSED(t.engine = "two words");
#undef REFUSED
}

TEST(length_must_be_whole_data_units_and_not_wrap)
{
	struct envol_table t = { .du_size = 4096 };
	const char *why;

	CHECK_OK(envol_table_check_length(&t, 8, &why));
	CHECK_ERR(envol_table_check_length(&t, 12, &why), -EINVAL);
	CHECK_STR_HAS(why, "length");
	t.start_sector = UINT64_MAX - 7;
	CHECK_ERR(envol_table_check_length(&t, 8, &why), -EINVAL);
	CHECK_STR_HAS(why, "start");
	t.start_sector = 0;
	t.iv_offset = UINT64_MAX - 7;
	CHECK_OK(envol_table_check_length(&t, 16, &why));
	t.flags = ENVOL_TABLE_IV_LARGE_SECTORS;
	CHECK_ERR(envol_table_check_length(&t, 16, &why), -EINVAL);
	CHECK_STR_HAS(why, "iv_offset");
}

TEST(a_key_argument_stands_alone)
{
	struct envol_table t = { .du_size = 512 };
	const char *why;

	CHECK_OK(envol_table_parse_key(&t, ":64:logon:envol:new", &why));
	CHECK_EQ(t.key_size, 64);
	CHECK_STR_EQ(t.key_description, "envol:new");
	CHECK_ERR(envol_table_parse_key(&t, "00112233", &why), -EINVAL);
	CHECK_STR_HAS(why, "a key in the table");
}
