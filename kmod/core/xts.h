/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * AES-XTS over runs of whole data units: IEEE Std 1619-2018, NIST SP 800-38E.
 *
 * A data unit is what XTS encrypts under one tweak: 512, 1024, 2048 or 4096
 * bytes here, so ciphertext stealing never arises. The tweak of a unit is a
 * 64-bit number, little-endian in 16 bytes, upper half zero: dm-crypt's plain64.
 * A run has the tweaks @tweak, @tweak + @step, @tweak + 2 * @step, … modulo 2^64.
 *
 * Nothing here sleeps, allocates or fails once the key is set. Engines other
 * than "generic" use vector registers: in the kernel the caller brackets calls
 * with kernel_fpu_begin() and kernel_fpu_end().
 */
#ifndef _ENVOL_CORE_XTS_H
#define _ENVOL_CORE_XTS_H

#include "kmod/core/aes.h"
#include "kmod/core/port.h"

#define ENVOL_XTS_BLOCK 16
#define ENVOL_XTS_DU_MIN 512
#define ENVOL_XTS_DU_MAX 4096
#define ENVOL_XTS_KEY_128 32 /* bytes: two AES-128 keys */
#define ENVOL_XTS_KEY_256 64 /* bytes: two AES-256 keys */

/* setkey flag: accept key halves that are equal (SP 800-38E and FIPS 140-3 IG C.I forbid it). */
#define ENVOL_XTS_ALLOW_WEAK 1u

struct envol_xts_key {
	struct envol_aes_key data;	/* IEEE 1619 Key1 */
	struct envol_aes_key tweak;	/* IEEE 1619 Key2 */
};

struct envol_xts_engine;

/*
 * Expand @raw, @len bytes (Key1 then Key2), into @key. @cpu is what envol_cpu_features()
 * found, masked by what the caller may use: key expansion uses AES instructions
 * where it may. Returns 0, -EINVAL for another length than 32 or 64,
 * -EKEYREJECTED for equal halves without ENVOL_XTS_ALLOW_WEAK; on failure @key
 * is zeroed. Wipe @key with envol_xts_wipe_key().
 */
int envol_xts_set_key(struct envol_xts_key *key, const u8 *raw, size_t len,
		      unsigned int flags, u32 cpu);
void envol_xts_wipe_key(struct envol_xts_key *key);

/*
 * Encrypt or decrypt @len bytes, a multiple of @du_size (512, 1024, 2048 or
 * 4096), from @src to @dst, which are the same or do not overlap; any alignment.
 */
void envol_xts_encrypt(const struct envol_xts_engine *engine,
		       const struct envol_xts_key *key, u8 *dst, const u8 *src,
		       size_t len, unsigned int du_size, u64 tweak, u64 step);
void envol_xts_decrypt(const struct envol_xts_engine *engine,
		       const struct envol_xts_key *key, u8 *dst, const u8 *src,
		       size_t len, unsigned int du_size, u64 tweak, u64 step);

/*
 * The same for a run that is scattered over memory: @segments, in the order of the
 * run, have @len bytes together. Each is of one or more whole data units, and one does not
 * overlap another. Fewer calls, of more units, are faster: an engine does not stop
 * at the end of a segment.
 */
struct envol_xts_segment {
	u8 *dst;
	const u8 *src;
	size_t len;
};

void envol_xts_encrypt_segments(const struct envol_xts_engine *engine,
				const struct envol_xts_key *key,
				const struct envol_xts_segment *segments,
				size_t len, unsigned int du_size, u64 tweak,
				u64 step);
void envol_xts_decrypt_segments(const struct envol_xts_engine *engine,
				const struct envol_xts_key *key,
				const struct envol_xts_segment *segments,
				size_t len, unsigned int du_size, u64 tweak,
				u64 step);

/*
 * The same for a data unit that lies in pieces. start writes the encrypted tweak
 * of the unit's first block to @t; each part handles @len bytes, a multiple of
 * 16, and leaves in @t what the next part goes on with.
 */
void envol_xts_start(const struct envol_xts_engine *engine,
		     const struct envol_xts_key *key, u8 t[16], u64 tweak);
void envol_xts_encrypt_part(const struct envol_xts_engine *engine,
			    const struct envol_xts_key *key, u8 t[16],
			    u8 *dst, const u8 *src, size_t len);
void envol_xts_decrypt_part(const struct envol_xts_engine *engine,
			    const struct envol_xts_key *key, u8 t[16],
			    u8 *dst, const u8 *src, size_t len);

#endif
