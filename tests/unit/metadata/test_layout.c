// SPDX-License-Identifier: GPL-2.0-or-later
/* What LUKS2's JSON may say, and how it is refused where it says something else. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/test.h"
#include "userspace/lib/metadata/layout.h"

#define AREA(size) "\"area\":{\"type\":\"raw\",\"offset\":\"131072\",\"size\":\"258048\",\"encryption\":\"aes-xts-plain64\",\"key_size\":" size "}"
#define KEYSLOT(number) "\"" number "\":{\"type\":\"luks2\",\"key_size\":64," AREA("64") "}"

static const char good[] =
	"{\"keyslots\":{" KEYSLOT("7") "," KEYSLOT("0") "},"
	"\"tokens\":{\"3\":{\"type\":\"other\",\"any\":[{}]},\"5\":{\"type\":\"envol\"}},"
	"\"segments\":{\"0\":{\"type\":\"crypt\",\"offset\":\"4194304\",\"size\":\"dynamic\",\"iv_tweak\":\"8\",\"encryption\":\"aes-xts-plain64\",\"sector_size\":4096}},"
	"\"digests\":{\"0\":{\"type\":\"pbkdf2\",\"keyslots\":[\"0\",\"7\"],\"segments\":[\"0\"],\"hash\":\"sha256\",\"iterations\":1000,\"salt\":\"AAEC\",\"digest\":\"AwQF\"}},"
	"\"config\":{\"json_size\":\"61440\",\"flags\":[\"no-journal\",\"allow-discards\"],\"requirements\":{\"mandatory\":[]}}}";

/* The first @from in the good one turned into @to. */
static const struct {
	const char *from, *to;
	int err;
	const char *sentence;
} rows[] = {
	{ "{\"keyslots\"", "\"keyslots\"", -EBADMSG, "header" },
	{ "\"type\":\"crypt\"", "\"type\":\"linear\"", -EBADMSG, "header.segments.0.type: linear, not crypt" },
	{ "\"size\":\"dynamic\"", "\"size\":\"1048576\"", 0, "" },
	{ "\"size\":\"dynamic\"", "\"size\":\"Dynamic\"", -EBADMSG, "header.segments.0.size" },
	{ "\"size\":\"dynamic\"", "\"size\":9", -EBADMSG, "header.segments.0.size" },
	{ "\"size\":\"dynamic\",", "", -EBADMSG, "header.segments.0.size" },
	{ "\"offset\":\"4194304\"", "\"offset\":\"-1\"", -EBADMSG, "header.segments.0.offset" },
	{ "\"offset\":\"4194304\"", "\"offset\":\"9223372036854775808\"", -EBADMSG, "header.segments.0.offset" },
	{ "\"offset\":\"4194304\"", "\"offset\":\"04\"", -EBADMSG, "header.segments.0.offset" },
	{ "\"iv_tweak\":\"8\"", "\"iv_tweak\":\"18446744073709551615\"", 0, "" },
	{ "\"iv_tweak\":\"8\"", "\"iv_tweak\":\"18446744073709551616\"", -EBADMSG, "header.segments.0.iv_tweak" },
	{ "\"sector_size\":4096", "\"sector_size\":1024", -EBADMSG, "header.segments.0.sector_size: neither 512 nor 4096" },
	{ "\"sector_size\":4096", "\"sector_size\":512", 0, "" },
	{ "\"sector_size\":4096", "\"sector_size\":4096,\"integrity\":{}", -EBADMSG, "header.segments.0.integrity: not known" },
	{ "\"segments\":{\"0\"", "\"segments\":{\"1\"", -EBADMSG, "header.segments.0" },
	{ "\"segments\":{", "\"segments\":{\"1\":{},", -EBADMSG, "header.segments: 2 of them, not one" },
	{ "\"encryption\":\"aes-xts-plain64\"", "\"encryption\":\"cipher_null-ecb\"", -EBADMSG, "header.keyslots.7.area.encryption: cipher_null-ecb, not aes-xts-plain64" },
	{ "\"type\":\"raw\"", "\"type\":\"datashift\"", -EBADMSG, "header.keyslots.7.area.type" },
	{ "\"type\":\"luks2\"", "\"type\":\"reencrypt\"", -EBADMSG, "header.keyslots.7.type" },
	{ "\"key_size\":64", "\"key_size\":48", -EBADMSG, "header.keyslots.7.key_size: neither 64 nor 32" },
	{ "\"key_size\":64", "\"key_size\":32", -EBADMSG, "header.keyslots.0.key_size: not that of the others" },
	{ "\"key_size\":64", "\"key_size\":6400", -EBADMSG, "header.keyslots.7.key_size" },
	{ "\"7\":", "\"07\":", -EBADMSG, "header.keyslots.07: not numbered 0 to 31" },
	{ "\"7\":", "\"32\":", -EBADMSG, "header.keyslots.32: not numbered" },
	{ "\"7\":", "\"\":", -EBADMSG, "not numbered" },
	{ "\"7\":", "\"7 \":", -EBADMSG, "not numbered" },
	{ "\"7\":", "\"-1\":", -EBADMSG, "not numbered" },
	{ ",\"0\":{\"type\":\"luks2\"", ",\"8\":{\"type\":\"luks2\"", -EBADMSG, "header.keyslots: without 0, which envol makes" },
	{ "[\"0\",\"7\"]", "[\"0\"]", -EBADMSG, "header.digests.0.keyslots: not all keyslots" },
	{ "[\"0\",\"7\"]", "[\"0\",\"6\"]", -EBADMSG, "no such keyslot" },
	{ "\"segments\":[\"0\"]", "\"segments\":[]", -EBADMSG, "header.digests.0.segments: empty" },
	{ "\"segments\":[\"0\"]", "\"segments\":[\"1\"]", -EBADMSG, "header.digests.0.segments" },
	{ "\"type\":\"pbkdf2\"", "\"type\":\"argon2id\"", -EBADMSG, "header.digests.0.type" },
	{ "\"hash\":\"sha256\"", "\"hash\":\"sha256-with-a-name-that-is-too-long-for-it\"", -EBADMSG, "header.digests.0.hash" },
	{ "\"salt\":\"AAEC\"", "\"salt\":\"AAE\"", -EBADMSG, "header.digests.0.salt" },
	{ "\"digests\":{", "\"digests\":{\"1\":{},", -EBADMSG, "header.digests: 2 of them, not one" },
	{ "\"mandatory\":[]", "\"mandatory\":[\"online-reencrypt-v2\"]", -EPROTONOSUPPORT, "header.config.requirements.mandatory: online-reencrypt-v2, which" },
	{ "\"requirements\":{\"mandatory\":[]}", "\"requirements\":{}", 0, "" },
	{ "\"requirements\":{\"mandatory\":[]}", "\"requirements\":{\"optional\":[\"x\"]}", -EBADMSG, "header.config.requirements.mandatory" },
	{ "\"no-journal\"", "\"no journal\"", -EBADMSG, "header.config.flags[0]: has a blank" },
	{ "\"no-journal\"", "7", -EBADMSG, "header.config.flags[0]" },
	{ "\"envol\"", "\"other\"", 0, "" },
	{ "\"config\":", "\"konfig\":", -EBADMSG, "header.config" },
};

