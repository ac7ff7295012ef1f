/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The implementations of AES-XTS that are measured side by side: envol's engines,
 * OpenSSL and, where it was built, the kernel's own assembly. All get one key. It is no
 * secret: the same constant in every run, made for data that is thrown away.
 */
#pragma once

#include "kmod/core/xts_engine.h"

#define ENVOL_PEER_MAX 16

/* Which AES instructions it uses, and so which limit it is held against. */
enum envol_peer_width {
	ENVOL_PEER_SCALAR,
	ENVOL_PEER_AVX,
	ENVOL_PEER_VAES,
};

enum envol_peer_direction {
	ENVOL_PEER_ENCRYPT,
	ENVOL_PEER_DECRYPT,
};

struct envol_peer {
	const char *name;
	enum envol_peer_width width;
	bool batches;	/* one call takes many data units; else crypt makes one a unit */
	/* Data units of @du_size, numbered from @tweak on in steps of 1. */
	void (*crypt)(void *state, enum envol_peer_direction direction, u8 *dst,
		      const u8 *src, size_t len, unsigned int du_size, u64 tweak);
	void (*close)(void *state);
	void *state;
};

struct envol_peer_engine {
	const struct envol_xts_engine *engine;
	const struct envol_xts_key *key;
};

struct envol_peer_list {
	struct envol_peer peers[ENVOL_PEER_MAX];
	struct envol_peer_engine engines[ENVOL_PEER_MAX];	/* the state of the first ones */
	size_t count;
	u8 raw_key[ENVOL_XTS_KEY_256];
	size_t key_len;
	struct envol_xts_key key;
};

/*
 * Start @list, which stays where it is, with the engines that this CPU runs; @key_len
 * is 32 or 64 bytes.
 */
void envol_peer_init(struct envol_peer_list *list, size_t key_len);
void envol_peer_wipe(struct envol_peer_list *list);

/* A new peer at the end of @list. */
struct envol_peer *envol_peer_add(struct envol_peer_list *list, const char *name,
				  enum envol_peer_width width);

/*
 * Compare what each peer of @list makes of units of @du_size with what the portable
 * engine does, in both directions: a wrong cipher may be as fast as it likes. -EBADMSG.
 */
int envol_peer_prove(struct envol_peer_list *list, unsigned int du_size)
	__attribute__((warn_unused_result));

/* peer_openssl.c: OpenSSL's EVP interface, one call a data unit. */
int envol_peer_openssl_add(struct envol_peer_list *list)
	__attribute__((warn_unused_result));

/*
 * peer_kernel.c: the library at @path, which tools/bench/kernel-cipher made of the kernel's
 * source. -ENOENT where there is none.
 */
int envol_peer_kernel_add(struct envol_peer_list *list, const char *path)
	__attribute__((warn_unused_result));
