/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Known answers, short enough to be carried by the kernel module: two keys, one
 * plaintext and a fingerprint of each ciphertext. Keys, and the first two answers, are
 * vectors 4 and 10 of IEEE Std 1619-2018, Annex B; the others come from OpenSSL,
 * and the unit tests make all of them again, from there and from the standard's full text.
 */
#ifndef _ENVOL_CORE_XTS_VECTORS_H
#define _ENVOL_CORE_XTS_VECTORS_H

#include "kmod/core/xts.h"

/* Byte i of the plaintext of a whole run is i modulo 256. */
struct envol_xts_vector {
	size_t key_len;		/* which of the keys below */
	unsigned int du_size;
	unsigned int units;
	u64 tweak, step;
	unsigned int shift;	/* how far source and destination are off alignment */
	u64 fingerprint;	/* envol_xts_fingerprint() of the run's ciphertext */
};

#define ENVOL_XTS_VECTOR_MAX 10240 /* bytes of the longest run */
#define ENVOL_XTS_VECTOR_SHIFT 16

static const u8 envol_xts_vector_key_128[ENVOL_XTS_KEY_128] = {
	0x27, 0x18, 0x28, 0x18, 0x28, 0x45, 0x90, 0x45,
	0x23, 0x53, 0x60, 0x28, 0x74, 0x71, 0x35, 0x26,
	0x31, 0x41, 0x59, 0x26, 0x53, 0x58, 0x97, 0x93,
	0x23, 0x84, 0x62, 0x64, 0x33, 0x83, 0x27, 0x95,
};

static const u8 envol_xts_vector_key_256[ENVOL_XTS_KEY_256] = {
	0x27, 0x18, 0x28, 0x18, 0x28, 0x45, 0x90, 0x45,
	0x23, 0x53, 0x60, 0x28, 0x74, 0x71, 0x35, 0x26,
	0x62, 0x49, 0x77, 0x57, 0x24, 0x70, 0x93, 0x69,
	0x99, 0x59, 0x57, 0x49, 0x66, 0x96, 0x76, 0x27,
	0x31, 0x41, 0x59, 0x26, 0x53, 0x58, 0x97, 0x93,
	0x23, 0x84, 0x62, 0x64, 0x33, 0x83, 0x27, 0x95,
	0x02, 0x88, 0x41, 0x97, 0x16, 0x93, 0x99, 0x37,
	0x51, 0x05, 0x82, 0x09, 0x74, 0x94, 0x45, 0x92,
};

/* More units than an engine takes in one batch, tweaks that pass 2^32 and 2^64, every step. */
static const struct envol_xts_vector envol_xts_vectors[] = {
	{ 32, 512, 1, 0x0, 1, 0, 0xc158f30c41e401c7 },
	{ 64, 512, 1, 0xff, 1, 0, 0x7fd270d89cbe03ae },
	{ 32, 4096, 2, 0xfffffff8, 8, 1, 0x987ddb83174fa3db },
	{ 64, 4096, 2, 0xfffffff8, 8, 15, 0x4f5bd4ff6403c90b },
	{ 32, 512, 20, 0xfffffff6, 1, 8, 0x064a013a07e0b1a5 },
	{ 64, 512, 20, 0xfffffffffffffff6, 1, 3, 0xccab5ef6330d3ce3 },
	{ 32, 1024, 5, 0xfffffffffffffffc, 2, 4, 0xc0151de50f800a96 },
	{ 64, 1024, 5, 0x7ffffffffffffffd, 2, 0, 0x224ead25684dcf3b },
	{ 32, 2048, 3, 0x10000000001, 4, 7, 0x3d92be784e65057e },
	{ 64, 2048, 3, 0xfffffffffffffff8, 4, 16, 0x0dc9621570e0eb78 },
};

#define ENVOL_XTS_VECTOR_COUNT (sizeof(envol_xts_vectors) / sizeof(envol_xts_vectors[0]))

/* Of @len bytes, a multiple of 8. Tells faults apart, not forgeries. */
static inline u64 envol_xts_fingerprint(const u8 *p, size_t len)
{
	u64 h = 0;
	size_t i;

	for (i = 0; i < len; i += 8) {
		h = (h ^ envol_get_le64(p + i)) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	return h;
}

#endif
