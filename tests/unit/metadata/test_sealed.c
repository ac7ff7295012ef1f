// SPDX-License-Identifier: GPL-2.0-or-later
/* Every sealed value changes the encoding, and comparing names it, whatever bytes it meets. */
#include <errno.h>
#include <stdio.h>

#include "tests/harness/guard.h"
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
	s.digest.iterations = 1000;
	s.digest.salt = salt;
	s.digest.salt_len = sizeof(salt);
	s.digest.bytes = bytes;
	s.digest.bytes_len = sizeof(bytes);
	s.keyslots[0].area_cipher = "aes-xts-plain64";
	s.keyslots[0].area_key_size = 64;
	s.wraps[0].n_parts = 1;
	s.wraps[0].parts[0].uri = "service:a";
	s.wraps[0].created = 1772366400;
	s.wraps[0].proved = true;
	s.wraps[1].n_parts = 2;
	s.wraps[1].parts[1].uri = "service:c";
	return s;
}

static void encode(struct envol *ev, const struct envol_sealed *s,
		   struct envol_blob *blob)
{
	CHECK_OK(envol_sealed_encode(ev, s, blob));
}

static void check_said(const struct envol_sealed *changed, const char *sentence)
{
	_cleanup_blob_ struct envol_blob a = ENVOL_BLOB_INIT, b = ENVOL_BLOB_INIT;
	struct envol_sealed s = example();
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	encode(ev, &s, &a);
	encode(ev, changed, &b);
	CHECK_ERR(envol_sealed_compare(ev, &a, &b), -EBADMSG);
	CHECK_STR_EQ(envol_error_message(ev), sentence);
	CHECK_ERR(envol_sealed_compare(ev, &b, &a), -EBADMSG);
	envol_free(ev);
}

#define CHECK_CHANGE(sentence, statement)             \
	do {                                          \
		struct envol_sealed s = example();    \
						      \
		statement;                            \
		check_said(&s, sentence);             \
	} while (0)

TEST(a_change_of_the_header_is_named)
{
	CHECK_CHANGE("volume id: sealed 16 bytes, found 16 other bytes",
		     s.volume_id[15] = 1);
	CHECK_CHANGE("generation: sealed 7, found 8", s.generation = 8);
	CHECK_CHANGE("policy: sealed nothing, found x", s.policy = "x");
	CHECK_CHANGE("pending keyslot: sealed 0, found 1", s.pending_keyslot = 1);
	CHECK_CHANGE("uuid: sealed u, found v", s.uuid = "v");
	CHECK_CHANGE("cipher: sealed aes-xts-plain64, found cipher_null-ecb",
		     s.cipher = "cipher_null-ecb");
	CHECK_CHANGE("key size: sealed 64, found 32", s.key_size = 32);
	CHECK_CHANGE("sector size: sealed 4096, found 512", s.sector_size = 512);
	CHECK_CHANGE("iv offset: sealed 0, found 1", s.iv_offset = 1);
	CHECK_CHANGE("flags: sealed nothing, found allow-discards",
		     s.flags = "allow-discards");
	CHECK_CHANGE("requirements: sealed nothing, found x", s.requirements = "x");
	CHECK_CHANGE("segments: sealed 1, found 2", s.n_segments = 2);
	CHECK_CHANGE("segments[0].offset: sealed 16777216, found 0",
		     s.segments[0].offset = 0);
	CHECK_CHANGE("segments[0].size: sealed 0, found 512",
		     s.segments[0].size = 512);
	CHECK_CHANGE("digest.type: sealed pbkdf2, found x", s.digest.type = "x");
	CHECK_CHANGE("digest.hash: sealed sha256, found sha1",
		     s.digest.hash = "sha1");
	CHECK_CHANGE("digest.iterations: sealed 1000, found 1",
		     s.digest.iterations = 1);
	CHECK_CHANGE("digest.salt: sealed salt, found sal",
		     s.digest.salt_len = 3);
	CHECK_CHANGE("digest.bytes: sealed byte, found nothing",
		     s.digest.bytes_len = 0);
	CHECK_CHANGE("keyslots: sealed 1, found 0", s.n_keyslots = 0);
	CHECK_CHANGE("keyslots[0].number: sealed 0, found 1",
		     s.keyslots[0].number = 1);
	CHECK_CHANGE("keyslots[0].area cipher: sealed aes-xts-plain64, found cipher_null-ecb",
		     s.keyslots[0].area_cipher = "cipher_null-ecb");
	CHECK_CHANGE("keyslots[0].area key size: sealed 64, found 32",
		     s.keyslots[0].area_key_size = 32);
}

