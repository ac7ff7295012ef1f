// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * AES without tables and without vector registers: four blocks, bit-sliced over
 * eight 64-bit words, in a time that depends on neither key nor data.
 *
 * Word i holds bit i of all 64 bytes. A byte of row r and column c (FIPS 197,
 * 3.4) of block n lies at bit 16 r + 4 c + n: "the next row" is a rotation of the
 * word by 16, "the next column" one by 4 within each 16-bit field.
 *
 * ShiftRows would cost a hundred instructions a round that way, so it is never
 * done (A. Adomnicai, T. Peyrin, "Fixslicing AES-like ciphers", 2020, IACR ePrint
 * 2020/1123): after round k, row r is k * r columns behind where it should be.
 * MixColumns looks for its bytes where they are, which is one of four patterns as
 * four times ShiftRows is the identity; the round keys are shifted alike when
 * they are expanded; and after 10 or 14 rounds two missing ShiftRows are made up
 * for. The constant 63h of the S-box lies in the round keys too, all but the
 * first: MixColumns maps a column of four equal bytes to itself.
 */
#include "kmod/core/aes.h"
#include "kmod/core/aes_sbox.h"
#include "kmod/core/cpu.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

#define SBOX_CONSTANT 0x63

/* Unrolled by order: gcc -O2 would keep the planes in memory and halve the speed. */
#define EACH_PLANE(i) _Pragma("GCC unroll 8") for (i = 0; i < 8; i++)

_Static_assert(offsetof(struct envol_aes_key, enc) == ENVOL_AES_KEY_ENC, "enc");
_Static_assert(offsetof(struct envol_aes_key, dec) == ENVOL_AES_KEY_DEC, "dec");
_Static_assert(offsetof(struct envol_aes_key, rounds) == ENVOL_AES_KEY_ROUNDS, "rounds");
_Static_assert(sizeof(struct envol_aes_key) == ENVOL_AES_KEY_SIZE, "size");

static ALWAYS_INLINE u64 get_le32(const u8 *p)
{
	u32 v;

	__builtin_memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap32(v);
#endif
	return v;
}

static ALWAYS_INLINE void put_le32(u8 *p, u64 v64)
{
	u32 v = v64;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap32(v);
#endif
	__builtin_memcpy(p, &v, sizeof(v));
}

static ALWAYS_INLINE u64 ror(u64 x, unsigned int n)
{
	return n ? x >> n | x << (64 - n) : x;
}

/* Exchange bits of @x and @y: those of @x at mask << shift with those of @y at mask. */
#define EXCHANGE(x, y, shift, mask)                                           \
	do {                                                                  \
		u64 t_ = ((x) >> (shift) ^ (y)) & (mask);                     \
		(y) ^= t_;                                                    \
		(x) ^= t_ << (shift);                                         \
	} while (0)

/* EXCHANGE for the four pairs of words whose numbers differ in bit @bit. */
static ALWAYS_INLINE void exchange(u64 q[8], unsigned int bit,
				   unsigned int shift, u64 mask)
{
	unsigned int i;

	EACH_PLANE(i)
		if (!(i & bit))
			EXCHANGE(q[i], q[i | bit], shift, mask);
}

/*
 * Bytes to bit planes. What is permuted here are the nine bits of a bit's place: three
 * of the word's number and six of the position in it. Loaded are, by number
 * (c0 n1 c1) and position (n0 r1 r0 b2 b1 b0), for bit b of row r, column c, block n.
 * Wanted are number (b2 b1 b0) and position (r1 r0 c1 c0 n1 n0). Each exchange
 * swaps one bit of the number with one of the position.
 */
static ALWAYS_INLINE void slice(u64 q[8], const u8 *p)
{
	unsigned int i;

	EACH_PLANE(i) {
		const u8 *column = p + 32 * (i >> 1 & 1) + 8 * (i & 1) + 4 * (i >> 2);

		q[i] = get_le32(column) | get_le32(column + 16) << 32;
	}
	exchange(q, 4, 4, 0x0f0f0f0f0f0f0f0f);
	exchange(q, 2, 2, 0x3333333333333333);
	exchange(q, 1, 8, 0x00ff00ff00ff00ff);
	exchange(q, 1, 16, 0x0000ffff0000ffff);
	exchange(q, 1, 32, 0x00000000ffffffff);
	exchange(q, 1, 1, 0x5555555555555555);
}

