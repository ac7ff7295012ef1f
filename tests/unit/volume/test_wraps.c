// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "tests/harness/test.h"
#include "userspace/lib/volume/wraps.h"

static struct envol *ev;

static void fill_part(struct envol_token_part *part, const char *uri,
		      const char *version, const char *algorithm, size_t len)
{
	static const uint8_t zeros[1024];

	part->uri = strdup(uri);
	part->version = strdup(version);
	part->algorithm = strdup(algorithm);
	CHECK(part->uri && part->version && part->algorithm);
	CHECK_OK(envol_blob_append(&part->bytes, zeros, len));
}

static struct envol_token_wrap single(const char *uri, const char *version)
{
	struct envol_token_wrap wrap = { .n_parts = 1, .created = 5 };

	fill_part(&wrap.parts[0], uri, version, "A256KWP", 72);
	wrap.parts[0].bytes.data[0] = uri[0];
	wrap.parts[0].bytes.data[1] = version[0];
	return wrap;
}

static void append(struct envol_token *token, const char *uri,
		   const char *version)
{
	struct envol_token_wrap wrap = single(uri, version);

	CHECK_OK(envol_wraps_append(ev, token, &wrap));
	envol_token_free_wrap(&wrap);
}

TEST(a_wrap_is_found_by_its_bytes)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol_token_wrap wanted;

	CHECK_OK(envol_new(&ev));
	append(&token, "a", "1");
	append(&token, "b", "1");
	append(&token, "b", "2");
	wanted = single("b", "2");
	CHECK(envol_wraps_find(&token, &wanted) == &token.wraps[2]);
	CHECK(envol_wraps_share_keks(&token.wraps[1], &wanted));
	CHECK(!envol_wraps_share_keks(&token.wraps[0], &wanted));
	CHECK(!envol_wraps_share_versions(&token.wraps[1], &wanted));
	/* The same KEK and version, wrapped once more, is another wrap. */
	wanted.parts[0].bytes.data[71] = 1;
	CHECK(!envol_wraps_find(&token, &wanted));
	CHECK(envol_wraps_share_versions(&token.wraps[2], &wanted));
	envol_token_free_wrap(&wanted);
	envol_free(ev);
}

TEST(one_part_is_not_two)
{
	struct envol_token_wrap one = single("a", "1"), two = single("a", "1");

	CHECK_OK(envol_new(&ev));
	two.n_parts = 2;
	fill_part(&two.parts[1], "b", "1", "A256KWP", 40);
	CHECK(!envol_wraps_are_same(&one, &two));
	CHECK(!envol_wraps_are_same(&two, &one));
	CHECK(!envol_wraps_share_keks(&one, &two));
	CHECK(!envol_wraps_share_versions(&two, &one));
	envol_token_free_wrap(&one);
	envol_token_free_wrap(&two);
	envol_free(ev);
}

TEST(a_copy_is_whole_and_its_own)
{
	struct envol_token_wrap wrap = single("a", "1"), copy = { 0 };

	CHECK_OK(envol_new(&ev));
	wrap.n_parts = 2;
	fill_part(&wrap.parts[1], "b", "9", "RSA-OAEP-256", 384);
	CHECK_OK(envol_blob_append(&wrap.dek, "dek", 3));
	wrap.retiring = 7;
	wrap.proved = true;
	CHECK_OK(envol_wraps_copy(ev, &wrap, &copy));
	CHECK(envol_wraps_are_same(&wrap, &copy));
	CHECK(envol_wraps_share_versions(&wrap, &copy));
	CHECK_EQ(copy.created, 5);
	CHECK_EQ(copy.retiring, 7);
	CHECK(copy.proved);
	CHECK_STR_EQ(copy.parts[1].algorithm, "RSA-OAEP-256");
	wrap.parts[1].bytes.data[383] = 1;
	CHECK(!envol_wraps_are_same(&wrap, &copy));
	envol_token_free_wrap(&wrap);
	envol_token_free_wrap(&copy);
	envol_free(ev);
}

