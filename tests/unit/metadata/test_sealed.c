// SPDX-License-Identifier: GPL-2.0-or-later
/* Every sealed value changes the MAC, and comparing names it. */
#include <errno.h>

#include "tests/harness/test.h"
#include "userspace/lib/metadata/sealed.h"

static struct envol_sealed example(void)
{
	static const uint8_t salt[4] = "salt", bytes[4] = "byte";
	struct envol_sealed s = {
		.generation = 7, .uuid = "u", .cipher = "aes-xts-plain64",
		.key_size = 64, .sector_size = 4096, .n_segments = 1,
		.n_keyslots = 1, .n_wraps = 2,
	};

	s.segments[0].offset = 16 << 20;
	s.digest.type = "pbkdf2";
	s.digest.hash = "sha256";
	s.digest.salt = salt;
	s.digest.salt_len = sizeof(salt);
	s.digest.bytes = bytes;
	s.digest.bytes_len = sizeof(bytes);
	s.keyslots[0].area_cipher = "aes-xts-plain64";
	s.wraps[0].n_parts = 1;
	s.wraps[0].parts[0].uri = "service:a";
	s.wraps[1].n_parts = 2;
	s.wraps[1].parts[1].uri = "service:c";
	return s;
}

static void check_named(const struct envol_sealed *changed, const char *name)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	uint8_t mac[ENVOL_DIGEST_SIZE], other[ENVOL_DIGEST_SIZE];
	struct envol_sealed s = example();
	char what[ENVOL_SEALED_NAME_SIZE];
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_secret_alloc(ev, &key, 32));
	CHECK_ERR(envol_sealed_compare(ev, &s, changed, what), -EBADMSG);
	CHECK_STR_EQ(what, name);
	CHECK_ERR(envol_sealed_compare(ev, changed, &s, what), -EBADMSG);
	CHECK_STR_EQ(what, name);
	CHECK_OK(envol_sealed_mac(ev, &s, &key, mac));
	CHECK_OK(envol_sealed_mac(ev, changed, &key, other));
	CHECK(!envol_digest_equal(mac, other));
	envol_free(ev);
}

#define CHECK_CHANGE(name, statement)                 \
	do {                                          \
		struct envol_sealed s = example();    \
						      \
		statement;                            \
		check_named(&s, name);                \
	} while (0)

TEST(a_change_is_named)
{
	CHECK_CHANGE("volume id", s.volume_id[15] = 1);
	CHECK_CHANGE("generation", s.generation = 8);
	CHECK_CHANGE("uuid", s.uuid = "v");
	CHECK_CHANGE("cipher", s.cipher = "cipher_null-ecb");
	CHECK_CHANGE("key size", s.key_size = 32);
	CHECK_CHANGE("sector size", s.sector_size = 512);
	CHECK_CHANGE("iv offset", s.iv_offset = 1);
	CHECK_CHANGE("flags", s.flags = "allow-discards");
	CHECK_CHANGE("requirements", s.requirements = "x");
	CHECK_CHANGE("policy", s.policy = "x");
	CHECK_CHANGE("segments", s.n_segments = 2);
	CHECK_CHANGE("segments[0].offset", s.segments[0].offset = 0);
	CHECK_CHANGE("segments[0].size", s.segments[0].size = 512);
	CHECK_CHANGE("digest.type", s.digest.type = "x");
	CHECK_CHANGE("digest.hash", s.digest.hash = "sha1");
	CHECK_CHANGE("digest.salt", s.digest.salt_len = 3);
	CHECK_CHANGE("digest.bytes", s.digest.bytes_len = 0);
	CHECK_CHANGE("keyslots", s.n_keyslots = 0);
	CHECK_CHANGE("keyslots[0].number", s.keyslots[0].number = 1);
	CHECK_CHANGE("keyslots[0].area cipher",
		     s.keyslots[0].area_cipher = "cipher_null-ecb");
	CHECK_CHANGE("wraps", s.n_wraps = 1);
	CHECK_CHANGE("wraps[1].parts", s.wraps[1].n_parts = 1);
	CHECK_CHANGE("wraps[0].parts[0].uri",
		     s.wraps[0].parts[0].uri = "service:b");
	CHECK_CHANGE("wraps[1].parts[1].version",
		     s.wraps[1].parts[1].version = "2");
	CHECK_CHANGE("wraps[0].parts[0].algorithm",
		     s.wraps[0].parts[0].algorithm = "x");
	CHECK_CHANGE("wraps[1].parts[1].bytes",
		     s.wraps[1].parts[1].sha256[31] = 1);
}

TEST(equal_and_out_of_bounds)
{
	struct envol_sealed a = example(), b = example();
	char what[ENVOL_SEALED_NAME_SIZE];
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_sealed_compare(ev, &a, &b, what));
	b.wraps[0].n_parts = 3;
	CHECK_ERR(envol_sealed_compare(ev, &a, &b, what), -EINVAL);
	b = example();
	b.n_keyslots = ENVOL_SEALED_KEYSLOTS + 1;
	CHECK_ERR(envol_sealed_compare(ev, &a, &b, what), -EINVAL);
	envol_free(ev);
}

/* Computed with Python's struct and hmac: the encoding is the format. */
TEST(mac_of_the_example)
{
	static const uint8_t want[ENVOL_DIGEST_SIZE] = {
		0x75, 0x95, 0x49, 0xfc, 0x67, 0xbd, 0x11, 0x2f,
		0xab, 0x32, 0x4b, 0x9a, 0x27, 0x22, 0xa1, 0x27,
		0xe4, 0x08, 0x7e, 0x11, 0xf5, 0xc5, 0xc9, 0x26,
		0x02, 0xea, 0xee, 0xf6, 0x76, 0x44, 0xc7, 0xff,
	};
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	struct envol_sealed s = example();
	uint8_t mac[ENVOL_DIGEST_SIZE];
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_secret_alloc(ev, &key, 32));
	CHECK_OK(envol_sealed_mac(ev, &s, &key, mac));
	CHECK_MEM_EQ(mac, want, sizeof(want));
	envol_free(ev);
}
