// SPDX-License-Identifier: GPL-2.0-or-later
#include <openssl/evp.h>
#include <stdlib.h>

#include "tools/bench/fail.h"
#include "tools/bench/peer.h"

struct openssl_state {
	EVP_CIPHER_CTX *ctx[2];	/* by direction */
};

static void crypt_by_openssl(void *state, enum envol_peer_direction direction,
			     u8 *dst, const u8 *src, size_t len,
			     unsigned int du_size, u64 tweak)
{
	EVP_CIPHER_CTX *ctx = ((struct openssl_state *)state)->ctx[direction];
	u8 iv[16] = { 0 };
	int n;

	for (; len; len -= du_size, src += du_size, dst += du_size, tweak++) {
		envol_put_le64(iv, tweak);
		EVP_CipherInit_ex(ctx, NULL, NULL, NULL, iv, -1);
		EVP_CipherUpdate(ctx, dst, &n, src, (int)du_size);
	}
}

static void close_openssl(void *state)
{
	struct openssl_state *s = state;

	EVP_CIPHER_CTX_free(s->ctx[ENVOL_PEER_ENCRYPT]);
	EVP_CIPHER_CTX_free(s->ctx[ENVOL_PEER_DECRYPT]);
	free(s);
}

int envol_peer_openssl_add(struct envol_peer_list *list)
{
	const EVP_CIPHER *cipher =
		list->key_len == ENVOL_XTS_KEY_128 ? EVP_aes_128_xts() : EVP_aes_256_xts();
	struct openssl_state *s = calloc(1, sizeof(*s));
	struct envol_peer *peer;
	int way;

	if (!s)
		return envol_fail_with(-ENOMEM, "out of memory");
	for (way = ENVOL_PEER_ENCRYPT; way <= ENVOL_PEER_DECRYPT; way++) {
		s->ctx[way] = EVP_CIPHER_CTX_new();
		if (!s->ctx[way] ||
		    EVP_CipherInit_ex(s->ctx[way], cipher, NULL, list->raw_key, NULL,
				      way == ENVOL_PEER_ENCRYPT) != 1) {
			close_openssl(s);
			return envol_fail_with(-ENOMEM, "OpenSSL refuses AES-XTS");
		}
	}
	peer = envol_peer_add(list, "openssl", ENVOL_PEER_AVX);
	peer->state = s;
	peer->crypt = crypt_by_openssl;
	peer->close = close_openssl;
	return 0;
}
