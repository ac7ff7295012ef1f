/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the CPU can do and the operating system lets a program use, by CPUID and
 * XGETBV alone: the same answer in user space, in the kernel and in User-Mode
 * Linux. The kernel further masks it by what it was told not to use.
 */
#ifndef _ENVOL_CORE_CPU_H
#define _ENVOL_CORE_CPU_H

#include "kmod/core/port.h"

/* Whether the assembly is part of this build: a constant, so that calls of it fall away. */
#ifdef __x86_64__
#define ENVOL_X86_64 1
#else
#define ENVOL_X86_64 0
#endif

#define ENVOL_CPU_AES		(1u << 0)	/* AES-NI, with SSE4.1 */
#define ENVOL_CPU_AVX		(1u << 1)	/* and the YMM state enabled in XCR0 */
#define ENVOL_CPU_AVX2		(1u << 2)
#define ENVOL_CPU_VAES		(1u << 3)
#define ENVOL_CPU_VPCLMULQDQ	(1u << 4)
#define ENVOL_CPU_AVX512	(1u << 5)	/* F, BW, VL, and the ZMM state enabled in XCR0 */

/* The ENVOL_CPU_… bits of the running CPU; 0 on other architectures than x86-64. */
u32 envol_cpu_features(void);

#endif
