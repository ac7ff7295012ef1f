// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's own AES-XTS, as tools/bench/kernel-cipher builds it from a source package:
 * its vector assembly as its glue code calls it, once a data unit, and its portable
 * AES with XTS around it, since what the kernel has for that is a template of its API.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/bench/fail.h"
#include "tools/bench/peer.h"

/* struct crypto_aes_ctx of the kernel's include/crypto/aes.h: its assembly's interface. */
struct aes_ctx {
	u32 enc[60];
	u32 dec[60];
	u32 key_len;
};

typedef u64 tweak_vector __attribute__((vector_size(16)));

typedef void (*encrypt_iv_fn)(const struct aes_ctx *key, u8 iv[16]);
typedef void (*crypt_fn)(const struct aes_ctx *key, const u8 *src, u8 *dst,
			 unsigned int len, u8 tweak[16]);
typedef void (*block_fn)(const struct aes_ctx *key, u8 *dst, const u8 *src);
typedef int (*expand_fn)(struct aes_ctx *key, const u8 *raw, unsigned int len);

struct kernel_state {
	struct aes_ctx data ENVOL_ALIGNED(16);
	struct aes_ctx tweak ENVOL_ALIGNED(16);
	encrypt_iv_fn encrypt_iv;
	crypt_fn crypt[2];	/* by direction */
	block_fn encrypt_block;
	block_fn block[2];
};

static void crypt_by_assembly(void *state, enum envol_peer_direction direction,
			      u8 *dst, const u8 *src, size_t len,
			      unsigned int du_size, u64 tweak)
{
	const struct kernel_state *s = state;
	union {
		tweak_vector vector;	/* stored at once: it is loaded at once */
		u8 bytes[16];
	} iv;

	for (; len; len -= du_size, src += du_size, dst += du_size, tweak++) {
		iv.vector = (tweak_vector){ tweak, 0 };
		s->encrypt_iv(&s->tweak, iv.bytes);
		s->crypt[direction](&s->data, src, dst, du_size, iv.bytes);
	}
}

static void crypt_by_blocks(void *state, enum envol_peer_direction direction,
			    u8 *dst, const u8 *src, size_t len,
			    unsigned int du_size, u64 tweak)
{
	const struct kernel_state *s = state;
	u8 iv[16], block[16];
	u64 lo = 0, hi = 0, carry;
	size_t at;

	for (at = 0; at < len; at += 16) {
		if (at % du_size == 0) {
			envol_put_le64(iv, tweak++);
			envol_put_le64(iv + 8, 0);
			s->encrypt_block(&s->tweak, iv, iv);
			lo = envol_get_le64(iv);
			hi = envol_get_le64(iv + 8);
		}
		envol_put_le64(block, envol_get_le64(src + at) ^ lo);
		envol_put_le64(block + 8, envol_get_le64(src + at + 8) ^ hi);
		s->block[direction](&s->data, block, block);
		envol_put_le64(dst + at, envol_get_le64(block) ^ lo);
		envol_put_le64(dst + at + 8, envol_get_le64(block + 8) ^ hi);
		carry = hi >> 63;
		hi = hi << 1 | lo >> 63;
		lo = lo << 1 ^ carry * 0x87;
	}
}

static int add_assembly(struct envol_peer_list *list, const struct kernel_state *keys,
			void *library, const char *name, enum envol_peer_width width,
			const char *encrypt, const char *decrypt)
{
	struct kernel_state *s = aligned_alloc(16, sizeof(*s));
	struct envol_peer *peer;

	if (!s)
		return envol_fail_with(-ENOMEM, "out of memory");
	*s = *keys;
	s->encrypt_iv = (encrypt_iv_fn)dlsym(library, "aes_xts_encrypt_iv");
	s->crypt[ENVOL_PEER_ENCRYPT] = (crypt_fn)dlsym(library, encrypt);
	s->crypt[ENVOL_PEER_DECRYPT] = (crypt_fn)dlsym(library, decrypt);
	if (!s->encrypt_iv || !s->crypt[0] || !s->crypt[1]) {
		free(s);
		return envol_fail_with(-ENOENT, "the kernel's cipher has no %s", encrypt);
	}
	peer = envol_peer_add(list, name, width);
	peer->state = s;
	peer->crypt = crypt_by_assembly;
	peer->close = free;
	return 0;
}

static int add_portable(struct envol_peer_list *list, const struct kernel_state *keys,
			void *library)
{
	struct kernel_state *s = aligned_alloc(16, sizeof(*s));
	struct envol_peer *peer;

	if (!s)
		return envol_fail_with(-ENOMEM, "out of memory");
	*s = *keys;
	s->block[ENVOL_PEER_ENCRYPT] = (block_fn)dlsym(library, "aes_encrypt");
	s->block[ENVOL_PEER_DECRYPT] = (block_fn)dlsym(library, "aes_decrypt");
	s->encrypt_block = s->block[ENVOL_PEER_ENCRYPT];
	if (!s->block[0] || !s->block[1]) {
		free(s);
		return envol_fail_with(-ENOENT, "the kernel's cipher has no aes_encrypt");
	}
	peer = envol_peer_add(list, "kernel fixed-time", ENVOL_PEER_SCALAR);
	peer->state = s;
	peer->crypt = crypt_by_blocks;
	peer->close = free;
	return 0;
}

static int add_all(struct envol_peer_list *list, void *library)
{
	expand_fn expand = (expand_fn)dlsym(library, "aes_expandkey");
	unsigned int half = (unsigned int)list->key_len / 2;
	u32 cpu = envol_cpu_features();
	struct kernel_state keys = { 0 };
	int err = 0;

	if (!expand || expand(&keys.data, list->raw_key, half) ||
	    expand(&keys.tweak, list->raw_key + half, half))
		return envol_fail_with(-EINVAL, "the kernel's cipher takes no key");
	if (envol_xts_engine_runs(&envol_xts_vaes_avx2, cpu))
		err = add_assembly(list, &keys, library, "kernel vaes-avx2", ENVOL_PEER_VAES,
				   "aes_xts_encrypt_vaes_avx2", "aes_xts_decrypt_vaes_avx2");
	if (!err && envol_xts_engine_runs(&envol_xts_aesni_avx, cpu))
		err = add_assembly(list, &keys, library, "kernel aesni-avx", ENVOL_PEER_AVX,
				   "aes_xts_encrypt_aesni_avx", "aes_xts_decrypt_aesni_avx");
	if (!err)
		err = add_portable(list, &keys, library);
	return err;
}

int envol_peer_kernel_add(struct envol_peer_list *list, const char *path)
{
	void *library;

	if (access(path, F_OK) != 0)
		return envol_fail_with(-ENOENT, "%s: no such file", path);
	/* Stays loaded: its functions are called until the program ends. */
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return envol_fail_with(-EINVAL, "%s", dlerror());
	return add_all(list, library);
}
