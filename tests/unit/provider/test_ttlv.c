// SPDX-License-Identifier: GPL-2.0-or-later
/* The encoding of KMIP, against the examples of the standard (KMIP 1.4, section 9.1.2). */
#include <errno.h>

#include "tests/harness/guard.h"
#include "tests/harness/test.h"
#include "userspace/lib/provider/kmip/ttlv.h"

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

#define TAG 0x420020

static struct envol_ttlv_writer w;
static uint8_t buffer[256];

static void check_written(const uint8_t *want, size_t want_len)
{
	struct envol_ttlv item;
	size_t len;

	CHECK_OK(envol_ttlv_finish(&w, &len));
	CHECK_EQ(len, want_len);
	CHECK_MEM_EQ(buffer, want, want_len);
	CHECK_OK(envol_ttlv_parse(buffer, len, &item));
}

static void begin(void)
{
	envol_ttlv_begin(&w, buffer, sizeof(buffer));
}

TEST(the_examples_of_the_standard_are_written)
{
	begin();
	envol_ttlv_write_integer(&w, TAG, 8);
	check_written(BYTES(0x42, 0, 0x20, 2, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0, 0));
	begin();
	envol_ttlv_write_enum(&w, TAG, 255);
	check_written(BYTES(0x42, 0, 0x20, 5, 0, 0, 0, 4, 0, 0, 0, 0xff, 0, 0, 0, 0));
	begin();
	envol_ttlv_write_boolean(&w, TAG, true);
	check_written(BYTES(0x42, 0, 0x20, 6, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1));
	begin();
	envol_ttlv_write_text(&w, TAG, "Hello World", 11);
	check_written(BYTES(0x42, 0, 0x20, 7, 0, 0, 0, 0xb, 'H', 'e', 'l', 'l', 'o', ' ', 'W',
			    'o', 'r', 'l', 'd', 0, 0, 0, 0, 0));
	begin();
	envol_ttlv_write_bytes(&w, TAG, "\1\2\3", 3);
	check_written(BYTES(0x42, 0, 0x20, 8, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0));
	begin();
	envol_ttlv_write_date(&w, TAG, 1205495800);	/* 2008-03-14 11:56:40 GMT */
	check_written(BYTES(0x42, 0, 0x20, 9, 0, 0, 0, 8, 0, 0, 0, 0, 0x47, 0xda, 0x67, 0xf8));
	begin();
	envol_ttlv_open(&w, TAG);
	envol_ttlv_write_enum(&w, 0x420004, 254);
	envol_ttlv_write_integer(&w, 0x420005, 255);
	envol_ttlv_close(&w);
	check_written(BYTES(0x42, 0, 0x20, 1, 0, 0, 0, 0x20,
			    0x42, 0, 4, 5, 0, 0, 0, 4, 0, 0, 0, 0xfe, 0, 0, 0, 0,
			    0x42, 0, 5, 2, 0, 0, 0, 4, 0, 0, 0, 0xff, 0, 0, 0, 0));
}

