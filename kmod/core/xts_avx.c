// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The engines of xts_x86_64.S. Its functions have one shape for whole units and for
 * parts of one; here they are picked by the size of the key.
 */
#include "kmod/core/xts_engine.h"

#ifdef __x86_64__

/* What the assembly assumes besides struct envol_aes_key. */
_Static_assert(offsetof(struct envol_xts_key, data) == 0, "data");
_Static_assert(offsetof(struct envol_xts_key, tweak) == ENVOL_AES_KEY_SIZE, "tweak");

_Static_assert(offsetof(struct envol_xts_segment, dst) == 0, "dst");
_Static_assert(offsetof(struct envol_xts_segment, src) == 8, "src");
_Static_assert(offsetof(struct envol_xts_segment, len) == 16, "len");
_Static_assert(sizeof(struct envol_xts_segment) == 24, "a list of segments");

typedef void (*crypt_fn)(const struct envol_xts_key *key,
			 const struct envol_xts_segment *segments, size_t len,
			 u64 du_size, u64 tweak, u64 step, u8 *part);

static inline void units(crypt_fn aes128, crypt_fn aes256,
			 const struct envol_xts_key *key,
			 const struct envol_xts_segment *segments, size_t len,
			 u64 du_size, u64 tweak, u64 step)
{
	if (!len)
		return;
	if (key->data.rounds == ENVOL_AES_MAX_ROUNDS)
		aes256(key, segments, len, du_size, tweak, step, NULL);
	else
		aes128(key, segments, len, du_size, tweak, step, NULL);
}

static inline void part(crypt_fn aes128, crypt_fn aes256,
			const struct envol_xts_key *key, u8 *t, u8 *dst,
			const u8 *src, size_t len)
{
	struct envol_xts_segment segment = { dst, src, len };

	if (key->data.rounds == ENVOL_AES_MAX_ROUNDS)
		aes256(key, &segment, len, 0, 0, 0, t);
	else
		aes128(key, &segment, len, 0, 0, 0, t);
}

void envol_xts_avx_start(const struct envol_xts_key *key, u8 t[16], u64 tweak);

#define DECLARE(function)                                                     \
	void function(const struct envol_xts_key *key,                        \
		      const struct envol_xts_segment *segments, size_t len,   \
		      u64 du_size, u64 tweak, u64 step, u8 *part)

#define ENGINE(id, id_name, id_cpu)                                           \
	DECLARE(envol_xts_##id##_encrypt_128);                                \
	DECLARE(envol_xts_##id##_encrypt_256);                                \
	DECLARE(envol_xts_##id##_decrypt_128);                                \
	DECLARE(envol_xts_##id##_decrypt_256);                                \
	static void id##_encrypt(const struct envol_xts_key *key,             \
				 const struct envol_xts_segment *segments,    \
				 size_t len, unsigned int du_size, u64 tweak, \
				 u64 step)                                    \
	{                                                                     \
		units(envol_xts_##id##_encrypt_128,                           \
		      envol_xts_##id##_encrypt_256, key, segments, len,       \
		      du_size, tweak, step);                                  \
	}                                                                     \
	static void id##_decrypt(const struct envol_xts_key *key,             \
				 const struct envol_xts_segment *segments,    \
				 size_t len, unsigned int du_size, u64 tweak, \
				 u64 step)                                    \
	{                                                                     \
		units(envol_xts_##id##_decrypt_128,                           \
		      envol_xts_##id##_decrypt_256, key, segments, len,       \
		      du_size, tweak, step);                                  \
	}                                                                     \
	static void id##_encrypt_part(const struct envol_xts_key *key,        \
				      u8 t[16], u8 *dst, const u8 *src,       \
				      size_t len)                             \
	{                                                                     \
		part(envol_xts_##id##_encrypt_128,                            \
		     envol_xts_##id##_encrypt_256, key, t, dst, src, len);    \
	}                                                                     \
	static void id##_decrypt_part(const struct envol_xts_key *key,        \
				      u8 t[16], u8 *dst, const u8 *src,       \
				      size_t len)                             \
	{                                                                     \
		part(envol_xts_##id##_decrypt_128,                            \
		     envol_xts_##id##_decrypt_256, key, t, dst, src, len);    \
	}                                                                     \
	const struct envol_xts_engine envol_xts_##id = {                      \
		.name = id_name,                                              \
		.cpu = id_cpu,                                                \
		.encrypt = id##_encrypt,                                      \
		.decrypt = id##_decrypt,                                      \
		.start = envol_xts_avx_start,                                 \
		.encrypt_part = id##_encrypt_part,                            \
		.decrypt_part = id##_decrypt_part,                            \
	}

ENGINE(aesni_avx, "aesni-avx", ENVOL_CPU_AES | ENVOL_CPU_AVX);
/*
 * Every CPU with VAES has VPCLMULQDQ; what claims one without the other is an
 * emulator, and QEMU 7.2's 256-bit VAESENC is wrong in its upper half.
 */
ENGINE(vaes_avx2, "vaes-avx2",
       ENVOL_CPU_AES | ENVOL_CPU_AVX | ENVOL_CPU_AVX2 | ENVOL_CPU_VAES |
       ENVOL_CPU_VPCLMULQDQ);

#endif
