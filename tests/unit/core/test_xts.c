// SPDX-License-Identifier: GPL-2.0-or-later
/* kmod/core/xts.c: keys and the choice of an engine. */
#include "tests/unit/core/engines.h"

static bool all_zero(const void *p, size_t len)
{
	const u8 *bytes = p;

	while (len--)
		if (*bytes++)
			return false;
	return true;
}

TEST(set_key_takes_two_lengths)
{
	struct envol_xts_key key;
	size_t len;
	u8 raw[128];

	fill_random(raw, sizeof(raw), 1);
	for (len = 0; len <= sizeof(raw); len++) {
		int want = len == 32 || len == 64 ? 0 : -EINVAL;

		memset(&key, 0xff, sizeof(key));
		CHECK_ERR(envol_xts_set_key(&key, raw, len, 0, 0), want);
		CHECK_EQ(all_zero(&key, sizeof(key)), want != 0);
	}
}

TEST(set_key_orders_the_halves)
{
	struct envol_aes_key first, second;
	struct envol_xts_key key;
	u8 raw[64];

	fill_random(raw, sizeof(raw), 2);
	CHECK_OK(envol_xts_set_key(&key, raw, 64, 0, 0));
	envol_aes_expand(&first, raw, 32, 0);
	envol_aes_expand(&second, raw + 32, 32, 0);
	CHECK_MEM_EQ(&key.data, &first, sizeof(first));
	CHECK_MEM_EQ(&key.tweak, &second, sizeof(second));
}

TEST(set_key_refuses_equal_halves)
{
	struct envol_xts_key key;
	size_t len, bit;
	u8 raw[64];

	for (len = 32; len <= 64; len += 32) {
		fill_random(raw, len / 2, 3);
		memcpy(raw + len / 2, raw, len / 2);
		memset(&key, 0xff, sizeof(key));
		CHECK_ERR(envol_xts_set_key(&key, raw, len, 0, 0), -EKEYREJECTED);
		CHECK(all_zero(&key, sizeof(key)));
		CHECK_OK(envol_xts_set_key(&key, raw, len, ENVOL_XTS_ALLOW_WEAK, 0));
		CHECK_MEM_EQ(&key.data, &key.tweak, sizeof(key.data));

		/* any one bit makes them different */
		for (bit = 0; bit < len * 8; bit++) {
			raw[bit / 8] ^= 1 << bit % 8;
			CHECK_OK(envol_xts_set_key(&key, raw, len, 0, envol_cpu_features()));
			raw[bit / 8] ^= 1 << bit % 8;
		}
	}
}

TEST(wipe_key_leaves_zeros)
{
	struct envol_xts_key key;

	random_key(&key, 64, 4);
	CHECK(!all_zero(&key, sizeof(key)));
	envol_xts_wipe_key(&key);
	CHECK(all_zero(&key, sizeof(key)));
}

TEST(engines_are_listed_best_first_and_generic_last)
{
	const struct envol_xts_engine *const *it;
	u32 all = ~0u;

	CHECK(envol_xts_best_engine(all) == envol_xts_engines[0]);
	CHECK_STR_EQ(envol_xts_best_engine(0)->name, "generic");
	for (it = envol_xts_engines; *it; it++) {
		CHECK(envol_xts_find_engine((*it)->name) == *it);
		CHECK(envol_xts_engine_runs(*it, (*it)->cpu));
		CHECK(envol_xts_best_engine((*it)->cpu) == *it);
	}
	CHECK_STR_EQ(it[-1]->name, "generic");
	CHECK(!envol_xts_find_engine("gener"));
	CHECK(!envol_xts_find_engine(""));
}

#ifdef __x86_64__
TEST(engines_want_every_instruction_they_use)
{
	const u32 avx = ENVOL_CPU_AES | ENVOL_CPU_AVX;
	const u32 vaes = avx | ENVOL_CPU_AVX2 | ENVOL_CPU_VAES;

	CHECK_STR_EQ(envol_xts_best_engine(ENVOL_CPU_AES)->name, "generic");
	CHECK_STR_EQ(envol_xts_best_engine(ENVOL_CPU_AVX | ENVOL_CPU_AVX2)->name, "generic");
	CHECK_STR_EQ(envol_xts_best_engine(avx)->name, "aesni-avx");
	CHECK_STR_EQ(envol_xts_best_engine(avx | ENVOL_CPU_AVX2)->name, "aesni-avx");
	CHECK_STR_EQ(envol_xts_best_engine(avx | ENVOL_CPU_VAES)->name, "aesni-avx");
	CHECK_STR_EQ(envol_xts_best_engine(vaes)->name, "aesni-avx");
	CHECK_STR_EQ(envol_xts_best_engine(vaes | ENVOL_CPU_VPCLMULQDQ)->name, "vaes-avx2");
}
#endif
