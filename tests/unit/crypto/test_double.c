// SPDX-License-Identifier: GPL-2.0-or-later
/* Double keys: answers of Python's hmac and python3-cryptography's key wrap, and what must not open. */
#include <errno.h>

#include "tests/unit/crypto/bytes.h"
#include "userspace/lib/crypto/double.h"

static struct envol *ev;
static struct envol_secret shares[2], dek, got;
static struct envol_blob wrapped;
static struct envol_double bound;

static void setup(size_t dek_len)
{
	int i;

	CHECK_OK(envol_new(&ev));
	secret_counting(ev, &shares[0], 0, 32);
	secret_counting(ev, &shares[1], 32, 32);
	secret_counting(ev, &dek, 64, dek_len);
	for (i = 0; i < ENVOL_DOUBLE_ID_SIZE; i++)
		bound.volume_id[i] = 0xa0 + i;
	bound.parts[0].uri = "service:first";
	bound.parts[0].version = "1";
	bound.parts[1].uri = "https://corp.vault.azure.net/keys/disk";
	bound.parts[1].version = "9c1e";
	CHECK_OK(envol_double_wrap(ev, &bound, shares, &dek, &wrapped));
}

static void finish(void)
{
	envol_secret_wipe(&shares[0]);
	envol_secret_wipe(&shares[1]);
	envol_secret_wipe(&dek);
	envol_secret_wipe(&got);
	envol_blob_free(&wrapped);
	envol_free(ev);
}

TEST(known_answers)
{
	setup(32);
	check_hex(wrapped.data, wrapped.len,
		  "faa5e907fafd14e8408fbe276d5175d32c44dc726be856b8"
		  "1c9e9134b1d213f6f2469d150d4df104");
	finish();
	setup(64);
	check_hex(wrapped.data, wrapped.len,
		  "8b536c59d077df335cde360e5e35981be15ca143d96c2dfd"
		  "b20f41dcdd5fe93511574f47f5a34438e53755e6b349283e"
		  "dc9ac36e02f51ec7734a163f01ed5a0a7ae1fd1861295b34");
	CHECK_OK(envol_double_unwrap(ev, &bound, shares, &wrapped, &got));
	CHECK(envol_secret_equal(&dek, &got));
	finish();
}

static void check_refused(const struct envol_double *other)
{
	CHECK_ERR(envol_double_unwrap(ev, other, shares, &wrapped, &got),
		  -EBADMSG);
	CHECK_EQ(got.len, 0);
}

TEST(another_place_does_not_open)
{
	struct envol_double other;

	setup(64);
	other = bound;
	other.volume_id[15] ^= 1;
	check_refused(&other);
	other = bound;
	other.parts[0].uri = "service:other";
	check_refused(&other);
	other = bound;
	other.parts[0].version = "2";
	check_refused(&other);
	other = bound;
	other.parts[1].version = "";
	check_refused(&other);
	other = bound;
	other.parts[0] = bound.parts[1];
	other.parts[1] = bound.parts[0];
	check_refused(&other);
	/* a character that moves from one value to the next */
	other = bound;
	other.parts[0].uri = "service:first1";
	other.parts[0].version = "";
	check_refused(&other);
	finish();
}

TEST(both_shares_in_their_order_or_nothing)
{
	struct envol_secret swap;

	setup(64);
	shares[1].data[31] ^= 1;
	check_refused(&bound);
	shares[1].data[31] ^= 1;
	shares[0].data[0] ^= 0x80;
	check_refused(&bound);
	shares[0].data[0] ^= 0x80;
	swap = shares[0];
	shares[0] = shares[1];
	shares[1] = swap;
	check_refused(&bound);
	finish();
}

TEST(shares_of_another_length_are_refused)
{
	setup(32);
	envol_secret_truncate(&shares[1], 31);
	CHECK_ERR(envol_double_unwrap(ev, &bound, shares, &wrapped, &got),
		  -EINVAL);
	CHECK_ERR(envol_double_wrap(ev, &bound, shares, &dek, &wrapped), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "31");
	finish();
}
