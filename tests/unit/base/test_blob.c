// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/blob.h"

TEST(encodings)
{
	static const uint8_t want[] = { 'a', 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1,
					2, 0, 0, 0, 'x', 'y', 0, 0, 0, 0 };
	_cleanup_blob_ struct envol_blob b = ENVOL_BLOB_INIT;

	CHECK_OK(envol_blob_append(&b, "a", 1));
	CHECK_OK(envol_blob_append_le32(&b, 0x01020304));
	CHECK_OK(envol_blob_append_le64(&b, 0x0102030405060708));
	CHECK_OK(envol_blob_append_prefixed(&b, "xy", 2));
	CHECK_OK(envol_blob_append_prefixed(&b, NULL, 0));
	CHECK_EQ(b.len, sizeof(want));
	CHECK_MEM_EQ(b.data, want, sizeof(want));
}

TEST(grows_and_keeps)
{
	_cleanup_blob_ struct envol_blob b = ENVOL_BLOB_INIT;
	size_t i;

	CHECK_OK(envol_blob_append(&b, NULL, 0));
	CHECK(!b.data);
	for (i = 0; i < 10000; i++)
		CHECK_OK(envol_blob_append(&b, &(uint8_t){ i % 251 }, 1));
	CHECK_EQ(b.len, 10000);
	for (i = 0; i < 10000; i++)
		CHECK_EQ(b.data[i], i % 251);
}

TEST(too_large_leaves_it_as_it_was)
{
	_cleanup_blob_ struct envol_blob b = ENVOL_BLOB_INIT;

	CHECK_OK(envol_blob_append(&b, "abc", 3));
	CHECK_ERR(envol_blob_append(&b, "x", SIZE_MAX), -ENOMEM);
	CHECK_ERR(envol_blob_append_prefixed(&b, "x", (size_t)UINT32_MAX + 1),
		  -ENOMEM);
	CHECK_EQ(b.len, 3);
	CHECK_MEM_EQ(b.data, "abc", 3);
}

TEST(move_and_equal)
{
	_cleanup_blob_ struct envol_blob a = ENVOL_BLOB_INIT;
	_cleanup_blob_ struct envol_blob b = ENVOL_BLOB_INIT;

	CHECK(envol_blob_equal(&a, &b));
	CHECK_OK(envol_blob_append(&a, "ab", 2));
	CHECK(!envol_blob_equal(&a, &b));
	CHECK_OK(envol_blob_append(&b, "ac", 2));
	CHECK(!envol_blob_equal(&a, &b));
	envol_blob_move(&b, &a);
	CHECK(!a.data && !a.len && !a.size);
	CHECK_MEM_EQ(b.data, "ab", 2);
	envol_blob_move(&b, &b);
	CHECK_EQ(b.len, 2);
}
