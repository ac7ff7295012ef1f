// SPDX-License-Identifier: GPL-2.0-or-later
/* Standards' vectors; the derivations against Python's hmac and hashlib, since they are the format. */
#include <errno.h>

#include "tests/unit/crypto/bytes.h"
#include "userspace/lib/crypto/digest.h"

TEST(sha256_fips_180_4)
{
	uint8_t digest[ENVOL_DIGEST_SIZE];
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_digest_sha256(ev, "abc", 3, digest));
	check_hex(digest, sizeof(digest),
		  "ba7816bf8f01cfea414140de5dae2223"
		  "b00361a396177a9cb410ff61f20015ad");
	CHECK_OK(envol_digest_sha256(ev, NULL, 0, digest));
	check_hex(digest, sizeof(digest),
		  "e3b0c44298fc1c149afbf4c8996fb924"
		  "27ae41e4649b934ca495991b7852b855");
	envol_free(ev);
}

TEST(hmac_rfc4231_cases_1_and_2)
{
	_cleanup_secret_ struct envol_secret key1 = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret key2 = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret empty = ENVOL_SECRET_INIT;
	uint8_t mac[ENVOL_DIGEST_SIZE];
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	secret_of(ev, &key1, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
	CHECK_OK(envol_digest_hmac(ev, &key1, "Hi There", 8, mac));
	check_hex(mac, sizeof(mac),
		  "b0344c61d8db38535ca8afceaf0bf12b"
		  "881dc200c9833da726e9376c2e32cff7");
	secret_of(ev, &key2, "4a656665");
	CHECK_OK(envol_digest_hmac(ev, &key2, "what do ya want for nothing?",
				   28, mac));
	check_hex(mac, sizeof(mac),
		  "5bdcc146bf60754e6a042426089575c7"
		  "5a003f089d2739839dec58b964ec3843");
	CHECK_ERR(envol_digest_hmac(ev, &empty, "x", 1, mac), -EINVAL);
	envol_free(ev);
}

TEST(hkdf_rfc5869_cases_1_and_3)
{
	_cleanup_secret_ struct envol_secret ikm = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret empty = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret okm1 = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret okm3 = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret none = ENVOL_SECRET_INIT;
	uint8_t salt[13], info[10];
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	secret_of(ev, &ikm, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
	bytes_of(salt, sizeof(salt), "000102030405060708090a0b0c");
	bytes_of(info, sizeof(info), "f0f1f2f3f4f5f6f7f8f9");
	CHECK_OK(envol_digest_hkdf(ev, &ikm, salt, sizeof(salt), info,
				   sizeof(info), &okm1, 42));
	check_hex(okm1.data, okm1.len,
		  "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c"
		  "5db02d56ecc4c5bf34007208d5b887185865");
	CHECK_OK(envol_digest_hkdf(ev, &ikm, NULL, 0, NULL, 0, &okm3, 42));
	check_hex(okm3.data, okm3.len,
		  "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879e"
		  "c3454e5f3c738d2d9d201395faa4b61a96c8");

	CHECK_ERR(envol_digest_hkdf(ev, &empty, NULL, 0, NULL, 0, &none, 42),
		  -EINVAL);
	CHECK_ERR(envol_digest_hkdf(ev, &ikm, NULL, 0, NULL, 0, &none, 0),
		  -EINVAL);
	CHECK_ERR(envol_digest_hkdf(ev, &ikm, NULL, 0, NULL, 0, &none,
				    255 * 32 + 1),
		  -EINVAL);
	CHECK_EQ(none.len, 0);
	envol_free(ev);
}

TEST(derivations_from_a_dek)
{
	_cleanup_secret_ struct envol_secret dek = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret passphrase = ENVOL_SECRET_INIT;
	uint8_t fingerprint[ENVOL_DIGEST_FINGERPRINT_SIZE];
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	secret_counting(ev, &dek, 0x40, 64);
	CHECK_OK(envol_digest_fingerprint(ev, &dek, fingerprint));
	check_hex(fingerprint, sizeof(fingerprint),
		  "c088b0c95f62841c29ee60fa6029a699");
	CHECK_OK(envol_digest_mac_key(ev, &dek, &key));
	check_hex(key.data, key.len,
		  "5c8fde8953a34a72106f429f2e115fea"
		  "cc29771266689facc709c6c00246a448");
	CHECK_OK(envol_digest_passphrase(ev, &dek, &passphrase));
	CHECK_EQ(passphrase.len, ENVOL_DIGEST_PASSPHRASE_SIZE);
	CHECK_MEM_EQ(passphrase.data,
		     "ba7988c807d6ebd9c8f50d6808ce6756"
		     "e7c8bc2196f3f0f358c6e424390838f3",
		     ENVOL_DIGEST_PASSPHRASE_SIZE);
	envol_free(ev);
}

TEST(equal_looks_at_every_bit)
{
	uint8_t a[ENVOL_DIGEST_SIZE] = { 0 }, b[ENVOL_DIGEST_SIZE] = { 0 };
	size_t bit;

	CHECK(envol_digest_equal(a, b));
	for (bit = 0; bit < 8 * sizeof(b); bit++) {
		b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CHECK(!envol_digest_equal(a, b));
		b[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}
