/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Included ahead of crypt.c, where all FPU sections are, for the module that the boot
 * "sections" loads: counts how long they last. User-Mode Linux has nothing to do at either
 * end, so the names are free.
 */
#pragma once

#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <asm/fpu/api.h>

#define SECTION_BUCKETS 64
#define SECTION_BUCKET_NS 250

static unsigned int section_counts[SECTION_BUCKETS];
module_param_array_named(sections, section_counts, uint, NULL, 0444);
static u64 section_start;

static inline void section_end(void)
{
	u64 bucket = (ktime_get_ns() - section_start) / SECTION_BUCKET_NS;

	section_counts[min_t(u64, bucket, SECTION_BUCKETS - 1)]++;
}

#undef kernel_fpu_begin
#undef kernel_fpu_end
#define kernel_fpu_begin() (section_start = ktime_get_ns())
#define kernel_fpu_end() section_end()