TEST(a_change_of_a_wrap_is_named)
{
	CHECK_CHANGE("wraps: sealed 2, found 1", s.n_wraps = 1);
	CHECK_CHANGE("wraps[1].parts: sealed 2, found 1", s.wraps[1].n_parts = 1);
	CHECK_CHANGE("wraps[0].parts[0].uri: sealed service:a, found service:b",
		     s.wraps[0].parts[0].uri = "service:b");
	CHECK_CHANGE("wraps[1].parts[1].version: sealed nothing, found 2",
		     s.wraps[1].parts[1].version = "2");
	CHECK_CHANGE("wraps[0].parts[0].algorithm: sealed nothing, found x",
		     s.wraps[0].parts[0].algorithm = "x");
	CHECK_CHANGE("wraps[1].parts[1].bytes: sealed 32 bytes, found 32 other bytes",
		     s.wraps[1].parts[1].sha256[31] = 1);
	CHECK_CHANGE("wraps[1].dek: sealed 32 bytes, found 32 other bytes",
		     s.wraps[1].dek_sha256[0] = 1);
	CHECK_CHANGE("wraps[0].created: sealed 1772366400, found 0",
		     s.wraps[0].created = 0);
	CHECK_CHANGE("wraps[1].retiring: sealed 0, found 1",
		     s.wraps[1].retiring = 1);
	CHECK_CHANGE("wraps[0].proved: sealed 1, found 0",
		     s.wraps[0].proved = false);
	/* It is there or not, and has no other value. */
	CHECK_CHANGE("what is sealed has other values than this version's",
		     s.wraps[0].unprotected = true);
	CHECK_CHANGE("what is sealed ends too early or too late",
		     s.wraps[1].unprotected = true);
}

TEST(counts_out_of_bounds_are_refused)
{
	_cleanup_blob_ struct envol_blob blob = ENVOL_BLOB_INIT;
	struct envol_sealed s = example();
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	s.wraps[0].n_parts = 3;
	CHECK_ERR(envol_sealed_encode(ev, &s, &blob), -EINVAL);
	s.wraps[0].n_parts = 0;
	CHECK_ERR(envol_sealed_encode(ev, &s, &blob), -EINVAL);
	s = example();
	s.n_keyslots = ENVOL_SEALED_KEYSLOTS + 1;
	CHECK_ERR(envol_sealed_encode(ev, &s, &blob), -EINVAL);
	s = example();
	s.n_segments = ENVOL_SEALED_SEGMENTS + 1;
	CHECK_ERR(envol_sealed_encode(ev, &s, &blob), -EINVAL);
	s = example();
	s.n_wraps = ENVOL_SEALED_WRAPS + 1;
	CHECK_ERR(envol_sealed_encode(ev, &s, &blob), -EINVAL);
	CHECK_EQ(blob.len, 0);
	envol_free(ev);
}

