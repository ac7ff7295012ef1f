// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/base64.h"

/* RFC 4648 section 10, and the two characters in which the alphabets differ. */
static const struct {
	const char *data, *base64, *base64url;
} known[] = {
	{ "", "", "" },
	{ "f", "Zg==", "Zg" },
	{ "fo", "Zm8=", "Zm8" },
	{ "foo", "Zm9v", "Zm9v" },
	{ "foob", "Zm9vYg==", "Zm9vYg" },
	{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
	{ "\xfb\xef\xff", "++//", "--__" },
};

static void check_known(enum envol_base64_kind kind, const char *data,
			const char *text)
{
	_cleanup_blob_ struct envol_blob blob = ENVOL_BLOB_INIT;
	_cleanup_free_ char *made = NULL;

	made = envol_base64_encode(kind, (const uint8_t *)data, strlen(data));
	CHECK_STR_EQ(made, text);
	CHECK_OK(envol_base64_decode(kind, text, strlen(text), &blob));
	CHECK_EQ(blob.len, strlen(data));
	CHECK_MEM_EQ(blob.data, data, blob.len);
}

TEST(known_answers)
{
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(known); i++) {
		check_known(ENVOL_BASE64, known[i].data, known[i].base64);
		check_known(ENVOL_BASE64URL, known[i].data, known[i].base64url);
	}
}

/* Against the alphabet as RFC 4648 prints it. */
TEST(every_character_in_every_place)
{
	static const char *const alphabets[] = {
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
	};
	_cleanup_blob_ struct envol_blob blob = ENVOL_BLOB_INIT;
	int kind, place, c;

	for (kind = ENVOL_BASE64; kind <= ENVOL_BASE64URL; kind++)
		for (place = 0; place < 4; place++)
			for (c = 0; c < 256; c++) {
				const char *at = c ? strchr(alphabets[kind], c)
						   : NULL;
				char text[5] = "AAAA";
				uint32_t got;
				int err;

				text[place] = (char)c;
				err = envol_base64_decode(kind, text, 4, &blob);
				if (kind == ENVOL_BASE64 && place == 3 &&
				    c == '=') {
					CHECK_OK(err);
					CHECK_EQ(blob.len, 2);
					continue;
				}
				CHECK_ERR(err, at ? 0 : -EINVAL);
				if (!at)
					continue;
				got = blob.data[0] << 16 | blob.data[1] << 8 |
				      blob.data[2];
				CHECK_EQ(got, (at - alphabets[kind])
						      << (18 - 6 * place));
			}
}

TEST(decode_is_strict)
{
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg===", "Zh==",
					   "Zm9=", "=", "==", "====", "Z===",
					   "Zg==Zg==", "Zm9v\n", "Zm9v ",
					   "Z m8", "Zm8-", "Zm8_", "Zg=A" };
	static const char *const bad_url[] = { "Z", "Zg==", "Zh", "Zm9", "Zm9vY",
					       "Zm8+", "Zm8/", "Zm8=", "Z\tm8" };
	_cleanup_blob_ struct envol_blob blob = ENVOL_BLOB_INIT;
	size_t i;

	CHECK_OK(envol_blob_append(&blob, "kept", 4));
	for (i = 0; i < TEST_ARRAY_SIZE(bad); i++)
		CHECK_ERR(envol_base64_decode(ENVOL_BASE64, bad[i],
					      strlen(bad[i]), &blob), -EINVAL);
	for (i = 0; i < TEST_ARRAY_SIZE(bad_url); i++)
		CHECK_ERR(envol_base64_decode(ENVOL_BASE64URL, bad_url[i],
					      strlen(bad_url[i]), &blob),
			  -EINVAL);
	CHECK_ERR(envol_base64_decode(ENVOL_BASE64, "AA\0A", 4, &blob), -EINVAL);
	CHECK_MEM_EQ(blob.data, "kept", 4);
}

TEST(secrets)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret text = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	struct envol *ev;
	size_t len, i;

	CHECK_OK(envol_new(&ev));
	for (len = 1; len < 70; len++) {
		CHECK_OK(envol_secret_alloc(ev, &key, len));
		for (i = 0; i < len; i++)
			key.data[i] = 37 * i + len;
		CHECK_OK(envol_base64_encode_secret(ev, len % 2, &key, &text));
		CHECK_OK(envol_base64_decode_secret(ev, len % 2,
						    (char *)text.data, text.len,
						    &back));
		CHECK(envol_secret_equal(&key, &back));
		envol_secret_wipe(&key);
		envol_secret_wipe(&text);
		envol_secret_wipe(&back);
	}
	CHECK_ERR(envol_base64_decode_secret(ev, ENVOL_BASE64, "Zm9!", 4, &back),
		  -EINVAL);
	CHECK(!back.data);
	CHECK(!strstr(envol_error_message(ev), "Zm9"));
	CHECK_ERR(envol_base64_decode_secret(ev, ENVOL_BASE64, "", 0, &back),
		  -EINVAL);
	envol_free(ev);
}