static ALWAYS_INLINE void unslice(u8 *p, u64 q[8])
{
	unsigned int i;

	exchange(q, 1, 1, 0x5555555555555555);
	exchange(q, 1, 32, 0x00000000ffffffff);
	exchange(q, 1, 16, 0x0000ffff0000ffff);
	exchange(q, 1, 8, 0x00ff00ff00ff00ff);
	exchange(q, 2, 2, 0x3333333333333333);
	exchange(q, 4, 4, 0x0f0f0f0f0f0f0f0f);
	EACH_PLANE(i) {
		u8 *column = p + 32 * (i >> 1 & 1) + 8 * (i & 1) + 4 * (i >> 2);

		put_le32(column, q[i]);
		put_le32(column + 16, q[i] >> 32);
	}
}

/*
 * The bytes @rows rows further down in the same column, in a state that lacks
 * @lag ShiftRows: they are @rows * @lag columns off as well.
 */
static ALWAYS_INLINE u64 below(u64 x, unsigned int rows, unsigned int lag)
{
	unsigned int columns = rows * lag % 4;
	u64 stay = (0xffffu >> 4 * columns) * 0x0001000100010001u;

	if (!columns)
		return ror(x, 16 * rows);
	return (ror(x, 16 * rows + 4 * columns) & stay) |
	       (ror(x, 16 * rows + 4 * columns - 16) & ~stay);
}

/* MixColumns, FIPS 197 5.1.3: 2 a0 + 3 a1 + a2 + a3 = 2 (a0 + a1) + a1 + (a2 + a3). */
static ALWAYS_INLINE void mix_columns(u64 q[8], unsigned int lag)
{
	u64 next[8], sum[8];
	unsigned int i;

	EACH_PLANE(i) {
		next[i] = below(q[i], 1, lag);
		sum[i] = q[i] ^ next[i];
	}
	EACH_PLANE(i)
		q[i] = next[i] ^ below(sum[i], 2, lag) ^ sum[(i + 7) % 8];
	/* the doubling wrapped bit 7 round to bit 0; 1bh has three bits more */
	q[1] ^= sum[7];
	q[3] ^= sum[7];
	q[4] ^= sum[7];
}

/* InvMixColumns = MixColumns after adding 4 (a0 + a2) to a0 and a2, 4 (a1 + a3) to a1 and a3. */
static ALWAYS_INLINE void inv_mix_columns(u64 q[8], unsigned int lag)
{
	u64 sum[8];
	unsigned int i;

	EACH_PLANE(i)
		sum[i] = q[i] ^ below(q[i], 2, lag);
	EACH_PLANE(i)
		q[i] ^= sum[(i + 6) % 8];
	/* the two bits that the factor 4 carried out of the byte, times 1bh */
	q[1] ^= sum[6];
	q[2] ^= sum[7];
	q[3] ^= sum[6];
	q[4] ^= sum[6] ^ sum[7];
	q[5] ^= sum[7];
	mix_columns(q, lag);
}

static ALWAYS_INLINE void add_round_key(u64 q[8], const u64 key[8])
{
	unsigned int i;

	EACH_PLANE(i)
		q[i] ^= key[i];
}

/* Two ShiftRows at once, their own inverse: rows 1 and 3 turn by two columns. */
static ALWAYS_INLINE void shift_rows_twice(u64 q[8])
{
	unsigned int i;

	EACH_PLANE(i)
		EXCHANGE(q[i], q[i], 8, 0x00ff000000ff0000);
}

static ALWAYS_INLINE void encrypt_round(u64 q[8], const u64 key[8],
					unsigned int lag)
{
	aes_sbox(q);
	mix_columns(q, lag);
	add_round_key(q, key);
}

static ALWAYS_INLINE void decrypt_round(u64 q[8], const u64 key[8],
					unsigned int lag)
{
	aes_inv_sbox(q);
	add_round_key(q, key);
	inv_mix_columns(q, lag);
}

void envol_aes_encrypt4(const struct envol_aes_key *key, u8 dst[64],
			const u8 src[64])
{
	const u64 (*k)[8] = key->sliced;
	unsigned int round;
	u64 q[8];

	slice(q, src);
	add_round_key(q, k[0]);
	encrypt_round(q, k[1], 1);
	for (round = 2; round < key->rounds; round += 4) {
		encrypt_round(q, k[round], 2);
		encrypt_round(q, k[round + 1], 3);
		encrypt_round(q, k[round + 2], 0);
		encrypt_round(q, k[round + 3], 1);
	}
	aes_sbox(q);
	add_round_key(q, k[round]);
	shift_rows_twice(q);
	unslice(dst, q);
}

