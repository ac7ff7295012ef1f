// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Keys, and the way to an engine. */
#include "kmod/core/xts_engine.h"

const struct envol_xts_engine *const envol_xts_engines[] = {
#ifdef __x86_64__
	&envol_xts_vaes_avx2,
	&envol_xts_aesni_avx,
#endif
	&envol_xts_generic,
	NULL,
};

const struct envol_xts_engine *envol_xts_best_engine(u32 cpu)
{
	const struct envol_xts_engine *const *engine = envol_xts_engines;

	while (!envol_xts_engine_runs(*engine, cpu))
		engine++;
	return *engine;
}

const struct envol_xts_engine *envol_xts_find_engine(const char *name)
{
	const struct envol_xts_engine *const *engine = envol_xts_engines;

	while (*engine && strcmp((*engine)->name, name) != 0)
		engine++;
	return *engine;
}

/* In a time that depends on @len alone. */
static bool equal(const u8 *a, const u8 *b, size_t len)
{
	u8 differ = 0;
	size_t i;

	for (i = 0; i < len; i++)
		differ |= a[i] ^ b[i];
	return differ == 0;
}

int envol_xts_set_key(struct envol_xts_key *key, const u8 *raw, size_t len,
		      unsigned int flags, u32 cpu)
{
	size_t half = len / 2;

	envol_xts_wipe_key(key);
	if (len != ENVOL_XTS_KEY_128 && len != ENVOL_XTS_KEY_256)
		return -EINVAL;
	if (!(flags & ENVOL_XTS_ALLOW_WEAK) && equal(raw, raw + half, half))
		return -EKEYREJECTED;
	envol_aes_expand(&key->data, raw, half, cpu);
	envol_aes_expand(&key->tweak, raw + half, half, cpu);
	return 0;
}

void envol_xts_wipe_key(struct envol_xts_key *key)
{
	envol_memzero(key, sizeof(*key));
}

void envol_xts_encrypt(const struct envol_xts_engine *engine,
		       const struct envol_xts_key *key, u8 *dst, const u8 *src,
		       size_t len, unsigned int du_size, u64 tweak, u64 step)
{
	struct envol_xts_segment segment = { dst, src, len };

	engine->encrypt(key, &segment, len, du_size, tweak, step);
}

void envol_xts_decrypt(const struct envol_xts_engine *engine,
		       const struct envol_xts_key *key, u8 *dst, const u8 *src,
		       size_t len, unsigned int du_size, u64 tweak, u64 step)
{
	struct envol_xts_segment segment = { dst, src, len };

	engine->decrypt(key, &segment, len, du_size, tweak, step);
}

void envol_xts_encrypt_segments(const struct envol_xts_engine *engine,
				const struct envol_xts_key *key,
				const struct envol_xts_segment *segments,
				size_t len, unsigned int du_size, u64 tweak,
				u64 step)
{
	engine->encrypt(key, segments, len, du_size, tweak, step);
}

void envol_xts_decrypt_segments(const struct envol_xts_engine *engine,
				const struct envol_xts_key *key,
				const struct envol_xts_segment *segments,
				size_t len, unsigned int du_size, u64 tweak,
				u64 step)
{
	engine->decrypt(key, segments, len, du_size, tweak, step);
}

void envol_xts_start(const struct envol_xts_engine *engine,
		     const struct envol_xts_key *key, u8 t[16], u64 tweak)
{
	engine->start(key, t, tweak);
}

void envol_xts_encrypt_part(const struct envol_xts_engine *engine,
			    const struct envol_xts_key *key, u8 t[16],
			    u8 *dst, const u8 *src, size_t len)
{
	engine->encrypt_part(key, t, dst, src, len);
}

void envol_xts_decrypt_part(const struct envol_xts_engine *engine,
			    const struct envol_xts_key *key, u8 t[16],
			    u8 *dst, const u8 *src, size_t len)
{
	engine->decrypt_part(key, t, dst, src, len);
}
