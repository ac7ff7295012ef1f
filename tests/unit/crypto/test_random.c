// SPDX-License-Identifier: GPL-2.0-or-later
/* What can be said of randomness: lengths, no repeats, every byte written; and the mix, exactly. */
#include <errno.h>

#include "tests/unit/crypto/bytes.h"
#include "userspace/lib/crypto/random.h"

/* A byte that stays 0 in 16 fills was not written (but for one time in 2^128). */
TEST(every_byte_is_written)
{
	uint8_t seen[300] = { 0 }, bytes[300];
	struct envol *ev;
	size_t i;
	int fill;

	CHECK_OK(envol_new(&ev));
	for (fill = 0; fill < 16; fill++) {
		memset(bytes, 0, sizeof(bytes));
		CHECK_OK(envol_random_bytes(ev, bytes, sizeof(bytes) - 1));
		for (i = 0; i < sizeof(bytes); i++)
			seen[i] |= bytes[i];
	}
	for (i = 0; i < sizeof(seen) - 1; i++)
		CHECK(seen[i] != 0);
	CHECK_EQ(seen[sizeof(seen) - 1], 0);
	envol_free(ev);
}

TEST(secrets_differ)
{
	_cleanup_secret_ struct envol_secret a = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret b = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret none = ENVOL_SECRET_INIT;
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_random_secret(ev, &a, 64));
	CHECK_OK(envol_random_secret(ev, &b, 64));
	CHECK_EQ(a.len, 64);
	CHECK(memcmp(a.data, b.data, 32) != 0);
	CHECK(memcmp(a.data, a.data + 32, 32) != 0);
	CHECK_ERR(envol_random_secret(ev, &none, 0), -EINVAL);
	CHECK_ERR(envol_random_secret(ev, &none, ENVOL_SECRET_MAX + 1),
		  -EINVAL);
	envol_free(ev);
}

/* The answer was computed with Python's hmac and hashlib. */
TEST(mix_is_hkdf_over_own_and_external)
{
	_cleanup_secret_ struct envol_secret own = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret external = ENVOL_SECRET_INIT;
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	secret_counting(ev, &own, 0x40, 64);
	secret_counting(ev, &external, 0, 16);
	CHECK_OK(envol_random_mix(ev, &own, &external));
	check_hex(own.data, own.len,
		  "823a6972979ee7b66033ba9065dd9566"
		  "257ecae29ad8d37cb3759721163bc68d"
		  "5c048ee01392a2f7e909b0548b7063e1"
		  "f04fce5d522fa2215883f21092b08884");
	envol_free(ev);
}

TEST(mix_refuses_what_would_be_weak_and_leaves_own)
{
	_cleanup_secret_ struct envol_secret weak = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret own = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret empty = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret external = ENVOL_SECRET_INIT;
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	secret_counting(ev, &weak, 0, 31);
	secret_counting(ev, &own, 0, 32);
	secret_counting(ev, &external, 0, 32);
	CHECK_ERR(envol_random_mix(ev, &weak, &external), -EINVAL);
	CHECK_ERR(envol_random_mix(ev, &own, &empty), -EINVAL);
	CHECK_MEM_EQ(own.data, external.data, 32);
	envol_free(ev);
}
