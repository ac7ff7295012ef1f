// SPDX-License-Identifier: GPL-2.0-or-later
/* kmod/core/cpu.c against what the compiler's runtime found out by itself. */
#include "kmod/core/cpu.h"
#include "tests/harness/test.h"

#ifdef __x86_64__

TEST(cpu_features_agree_with_the_compiler)
{
	u32 cpu = envol_cpu_features();

	__builtin_cpu_init();
	CHECK_EQ(!!(cpu & ENVOL_CPU_AES), !!__builtin_cpu_supports("aes"));
	CHECK_EQ(!!(cpu & ENVOL_CPU_AVX), !!__builtin_cpu_supports("avx"));
	CHECK_EQ(!!(cpu & ENVOL_CPU_AVX2), !!__builtin_cpu_supports("avx2"));
	CHECK_EQ(!!(cpu & ENVOL_CPU_VPCLMULQDQ), !!__builtin_cpu_supports("vpclmulqdq"));
	CHECK_EQ(!!(cpu & ENVOL_CPU_AVX512),
		 __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		 __builtin_cpu_supports("avx512vl"));
}

#else

TEST(cpu_features_are_none_elsewhere)
{
	CHECK_EQ(envol_cpu_features(), 0);
}

#endif
