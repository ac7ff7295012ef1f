// SPDX-License-Identifier: GPL-2.0-or-later
/* AES-KWP: RFC 5649's examples, python3-cryptography's answers for AES-256, every bit changed. */
#include <errno.h>

#include "tests/unit/crypto/bytes.h"
#include "userspace/lib/crypto/keywrap.h"

static void check_vector(const char *kek_hex, const char *key_hex,
			 const char *wrapped_hex)
{
	_cleanup_secret_ struct envol_secret kek = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	_cleanup_blob_ struct envol_blob wrapped = ENVOL_BLOB_INIT;
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	secret_of(ev, &kek, kek_hex);
	secret_of(ev, &key, key_hex);
	CHECK_OK(envol_keywrap_wrap(ev, &kek, &key, &wrapped));
	check_hex(wrapped.data, wrapped.len, wrapped_hex);
	CHECK_OK(envol_keywrap_unwrap(ev, &kek, wrapped.data, wrapped.len,
				      &back));
	CHECK(envol_secret_equal(&key, &back));
	envol_free(ev);
}

TEST(rfc5649_section_6)
{
	static const char kek[] =
		"5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8";

	check_vector(kek, "c37b7e6492584340bed12207808941155068f738",
		     "138bdeaa9b8fa7fc61f97742e72248ee"
		     "5ae6ae5360d1ae6a5f54f373fa543b6a");
	check_vector(kek, "466f7250617369",
		     "afbeb0f07dfbf5419200f2ccb50bb24f");
}

/* Answers of python3-cryptography 38.0.4, whose key wrap is written in Python. */
TEST(aes_256_against_python_cryptography)
{
	static const char kek[] =
		"000102030405060708090a0b0c0d0e0f"
		"101112131415161718191a1b1c1d1e1f";

	check_vector(kek,
		     "404142434445464748494a4b4c4d4e4f"
		     "505152535455565758595a5b5c5d5e5f"
		     "606162636465666768696a6b6c6d6e6f"
		     "707172737475767778797a7b7c7d7e7f",
		     "f2f0588f42f55c0ac7082198ccf18cce"
		     "5e84ba5b1fb8dc35227e2c29eb13c80c"
		     "48cb7a9411ea5b2b0aafd5c62234b762"
		     "907ab62e0d76433491cbdd73cbf4f9be"
		     "577406e7d8c4c235");
	check_vector(kek,
		     "404142434445464748494a4b4c4d4e4f"
		     "505152535455565758595a5b5c5d5e5f60",
		     "21a843d4c7ad5655090f0cc629d602a5"
		     "70b43043d31c1b44b7029022af323538"
		     "abfd5b2e5c8778795664766c500246cd");
}

TEST(every_length_comes_back)
{
	struct envol *ev;
	size_t len;

	CHECK_OK(envol_new(&ev));
	for (len = 1; len <= 72; len++) {
		_cleanup_secret_ struct envol_secret kek = ENVOL_SECRET_INIT;
		_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
		_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
		_cleanup_blob_ struct envol_blob wrapped = ENVOL_BLOB_INIT;

		secret_counting(ev, &kek, 0, 32);
		secret_counting(ev, &key, 0x40, len);
		CHECK_OK(envol_keywrap_wrap(ev, &kek, &key, &wrapped));
		CHECK_EQ(wrapped.len, (len + 7) / 8 * 8 + 8);
		CHECK_OK(envol_keywrap_unwrap(ev, &kek, wrapped.data,
					      wrapped.len, &back));
		CHECK(envol_secret_equal(&key, &back));
	}
	envol_free(ev);
}

TEST(any_changed_bit_and_another_kek_are_found)
{
	_cleanup_secret_ struct envol_secret kek = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret other = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	_cleanup_blob_ struct envol_blob wrapped = ENVOL_BLOB_INIT;
	struct envol *ev;
	size_t bit;

	CHECK_OK(envol_new(&ev));
	secret_counting(ev, &kek, 0, 32);
	secret_counting(ev, &other, 1, 32);
	secret_counting(ev, &key, 0x40, 64);
	CHECK_OK(envol_keywrap_wrap(ev, &kek, &key, &wrapped));
	for (bit = 0; bit < 8 * wrapped.len; bit++) {
		wrapped.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CHECK_ERR(envol_keywrap_unwrap(ev, &kek, wrapped.data,
					       wrapped.len, &back),
			  -EBADMSG);
		wrapped.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	CHECK_ERR(envol_keywrap_unwrap(ev, &other, wrapped.data, wrapped.len,
				       &back),
		  -EBADMSG);
	CHECK_STR_HAS(envol_error_message(ev), "another KEK");
	CHECK_EQ(back.len, 0);
	CHECK_OK(envol_keywrap_unwrap(ev, &kek, wrapped.data, wrapped.len,
				      &back));
	CHECK(envol_secret_equal(&key, &back));
	envol_free(ev);
}

TEST(lengths_out_of_bounds)
{
	_cleanup_secret_ struct envol_secret kek = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret odd = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret empty = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret large = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret most = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	_cleanup_blob_ struct envol_blob wrapped = ENVOL_BLOB_INIT;
	static const uint8_t bytes[ENVOL_KEYWRAP_MAX + 16];
	struct envol *ev;
	size_t len;

	CHECK_OK(envol_new(&ev));
	secret_counting(ev, &kek, 0, 32);
	secret_counting(ev, &odd, 0, 31);
	secret_counting(ev, &most, 0, ENVOL_KEYWRAP_MAX);
	secret_counting(ev, &large, 0, ENVOL_KEYWRAP_MAX + 1);
	CHECK_ERR(envol_keywrap_wrap(ev, &odd, &kek, &wrapped), -EINVAL);
	CHECK_ERR(envol_keywrap_wrap(ev, &empty, &kek, &wrapped), -EINVAL);
	CHECK_ERR(envol_keywrap_wrap(ev, &kek, &empty, &wrapped), -EINVAL);
	CHECK_ERR(envol_keywrap_wrap(ev, &kek, &large, &wrapped), -EINVAL);
	CHECK_EQ(wrapped.len, 0);

	for (len = 0; len < 16; len++)
		CHECK_ERR(envol_keywrap_unwrap(ev, &kek, bytes, len, &back),
			  -EBADMSG);
	CHECK_ERR(envol_keywrap_unwrap(ev, &kek, bytes, 17, &back), -EBADMSG);
	CHECK_ERR(envol_keywrap_unwrap(ev, &kek, bytes, sizeof(bytes), &back),
		  -EBADMSG);
	CHECK_ERR(envol_keywrap_unwrap(ev, &odd, bytes, 16, &back), -EINVAL);

	CHECK_OK(envol_keywrap_wrap(ev, &kek, &most, &wrapped));
	CHECK_OK(envol_keywrap_unwrap(ev, &kek, wrapped.data, wrapped.len,
				      &back));
	CHECK(envol_secret_equal(&most, &back));
	envol_free(ev);
}
