/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between kernel versions and architectures, from Debian's 6.1
 * to 7.3 and User-Mode Linux. ENVOL_HAVE_… comes from the probes in Kbuild.
 */
#ifndef _ENVOL_COMPAT_H
#define _ENVOL_COMPAT_H

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/build_bug.h>
#include <linux/shrinker.h>
#include <asm/fpu/api.h>

#include "kmod/core/cpu.h"

#if defined(CONFIG_HIGHMEM)
#error "the data path reads multi-page bvecs through the direct map: no HIGHMEM"
#endif

#if defined(CONFIG_UML)

/*
 * kernel_fpu_begin() and its kin do nothing there: the host saves vector
 * registers at every signal, which is what an interrupt is. What the CPU can do
 * is what CPUID says.
 */
static inline u32 envol_compat_cpu(u32 found)
{
	return found;
}

#else

#include <asm/cpufeature.h>
#include <asm/fpu/xstate.h>

/* Less what the kernel was told not to use, or does not save. */
static inline u32 envol_compat_cpu(u32 found)
{
	u32 may = 0;

	if (boot_cpu_has(X86_FEATURE_XMM4_1) && boot_cpu_has(X86_FEATURE_AES))
		may |= ENVOL_CPU_AES;
	if (!boot_cpu_has(X86_FEATURE_AVX) || !boot_cpu_has(X86_FEATURE_OSXSAVE) ||
	    !cpu_has_xfeatures(XFEATURE_MASK_SSE | XFEATURE_MASK_YMM, NULL))
		return found & may;
	may |= ENVOL_CPU_AVX;
	if (boot_cpu_has(X86_FEATURE_AVX2))
		may |= ENVOL_CPU_AVX2;
	if (boot_cpu_has(X86_FEATURE_VAES))
		may |= ENVOL_CPU_VAES;
	if (boot_cpu_has(X86_FEATURE_VPCLMULQDQ))
		may |= ENVOL_CPU_VPCLMULQDQ;
	if (boot_cpu_has(X86_FEATURE_AVX512F) &&
	    boot_cpu_has(X86_FEATURE_AVX512BW) &&
	    boot_cpu_has(X86_FEATURE_AVX512VL) &&
	    cpu_has_xfeatures(XFEATURE_MASK_AVX512, NULL))
		may |= ENVOL_CPU_AVX512;
	return found & may;
}

#endif

/* In the mode of a table: fmode_t until 6.5, then blk_mode_t. */
#if defined(BLK_OPEN_WRITE)
#define ENVOL_COMPAT_WRITE BLK_OPEN_WRITE
#else
#define ENVOL_COMPAT_WRITE FMODE_WRITE
#endif

/* bi_write_hint came with 6.9. */
#if defined(ENVOL_HAVE_WRITE_HINT)
static inline void envol_compat_copy_write_hint(struct bio *to,
						const struct bio *from)
{
	to->bi_write_hint = from->bi_write_hint;
}
#else
static inline void envol_compat_copy_write_hint(struct bio *to,
						const struct bio *from)
{
}
#endif

/* Shrinkers are allocated since 6.7; before, they were the caller's. */
#if defined(ENVOL_HAVE_SHRINKER_ALLOC)
static inline struct shrinker *
envol_compat_shrinker_new(unsigned long (*count)(struct shrinker *, struct shrink_control *),
			  unsigned long (*scan)(struct shrinker *, struct shrink_control *))
{
	struct shrinker *shrinker = shrinker_alloc(0, "dm-envol");

	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker_register(shrinker);
	return shrinker;
}

static inline void envol_compat_shrinker_free(struct shrinker *shrinker)
{
	shrinker_free(shrinker);
}
#else
#include <linux/slab.h>

static inline struct shrinker *
envol_compat_shrinker_new(unsigned long (*count)(struct shrinker *, struct shrink_control *),
			  unsigned long (*scan)(struct shrinker *, struct shrink_control *))
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->seeks = DEFAULT_SEEKS;
	if (register_shrinker(shrinker, "dm-envol")) {
		kfree(shrinker);
		return NULL;
	}
	return shrinker;
}

static inline void envol_compat_shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#endif

#endif