void envol_aes_decrypt4(const struct envol_aes_key *key, u8 dst[64],
			const u8 src[64])
{
	const u64 (*k)[8] = key->sliced;
	unsigned int round = key->rounds;
	u64 q[8];

	slice(q, src);
	shift_rows_twice(q);
	add_round_key(q, k[round]);
	for (; round > 2; round -= 4) {
		decrypt_round(q, k[round - 1], 1);
		decrypt_round(q, k[round - 2], 0);
		decrypt_round(q, k[round - 3], 3);
		decrypt_round(q, k[round - 4], 2);
	}
	decrypt_round(q, k[1], 1);
	aes_inv_sbox(q);
	add_round_key(q, k[0]);
	unslice(dst, q);
}

void envol_aes_encrypt(const struct envol_aes_key *key, u8 dst[16],
		       const u8 src[16])
{
	u8 four[64] = { 0 };

	memcpy(four, src, 16);
	envol_aes_encrypt4(key, four, four);
	memcpy(dst, four, 16);
	envol_memzero(four, sizeof(four));
}

void envol_aes_decrypt(const struct envol_aes_key *key, u8 dst[16],
		       const u8 src[16])
{
	u8 four[64] = { 0 };

	memcpy(four, src, 16);
	envol_aes_decrypt4(key, four, four);
	memcpy(dst, four, 16);
	envol_memzero(four, sizeof(four));
}

/* SubWord on four bytes, FIPS 197 5.2; the rest of @four is scratch. */
static void substitute_word(u8 four[64])
{
	unsigned int i;
	u64 q[8];

	slice(q, four);
	aes_sbox(q);
	unslice(four, q);
	for (i = 0; i < 4; i++)
		four[i] ^= SBOX_CONSTANT;
	envol_memzero(q, sizeof(q));
}

/* KeyExpansion, FIPS 197 5.2. @w is the key schedule as one run of 4-byte words. */
static void expand_encryption(u8 *w, const u8 *raw, unsigned int key_words,
			      unsigned int words)
{
	u8 four[64] = { 0 };
	unsigned int i, j;
	u8 rcon = 1;

	memcpy(w, raw, 4 * key_words);
	for (i = key_words; i < words; i++) {
		const u8 *last = w + 4 * (i - 1);
		bool first = i % key_words == 0;

		for (j = 0; j < 4; j++)
			four[j] = last[first ? (j + 1) % 4 : j];
		if (first || (key_words == 8 && i % 8 == 4))
			substitute_word(four);
		if (first) {
			four[0] ^= rcon;
			rcon = rcon << 1 ^ (rcon >> 7) * 0x1b;
		}
		for (j = 0; j < 4; j++)
			w[4 * i + j] = w[4 * (i - key_words) + j] ^ four[j];
	}
	envol_memzero(four, sizeof(four));
}

/* FIPS 197 5.3.5: the encryption's round keys backwards, all but the ends through InvMixColumns. */
static void expand_decryption(struct envol_aes_key *key)
{
	unsigned int round, n = key->rounds;
	u8 four[64] = { 0 };
	u64 q[8];

	memcpy(key->dec[0], key->enc[n], 16);
	memcpy(key->dec[n], key->enc[0], 16);
	for (round = 1; round < n; round++) {
		memcpy(four, key->enc[n - round], 16);
		slice(q, four);
		inv_mix_columns(q, 0);
		unslice(four, q);
		memcpy(key->dec[round], four, 16);
	}
	envol_memzero(four, sizeof(four));
	envol_memzero(q, sizeof(q));
}

/* The same round keys for four blocks, in planes, lagging as the state does. */
static void expand_sliced(struct envol_aes_key *key)
{
	unsigned int round, i, n;
	u8 four[64];

	for (round = 0; round <= key->rounds; round++) {
		for (i = 0; i < 16; i++) {
			unsigned int row = i % 4, column = i / 4 + round * row;
			u8 byte = key->enc[round][i] ^ (round ? SBOX_CONSTANT : 0);

			for (n = 0; n < 4; n++)
				four[16 * n + 4 * (column % 4) + row] = byte;
		}
		slice(key->sliced[round], four);
	}
	envol_memzero(four, sizeof(four));
}

void envol_aes_expand(struct envol_aes_key *key, const u8 *raw, size_t len,
		      u32 cpu)
{
	memset(key, 0, sizeof(*key));
	if (ENVOL_X86_64 && (cpu & ENVOL_CPU_AES)) {
		envol_aes_expand_aesni(key, raw, len);
	} else {
		key->rounds = len / 4 + 6;
		expand_encryption(key->enc[0], raw, len / 4, 4 * (key->rounds + 1));
		expand_decryption(key);
	}
	expand_sliced(key);
}