TEST(values_come_back)
{
	struct envol_ttlv all, it;
	char text[8];
	size_t len;

	begin();
	envol_ttlv_open(&w, TAG);
	envol_ttlv_write_integer(&w, 0x420001, -2);
	envol_ttlv_write_enum(&w, 0x420002, 0x80000001);
	envol_ttlv_write_boolean(&w, 0x420003, false);
	envol_ttlv_write_text(&w, 0x420004, "disk7", 5);
	envol_ttlv_write_bytes(&w, 0x420005, NULL, 0);
	envol_ttlv_write_date(&w, 0x420006, -1);
	envol_ttlv_close(&w);
	CHECK_OK(envol_ttlv_finish(&w, &len));
	CHECK_OK(envol_ttlv_parse(buffer, len, &all));
	CHECK_OK(envol_ttlv_find(&all, 0x420001, ENVOL_TTLV_INTEGER, &it));
	CHECK_EQ(envol_ttlv_integer(&it), -2);
	CHECK_EQ(envol_ttlv_enum(&it), 0);
	CHECK_ERR(envol_ttlv_text(&it, text, sizeof(text)), -EBADMSG);
	CHECK_OK(envol_ttlv_find(&all, 0x420002, ENVOL_TTLV_ENUMERATION, &it));
	CHECK_EQ(envol_ttlv_enum(&it), 0x80000001);
	CHECK_OK(envol_ttlv_find(&all, 0x420003, ENVOL_TTLV_BOOLEAN, &it));
	CHECK(!envol_ttlv_boolean(&it));
	CHECK_OK(envol_ttlv_find(&all, 0x420004, ENVOL_TTLV_TEXT, &it));
	CHECK_OK(envol_ttlv_text(&it, text, sizeof(text)));
	CHECK_STR_EQ(text, "disk7");
	CHECK_ERR(envol_ttlv_text(&it, text, 5), -EMSGSIZE);
	CHECK_OK(envol_ttlv_find(&all, 0x420005, ENVOL_TTLV_BYTES, &it));
	CHECK_EQ(it.len, 0);
	CHECK_OK(envol_ttlv_find(&all, 0x420006, ENVOL_TTLV_DATE, &it));
	CHECK_EQ(envol_ttlv_date(&it), -1);
	CHECK_ERR(envol_ttlv_find(&all, 0x420007, ENVOL_TTLV_TEXT, &it), -ENOENT);
	CHECK_ERR(envol_ttlv_find(&all, 0x420004, ENVOL_TTLV_BYTES, &it), -EBADMSG);
}

TEST(two_where_there_is_to_be_one_are_refused)
{
	struct envol_ttlv all, it;
	size_t len;

	begin();
	envol_ttlv_open(&w, TAG);
	envol_ttlv_write_enum(&w, 0x420001, 1);
	envol_ttlv_write_enum(&w, 0x420001, 2);
	envol_ttlv_close(&w);
	CHECK_OK(envol_ttlv_finish(&w, &len));
	CHECK_OK(envol_ttlv_parse(buffer, len, &all));
	CHECK_ERR(envol_ttlv_find(&all, 0x420001, ENVOL_TTLV_ENUMERATION, &it), -EBADMSG);
}

TEST(what_is_malformed_is_refused)
{
	static const struct {
		const char *what;
		uint8_t bytes[24];
		size_t len;
	} rows[] = {
		{ "nothing", { 0 }, 0 },
		{ "half a head", { 0x42, 0, 0x20, 2, 0, 0, 0 }, 7 },
		{ "a head without its value", { 0x42, 0, 0x20, 2, 0, 0, 0, 4 }, 8 },
		{ "a value without its padding",
		  { 0x42, 0, 0x20, 2, 0, 0, 0, 4, 0, 0, 0, 8 }, 12 },
		{ "padding that is not zero",
		  { 0x42, 0, 0x20, 2, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0, 1 }, 16 },
		{ "a tag of nobody's", { 0x43, 0, 0x20, 2, 0, 0, 0, 4 }, 16 },
		{ "type 0", { 0x42, 0, 0x20, 0, 0, 0, 0, 4 }, 16 },
		{ "type 12", { 0x42, 0, 0x20, 12, 0, 0, 0, 4 }, 16 },
		{ "an integer of 8 bytes", { 0x42, 0, 0x20, 2, 0, 0, 0, 8 }, 16 },
		{ "a boolean of 4 bytes", { 0x42, 0, 0x20, 6, 0, 0, 0, 4 }, 16 },
		{ "a boolean of 2",
		  { 0x42, 0, 0x20, 6, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 2 }, 16 },
		{ "a structure of 4 bytes", { 0x42, 0, 0x20, 1, 0, 0, 0, 4 }, 16 },
		{ "a big integer of 4 bytes", { 0x42, 0, 0x20, 4, 0, 0, 0, 4 }, 16 },
		{ "a length beyond all", { 0x42, 0, 0x20, 8, 0xff, 0xff, 0xff, 0xff }, 16 },
		{ "a length whose padding overflows",
		  { 0x42, 0, 0x20, 8, 0xff, 0xff, 0xff, 0xf9 }, 16 },
		{ "something behind",
		  { 0x42, 0, 0x20, 2, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0, 0, 0 }, 17 },
		{ "a child that ends behind its parent",
		  { 0x42, 0, 0x20, 1, 0, 0, 0, 8, 0x42, 0, 4, 5, 0, 0, 0, 4 }, 16 },
	};
	struct envol_ttlv item;
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++)
		if (envol_ttlv_parse(rows[i].bytes, rows[i].len, &item) != -EBADMSG)
			FAIL("%s was accepted", rows[i].what);
}