static struct envol *ev;

static int parse_changed(const char *from, const char *to,
			 struct envol_layout *layout)
{
	const char *at = strstr(good, from);
	char text[4096];
	int len;

	if (!at)
		FAIL("%s is not in the good one", from);
	len = snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, to,
		       at + strlen(from));
	return envol_layout_parse(ev, text, len, layout);
}

TEST(what_envol_makes_is_taken)
{
	_cleanup_layout_ struct envol_layout layout = ENVOL_LAYOUT_INIT;

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_layout_parse(ev, good, strlen(good), &layout));
	CHECK_EQ(layout.key_size, 64);
	CHECK_EQ(layout.sector_size, 4096);
	CHECK_EQ(layout.offset, 4194304);
	CHECK_EQ(layout.size, 0);
	CHECK_EQ(layout.iv_offset, 8);
	CHECK_STR_EQ(layout.flags, "allow-discards no-journal");
	CHECK(layout.discards);
	CHECK_EQ(layout.n_keyslots, 2);
	CHECK_EQ(layout.keyslots[0].number, 0);
	CHECK_EQ(layout.keyslots[1].number, 7);
	CHECK(envol_layout_has_keyslot(&layout, 7));
	CHECK(!envol_layout_has_keyslot(&layout, 1));
	CHECK_EQ(layout.digest.iterations, 1000);
	CHECK_EQ(layout.digest.salt.len, 3);
	CHECK_EQ(layout.n_tokens, 1);
	CHECK_EQ(layout.token, 5);
	envol_free(ev);
}

TEST(anything_else_is_refused_by_name)
{
	size_t i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		_cleanup_layout_ struct envol_layout layout = ENVOL_LAYOUT_INIT;
		int err = parse_changed(rows[i].from, rows[i].to, &layout);

		if (err != rows[i].err ||
		    (err && !strstr(envol_error_message(ev), rows[i].sentence)))
			FAIL("%s to %s: %d, %s", rows[i].from, rows[i].to, err,
			     envol_error_message(ev));
		/* Nothing of what was refused stays. */
		if (err)
			CHECK_EQ(layout.n_keyslots + layout.key_size +
				 layout.digest.salt.len, 0);
	}
	envol_free(ev);
}

/* It is said of another tool's header that it is one, whatever else it has. */
TEST(tokens_are_counted_before_the_rest_is_judged)
{
	static const struct {
		const char *from, *to;
		int n_tokens;
	} cases[] = {
		{ "\"envol\"", "\"other\"", 0 },
		{ "\"other\",\"any\":[{}]", "\"envol\"", 2 },
		{ "\"tokens\":{", "\"tokens\":{\"9\":7,", -2 },
		{ "\"type\":\"crypt\"", "\"type\":\"linear\"", 1 },
	};
	size_t i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(cases); i++) {
		_cleanup_layout_ struct envol_layout layout = ENVOL_LAYOUT_INIT;
		int err = parse_changed(cases[i].from, cases[i].to, &layout);

		if (cases[i].n_tokens == -2)
			CHECK_ERR(err, -EBADMSG);
		else
			CHECK_EQ(layout.n_tokens, cases[i].n_tokens);
	}
	envol_free(ev);
}

TEST(a_keyslot_that_is_being_made_is_not_sealed)
{
	_cleanup_layout_ struct envol_layout layout = ENVOL_LAYOUT_INIT;
	struct envol_sealed *sealed = calloc(1, sizeof(*sealed));

	CHECK(sealed);
	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_layout_parse(ev, good, strlen(good), &layout));
	envol_layout_seal(&layout, "uuid", sealed);
	CHECK_EQ(sealed->n_keyslots, 2);
	CHECK_EQ(sealed->keyslots[1].number, 7);
	CHECK_EQ(sealed->segments[0].offset, 4194304);
	CHECK_STR_EQ(sealed->uuid, "uuid");
	sealed->pending_keyslot = 7;
	envol_layout_seal(&layout, "uuid", sealed);
	CHECK_EQ(sealed->n_keyslots, 1);
	CHECK_EQ(sealed->keyslots[0].number, 0);
	free(sealed);
	envol_free(ev);
}
