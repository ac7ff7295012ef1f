// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/bench/peer.h"

#include <assert.h>
#include <string.h>

#include "tools/bench/fail.h"

#define PROVE_LEN 16384

static void crypt_by_engine(void *state, enum envol_peer_direction direction,
			    u8 *dst, const u8 *src, size_t len,
			    unsigned int du_size, u64 tweak)
{
	const struct envol_peer_engine *s = state;

	if (direction == ENVOL_PEER_ENCRYPT)
		envol_xts_encrypt(s->engine, s->key, dst, src, len, du_size, tweak, 1);
	else
		envol_xts_decrypt(s->engine, s->key, dst, src, len, du_size, tweak, 1);
}

struct envol_peer *envol_peer_add(struct envol_peer_list *list, const char *name,
				  enum envol_peer_width width)
{
	struct envol_peer *peer = &list->peers[list->count++];

	assert(list->count <= ENVOL_PEER_MAX);
	*peer = (struct envol_peer){ .name = name, .width = width };
	return peer;
}

static enum envol_peer_width width_of(const struct envol_xts_engine *engine)
{
	if (engine->cpu & ENVOL_CPU_VAES)
		return ENVOL_PEER_VAES;
	return engine->cpu & ENVOL_CPU_AES ? ENVOL_PEER_AVX : ENVOL_PEER_SCALAR;
}

void envol_peer_init(struct envol_peer_list *list, size_t key_len)
{
	u32 cpu = envol_cpu_features();
	size_t i;
	int err;

	*list = (struct envol_peer_list){ .key_len = key_len };
	for (i = 0; i < key_len; i++)
		list->raw_key[i] = (u8)(i * 151 + 7);
	err = envol_xts_set_key(&list->key, list->raw_key, key_len, 0, cpu);
	assert(!err);

	for (i = 0; envol_xts_engines[i]; i++) {
		const struct envol_xts_engine *engine = envol_xts_engines[i];
		struct envol_peer *peer;

		if (!envol_xts_engine_runs(engine, cpu))
			continue;
		peer = envol_peer_add(list, engine->name, width_of(engine));
		list->engines[i] = (struct envol_peer_engine){ engine, &list->key };
		peer->state = &list->engines[i];
		peer->crypt = crypt_by_engine;
		peer->batches = true;
	}
}

void envol_peer_wipe(struct envol_peer_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (list->peers[i].close)
			list->peers[i].close(list->peers[i].state);
	*list = (struct envol_peer_list){ 0 };
}

int envol_peer_prove(struct envol_peer_list *list, unsigned int du_size)
{
	static u8 plain[PROVE_LEN], cipher[PROVE_LEN], out[PROVE_LEN];
	size_t i;

	for (i = 0; i < PROVE_LEN; i++)
		plain[i] = (u8)(i * 31 + i / 256);
	envol_xts_encrypt(&envol_xts_generic, &list->key, cipher, plain, PROVE_LEN,
			  du_size, 5, 1);
	for (i = 0; i < list->count; i++) {
		const struct envol_peer *peer = &list->peers[i];

		memset(out, 0, PROVE_LEN);
		peer->crypt(peer->state, ENVOL_PEER_ENCRYPT, out, plain, PROVE_LEN, du_size, 5);
		if (memcmp(out, cipher, PROVE_LEN) != 0)
			return envol_fail_with(-EBADMSG, "%s encrypts units of %u bytes wrongly",
					       peer->name, du_size);
		peer->crypt(peer->state, ENVOL_PEER_DECRYPT, out, out, PROVE_LEN, du_size, 5);
		if (memcmp(out, plain, PROVE_LEN) != 0)
			return envol_fail_with(-EBADMSG, "%s decrypts units of %u bytes wrongly",
					       peer->name, du_size);
	}
	return 0;
}
