/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Before each C file of the driver. User-Mode Linux does not look at the CPU's features: here
 * boot_cpu_has() asks the CPU itself. Registers are saved by the host, whatever their width.
 */
#pragma once

#define X86_VENDOR_INTEL 0	/* which User-Mode Linux has no word for */
#include <asm/cpu_device_id.h>
#include <asm/cpufeature.h>

#include "kmod/core/cpu.h"

static inline bool lab_cpu_has(unsigned int feature)
{
	u32 cpu = envol_cpu_features();

	switch (feature) {
	case X86_FEATURE_AES:
	case X86_FEATURE_PCLMULQDQ:	/* no CPU has the one without the other */
		return cpu & ENVOL_CPU_AES;
	case X86_FEATURE_AVX:
		return cpu & ENVOL_CPU_AVX;
	case X86_FEATURE_AVX2:
		return cpu & ENVOL_CPU_AVX2;
	case X86_FEATURE_VAES:
		return cpu & ENVOL_CPU_VAES;
	case X86_FEATURE_VPCLMULQDQ:
		return cpu & ENVOL_CPU_VPCLMULQDQ;
	case X86_FEATURE_AVX512BW:
	case X86_FEATURE_AVX512VL:
	case X86_FEATURE_BMI2:		/* asked for beside AVX-512 only */
		return cpu & ENVOL_CPU_AVX512;
	default:
		return false;
	}
}

/* Two lists are asked for: CPUs with AES, and those whose AVX-512 is better left alone. */
static inline const struct x86_cpu_id *lab_match_cpu(const struct x86_cpu_id *list)
{
	return list->feature && lab_cpu_has(list->feature) ? list : NULL;
}

#define x86_match_cpu(list) lab_match_cpu(list)
#undef boot_cpu_has
#define boot_cpu_has(feature) lab_cpu_has(feature)
#define cpu_has_xfeatures(mask, name) true
