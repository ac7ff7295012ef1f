// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/hex.h"

TEST(every_byte_there_and_back)
{
	uint8_t data[256], back[256];
	char text[513];
	size_t i;

	for (i = 0; i < 256; i++)
		data[i] = i;
	envol_hex_encode(text, data, sizeof(data));
	CHECK_EQ(strlen(text), 512);
	CHECK_EQ(strncmp(text, "000102030405060708090a0b", 24), 0);
	CHECK_STR_EQ(text + 506, "fdfeff");
	CHECK_OK(envol_hex_decode(back, sizeof(back), text));
	CHECK_MEM_EQ(back, data, sizeof(data));
	envol_hex_encode(text, data, 0);
	CHECK_STR_EQ(text, "");
}

TEST(decode_is_strict)
{
	static const char *const bad[] = { "", "0", "000", "00000", "0g00",
					   "00 0", "+100", "0x00", "/0:0",
					   "@0G0", "`0g0", "000000" };
	uint8_t data[2];
	size_t i;

	CHECK_OK(envol_hex_decode(data, 2, "aBCd"));
	CHECK_EQ(data[0], 0xab);
	CHECK_EQ(data[1], 0xcd);
	CHECK_OK(envol_hex_decode(data, 0, ""));
	for (i = 0; i < TEST_ARRAY_SIZE(bad); i++)
		CHECK_ERR(envol_hex_decode(data, 2, bad[i]), -EINVAL);
}