TEST(structures_are_no_deeper_than_they_may_be)
{
	struct envol_ttlv item;
	size_t len = 0, depth;

	/* The innermost first. */
	for (depth = 1; depth <= ENVOL_TTLV_DEPTH + 1; depth++) {
		memmove(buffer + 8, buffer, len);
		memcpy(buffer, (const uint8_t[]){ 0x42, 0, 0x20, 1, 0, 0, 0, len }, 8);
		len += 8;
		CHECK_ERR(envol_ttlv_parse(buffer, len, &item),
			  depth <= ENVOL_TTLV_DEPTH ? 0 : -EBADMSG);
	}
	begin();
	for (depth = 0; depth <= ENVOL_TTLV_DEPTH; depth++)
		envol_ttlv_open(&w, TAG);
	CHECK_ERR(envol_ttlv_finish(&w, &len), -EINVAL);
}

TEST(what_does_not_fit_is_not_written)
{
	size_t len, size;

	for (size = 0; size < 40; size++) {
		uint8_t *guarded = guard_alloc(size);

		envol_ttlv_begin(&w, guarded, size);
		envol_ttlv_open(&w, TAG);
		envol_ttlv_write_text(&w, TAG, "Hello World", 11);
		envol_ttlv_close(&w);
		CHECK_ERR(envol_ttlv_finish(&w, &len), size < 32 ? -EMSGSIZE : 0);
		CHECK_EQ(len, size < 32 ? 0 : 32);
		guard_free(guarded);
	}
	begin();
	envol_ttlv_open(&w, TAG);
	CHECK_ERR(envol_ttlv_finish(&w, &len), -EINVAL);
	begin();
	envol_ttlv_close(&w);
	CHECK_ERR(envol_ttlv_finish(&w, &len), -EINVAL);
}

TEST(the_length_of_a_message_is_bounded)
{
	const uint8_t good[8] = { 0x42, 0, 0x7b, 1, 0, 0, 0, 0x20 };
	const uint8_t odd[8] = { 0x42, 0, 0x7b, 1, 0, 0, 0, 0x21 };
	const uint8_t text[8] = { 0x42, 0, 0x7b, 7, 0, 0, 0, 0x20 };
	const uint8_t huge[8] = { 0x42, 0, 0x7b, 1, 0xff, 0xff, 0xff, 0xf8 };
	size_t len;

	CHECK_OK(envol_ttlv_message_len(good, 0x42007b, 0x28, &len));
	CHECK_EQ(len, 0x28);
	CHECK_ERR(envol_ttlv_message_len(good, 0x42007b, 0x27, &len), -EMSGSIZE);
	CHECK_ERR(envol_ttlv_message_len(good, 0x42007b, 0, &len), -EMSGSIZE);
	CHECK_ERR(envol_ttlv_message_len(good, 0x420078, 0x28, &len), -EBADMSG);
	CHECK_ERR(envol_ttlv_message_len(odd, 0x42007b, 0x28, &len), -EBADMSG);
	CHECK_ERR(envol_ttlv_message_len(text, 0x42007b, 0x28, &len), -EBADMSG);
	CHECK_ERR(envol_ttlv_message_len(huge, 0x42007b, 0x10000, &len), -EMSGSIZE);
}
