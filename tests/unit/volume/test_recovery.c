// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/volume/recovery.h"

static struct envol *ev;

static const char zeros[] =
	"bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbb";

static void fill(struct envol_secret *s, const void *data, size_t len)
{
	envol_secret_wipe(s);
	CHECK_OK(envol_secret_copy(ev, s, data, len));
}

/* Parse @typed; NULL for what is refused. */
static const char *parse(const char *typed)
{
	static char text[ENVOL_RECOVERY_TEXT_SIZE + 1];
	struct envol_secret in = ENVOL_SECRET_INIT, out = ENVOL_SECRET_INIT;
	int err;

	fill(&in, typed, strlen(typed));
	err = envol_recovery_parse(ev, &in, &out);
	envol_secret_wipe(&in);
	if (err) {
		CHECK_ERR(err, -EPERM);
		CHECK_EQ(out.len, 0);
		return NULL;
	}
	CHECK_EQ(out.len, ENVOL_RECOVERY_TEXT_SIZE);
	memcpy(text, out.data, out.len);
	envol_secret_wipe(&out);
	return text;
}

static void format(char text[ENVOL_RECOVERY_TEXT_SIZE + 1], const uint8_t *bytes)
{
	struct envol_secret key = ENVOL_SECRET_INIT, out = ENVOL_SECRET_INIT;

	fill(&key, bytes, ENVOL_RECOVERY_KEY_SIZE);
	CHECK_OK(envol_recovery_format(ev, &key, &out));
	CHECK_EQ(out.len, ENVOL_RECOVERY_TEXT_SIZE);
	memcpy(text, out.data, out.len);
	text[out.len] = 0;
	envol_secret_wipe(&key);
	envol_secret_wipe(&out);
}

static void example(char text[ENVOL_RECOVERY_TEXT_SIZE + 1])
{
	uint8_t bytes[ENVOL_RECOVERY_KEY_SIZE];
	int i;

	for (i = 0; i < ENVOL_RECOVERY_KEY_SIZE; i++)
		bytes[i] = i * 37 + 5;
	format(text, bytes);
}

TEST(a_key_is_groups_of_letters)
{
	static const uint8_t none[ENVOL_RECOVERY_KEY_SIZE];
	uint8_t bytes[ENVOL_RECOVERY_KEY_SIZE] = { 0x01, 0x23, 0x45, 0x67,
						   0x89, 0xab, 0xcd, 0xef };
	char text[ENVOL_RECOVERY_TEXT_SIZE + 1];

	CHECK_OK(envol_new(&ev));
	format(text, none);
	CHECK_STR_EQ(text, zeros);
	format(text, bytes);
	CHECK_EQ(strncmp(text, "bcde-fghj-knpr-stvx-bbbb-", 25), 0);
	/* The sum of i * x^(15 - i) over GF(16) with x^4 + x + 1, for i to 15: 11. */
	CHECK_STR_EQ(text + 80, "rbbb");
	envol_free(ev);
}

TEST(how_it_is_typed_does_not_matter)
{
	char text[ENVOL_RECOVERY_TEXT_SIZE + 1], typed[200];
	char *out = typed;
	int i;

	CHECK_OK(envol_new(&ev));
	example(text);
	CHECK_STR_EQ(parse(text), text);
	for (i = 0; text[i]; i++)
		if (text[i] != '-')
			*out++ = toupper(text[i]);
	*out = 0;
	CHECK_STR_EQ(parse(typed), text);
	snprintf(typed, sizeof(typed), " %.20s\t--%.10s \r\n%s\n", text, text + 20,
		 text + 30);
	CHECK_STR_EQ(parse(typed), text);
	envol_free(ev);
}

TEST(each_wrong_letter_is_found_and_where)
{
	static const char letters[] = "bcdefghjknprstvx";
	char text[ENVOL_RECOVERY_TEXT_SIZE + 1], where[64], was;
	size_t i, letter = 0, other;

	CHECK_OK(envol_new(&ev));
	example(text);
	for (i = 0; text[i]; i++) {
		if (text[i] == '-')
			continue;
		was = text[i];
		for (other = 0; other < 16; other++) {
			text[i] = letters[other];
			if (text[i] == was)
				continue;
			CHECK(!parse(text));
			if (letter < 64)
				snprintf(where, sizeof(where), "groups %zu to %zu",
					 letter / 16 * 4 + 1, letter / 16 * 4 + 4);
			else
				snprintf(where, sizeof(where),
					 "letter %zu of the last group",
					 letter - 63);
			CHECK_STR_HAS(envol_error_message(ev), where);
		}
		text[i] = was;
		letter++;
	}
	envol_free(ev);
}

TEST(neighbours_that_changed_places_are_found)
{
	char text[ENVOL_RECOVERY_TEXT_SIZE + 1], swap;
	size_t i, n = 0;

	CHECK_OK(envol_new(&ev));
	example(text);
	for (i = 0; i + 1 < sizeof(text) - 6; i++) {
		if (text[i] == '-' || text[i + 1] == '-' || text[i] == text[i + 1])
			continue;
		swap = text[i];
		text[i] = text[i + 1];
		text[i + 1] = swap;
		CHECK(!parse(text));
		text[i + 1] = text[i];
		text[i] = swap;
		n++;
	}
	CHECK(n > 30);
	envol_free(ev);
}

TEST(what_is_no_recovery_key_is_said)
{
	char text[ENVOL_RECOVERY_TEXT_SIZE + 2];

	CHECK_OK(envol_new(&ev));
	CHECK(!parse("-"));
	CHECK_STR_HAS(envol_error_message(ev), "0 letters were given, and it has 68");
	example(text);
	strcat(text, "b");
	CHECK(!parse(text));
	CHECK_STR_HAS(envol_error_message(ev), "69 letters");
	text[83] = 0;
	CHECK(!parse(text));
	CHECK_STR_HAS(envol_error_message(ev), "67 letters");
	example(text);
	text[6] = 'a';
	CHECK(!parse(text));
	CHECK_STR_HAS(envol_error_message(ev), "group 2 has a character");
	text[6] = '\xc3';
	CHECK(!parse(text));
	envol_free(ev);
}

/* No sentence may tell what was typed. */
TEST(a_secret_is_not_in_the_sentence)
{
	char text[ENVOL_RECOVERY_TEXT_SIZE + 1], group[5] = "";
	int i;

	CHECK_OK(envol_new(&ev));
	example(text);
	text[0] = text[0] == 'b' ? 'c' : 'b';
	CHECK(!parse(text));
	for (i = 0; i < 17; i++) {
		memcpy(group, text + 5 * i, 4);
		CHECK(!strstr(envol_error_message(ev), group));
	}
	envol_free(ev);
}
