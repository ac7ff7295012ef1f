/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast the CPU's AES units are if nothing else is asked of them: loops of bare
 * VAESENC on eight registers, @rounds each, @groups times. A group is 128 bytes of
 * AES in 16-byte registers (avx) and 256 in 32-byte ones (vaes).
 */
#pragma once

#include <stddef.h>

#define ENVOL_LIMIT_AVX_GROUP 128
#define ENVOL_LIMIT_VAES_GROUP 256

#ifdef __x86_64__
void envol_limit_avx(size_t groups, unsigned int rounds);
void envol_limit_vaes(size_t groups, unsigned int rounds);
#else
static inline void envol_limit_avx(size_t groups, unsigned int rounds) {}
static inline void envol_limit_vaes(size_t groups, unsigned int rounds) {}
#endif