TEST(dropping_closes_the_gap)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;

	CHECK_OK(envol_new(&ev));
	append(&token, "a", "1");
	append(&token, "b", "1");
	append(&token, "c", "1");
	envol_wraps_drop(&token, &token.wraps[1]);
	CHECK_EQ(token.n_wraps, 2);
	CHECK_STR_EQ(token.wraps[0].parts[0].uri, "a");
	CHECK_STR_EQ(token.wraps[1].parts[0].uri, "c");
	CHECK(!token.wraps[2].parts[0].uri);
	envol_wraps_drop(&token, &token.wraps[1]);
	CHECK_EQ(token.n_wraps, 1);
	CHECK(!token.wraps[1].parts[0].uri);
	envol_free(ev);
}

TEST(a_full_header_takes_no_more)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol_token_wrap more = single("z", "1");
	int i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < ENVOL_SEALED_WRAPS; i++)
		append(&token, "a", "1");
	CHECK_ERR(envol_wraps_append(ev, &token, &more), -ENOSPC);
	CHECK_EQ(token.n_wraps, ENVOL_SEALED_WRAPS);
	envol_token_free_wrap(&more);
	envol_free(ev);
}

TEST(a_successor_is_not_weaker)
{
	static const struct {
		const char *old;
		size_t old_len;
		const char *next;
		size_t next_len;
		int err;
		const char *sentence;
	} rows[] = {
		{ "A256KWP", 72, "A256KWP", 72, 0, "" },
		{ "A256KWP", 72, "A128KWP", 72, -EPERM, "weaker" },
		{ "A128KWP", 72, "A256KWP", 72, 0, "" },
		{ "A256KWP", 72, "A256GCM", 92, 0, "" },
		{ "RSA-OAEP-256", 384, "RSA-OAEP-256", 256, -EPERM, "weaker" },
		{ "RSA-OAEP-256", 256, "RSA-OAEP-256", 512, 0, "" },
		{ "RSA-OAEP-256", 384, "RSA-OAEP", 384, -EPERM, "weaker" },
		{ "RSA-OAEP", 384, "RSA-OAEP-256", 384, 0, "" },
		{ "RSA-OAEP-256", 512, "A256KWP", 72, 0, "" },
		{ "A256KWP", 72, "RSA-OAEP-256", 512, -EPERM, "weaker" },
		{ "X", 72, "X", 72, 0, "" },
		{ "X", 72, "X", 80, -EPERM, "not known" },
		{ "A256KWP", 72, "X", 72, -EPERM, "not known" },
		{ "A512KWP", 72, "A256KWP", 72, -EPERM, "not known" },
		{ "RSA-OAEP-256", 128, "A256KWP", 72, -EPERM, "not known" },
	};
	size_t i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		struct envol_token_wrap old = { .n_parts = 1 };
		struct envol_token_wrap next = { .n_parts = 1 };

		fill_part(&old.parts[0], "k", "1", rows[i].old, rows[i].old_len);
		fill_part(&next.parts[0], "k", "2", rows[i].next,
			  rows[i].next_len);
		if (envol_wraps_check_successor(ev, &old, &next) != rows[i].err)
			FAIL("%s to %s: %s", rows[i].old, rows[i].next,
			     envol_error_message(ev));
		if (rows[i].err)
			CHECK_STR_HAS(envol_error_message(ev), rows[i].sentence);
		envol_token_free_wrap(&old);
		envol_token_free_wrap(&next);
	}
	envol_free(ev);
}

TEST(each_part_of_a_double_key_counts)
{
	struct envol_token_wrap old = single("a", "1"), next = single("a", "2");

	CHECK_OK(envol_new(&ev));
	old.n_parts = next.n_parts = 2;
	fill_part(&old.parts[1], "b", "1", "RSA-OAEP-256", 384);
	fill_part(&next.parts[1], "b", "2", "RSA-OAEP-256", 256);
	CHECK_ERR(envol_wraps_check_successor(ev, &old, &next), -EPERM);
	CHECK_STR_HAS(envol_error_message(ev), "version 2 of b is weaker");
	envol_token_free_wrap(&old);
	envol_token_free_wrap(&next);
	envol_free(ev);
}
