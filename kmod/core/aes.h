/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* AES (FIPS 197) key schedules, for keys of 128 and 256 bits, and the portable cipher. */
#ifndef _ENVOL_CORE_AES_H
#define _ENVOL_CORE_AES_H

#define ENVOL_AES_MAX_ROUNDS 14

/* Where the members of struct envol_aes_key lie, for the assembly; aes.c asserts them. */
#define ENVOL_AES_KEY_ENC 0
#define ENVOL_AES_KEY_DEC 240
#define ENVOL_AES_KEY_ROUNDS 480
#define ENVOL_AES_KEY_SIZE 1456

#ifndef __ASSEMBLER__

#include "kmod/core/port.h"

/*
 * Round keys in the byte order of FIPS 197, and those of the equivalent inverse
 * cipher (section 5.3.5) in the order in which decryption uses them. 16-byte
 * alignment lets the assembly use them as memory operands. @sliced is private to
 * aes.c: the round keys as its bit-sliced cipher adds them.
 */
struct envol_aes_key {
	u8 enc[ENVOL_AES_MAX_ROUNDS + 1][16] ENVOL_ALIGNED(16);
	u8 dec[ENVOL_AES_MAX_ROUNDS + 1][16] ENVOL_ALIGNED(16);
	u32 rounds;	/* 10 or 14 */
	u64 sliced[ENVOL_AES_MAX_ROUNDS + 1][8];
};

/*
 * Expand @raw, @len bytes (16 or 32; the caller has checked), into @key. @cpu as
 * for envol_xts_set_key().
 */
void envol_aes_expand(struct envol_aes_key *key, const u8 *raw, size_t len,
		      u32 cpu);

/* One block, constant-time, any CPU; @dst and @src may be the same. */
void envol_aes_encrypt(const struct envol_aes_key *key, u8 dst[16],
		       const u8 src[16]);
void envol_aes_decrypt(const struct envol_aes_key *key, u8 dst[16],
		       const u8 src[16]);

/* Four blocks in the time of one. */
void envol_aes_encrypt4(const struct envol_aes_key *key, u8 dst[64],
			const u8 src[64]);
void envol_aes_decrypt4(const struct envol_aes_key *key, u8 dst[64],
			const u8 src[64]);

/*
 * envol_aes_expand() with the AES instructions, in aes_x86_64.S: fills @enc, @dec
 * and @rounds. Uses vector registers and leaves no key in them.
 */
void envol_aes_expand_aesni(struct envol_aes_key *key, const u8 *raw,
			    size_t len);

#endif
#endif