/* Each prefix, each flipped byte, and whatever stands behind, beside an inaccessible page. */
TEST(any_other_bytes_differ)
{
	_cleanup_blob_ struct envol_blob good = ENVOL_BLOB_INIT;
	struct envol_sealed s = example();
	struct envol_blob other;
	struct envol *ev;
	uint8_t *copy;
	size_t i;

	CHECK_OK(envol_new(&ev));
	encode(ev, &s, &good);
	for (i = 0; i < good.len; i++) {
		copy = guard_alloc(i);
		memcpy(copy, good.data, i);
		other = (struct envol_blob){ .data = copy, .len = i };
		CHECK_ERR(envol_sealed_compare(ev, &other, &good), -EBADMSG);
		CHECK_ERR(envol_sealed_compare(ev, &good, &other), -EBADMSG);
		guard_free(copy);
	}
	copy = guard_alloc(good.len);
	memcpy(copy, good.data, good.len);
	other = (struct envol_blob){ .data = copy, .len = good.len };
	CHECK_OK(envol_sealed_compare(ev, &other, &good));
	for (i = 0; i < good.len; i++) {
		copy[i] ^= 0xff;
		CHECK_ERR(envol_sealed_compare(ev, &other, &good), -EBADMSG);
		CHECK_ERR(envol_sealed_compare(ev, &good, &other), -EBADMSG);
		copy[i] ^= 0xff;
	}
	guard_free(copy);
	copy = guard_alloc(good.len + 3);
	memcpy(copy, good.data, good.len);
	memset(copy + good.len, 0, 3);
	for (i = 1; i <= 3; i++) {
		other = (struct envol_blob){ .data = copy, .len = good.len + i };
		CHECK_ERR(envol_sealed_compare(ev, &other, &good), -EBADMSG);
		CHECK_ERR(envol_sealed_compare(ev, &good, &other), -EBADMSG);
	}
	guard_free(copy);
	other = (struct envol_blob)ENVOL_BLOB_INIT;
	CHECK_ERR(envol_sealed_compare(ev, &other, &good), -EBADMSG);
	CHECK_OK(envol_sealed_compare(ev, &other, &other));
	envol_free(ev);
}

/* What a sealed text holds is shown on terminals. */
TEST(values_that_cannot_be_shown_are_not)
{
	_cleanup_blob_ struct envol_blob a = ENVOL_BLOB_INIT, b = ENVOL_BLOB_INIT;
	struct envol_sealed s = example();
	char text[200];
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	encode(ev, &s, &a);
	s.policy = "\x1b[2J";
	encode(ev, &s, &b);
	CHECK_ERR(envol_sealed_compare(ev, &a, &b), -EBADMSG);
	CHECK_STR_EQ(envol_error_message(ev), "policy: sealed nothing, found 4 bytes");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	s.policy = text;
	encode(ev, &s, &b);
	CHECK_ERR(envol_sealed_compare(ev, &a, &b), -EBADMSG);
	CHECK(strlen(envol_error_message(ev)) < sizeof(text));
	envol_free(ev);
}

/* Computed with Python's struct and hmac: the encoding is the format. */
TEST(mac_of_the_example)
{
	static const uint8_t want[ENVOL_DIGEST_SIZE] = {
		0x99, 0xd6, 0x4f, 0xa5, 0x2d, 0x89, 0xf7, 0x12,
		0x32, 0x75, 0xd3, 0xcb, 0x0b, 0xd3, 0xcd, 0xbe,
		0x50, 0x59, 0xbe, 0xed, 0x18, 0xb6, 0x7b, 0x1f,
		0x89, 0x17, 0x6a, 0x58, 0x76, 0x35, 0x1f, 0x4d,
	};
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_blob_ struct envol_blob blob = ENVOL_BLOB_INIT;
	struct envol_sealed s = example();
	uint8_t mac[ENVOL_DIGEST_SIZE];
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_secret_alloc(ev, &key, 32));
	encode(ev, &s, &blob);
	CHECK_OK(envol_digest_hmac(ev, &key, blob.data, blob.len, mac));
	CHECK_MEM_EQ(mac, want, sizeof(want));
	envol_free(ev);
}
