// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* CPUID leaves 1 and 7, and XGETBV: Intel SDM volume 1, 13.2 and 14.3. */
#include "kmod/core/cpu.h"

#ifdef __x86_64__

#define LEAF1_ECX_SSE41 (1u << 19)
#define LEAF1_ECX_AES (1u << 25)
#define LEAF1_ECX_OSXSAVE (1u << 27)
#define LEAF1_ECX_AVX (1u << 28)
#define LEAF7_EBX_AVX2 (1u << 5)
#define LEAF7_EBX_AVX512 (1u << 16 | 1u << 30 | 1u << 31) /* F, BW, VL */
#define LEAF7_ECX_VAES (1u << 9)
#define LEAF7_ECX_VPCLMULQDQ (1u << 10)
#define XCR0_YMM 0x06u /* SSE and AVX state */
#define XCR0_ZMM 0xe6u /* and that of opmasks and ZMM */

struct registers {
	u32 eax, ebx, ecx, edx;
};

static struct registers cpuid(u32 leaf)
{
	struct registers r = { .eax = leaf };

	__asm__ volatile("cpuid"
			 : "+a"(r.eax), "=b"(r.ebx), "+c"(r.ecx), "=d"(r.edx));
	return r;
}

static u32 xgetbv(void)
{
	u32 eax, edx;

	__asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
	return eax;
}

u32 envol_cpu_features(void)
{
	struct registers leaf1 = cpuid(1), leaf7 = { 0 };
	u32 xcr0 = 0, cpu = 0;

	if (cpuid(0).eax >= 7)
		leaf7 = cpuid(7);
	if (leaf1.ecx & LEAF1_ECX_OSXSAVE)
		xcr0 = xgetbv();

	if ((leaf1.ecx & LEAF1_ECX_AES) && (leaf1.ecx & LEAF1_ECX_SSE41))
		cpu |= ENVOL_CPU_AES;
	if (!(leaf1.ecx & LEAF1_ECX_AVX) || (xcr0 & XCR0_YMM) != XCR0_YMM)
		return cpu;
	cpu |= ENVOL_CPU_AVX;
	if (leaf7.ebx & LEAF7_EBX_AVX2)
		cpu |= ENVOL_CPU_AVX2;
	if (leaf7.ecx & LEAF7_ECX_VAES)
		cpu |= ENVOL_CPU_VAES;
	if (leaf7.ecx & LEAF7_ECX_VPCLMULQDQ)
		cpu |= ENVOL_CPU_VPCLMULQDQ;
	if ((leaf7.ebx & LEAF7_EBX_AVX512) == LEAF7_EBX_AVX512 &&
	    (xcr0 & XCR0_ZMM) == XCR0_ZMM)
		cpu |= ENVOL_CPU_AVX512;
	return cpu;
}

#else

u32 envol_cpu_features(void)
{
	return 0;
}

#endif
