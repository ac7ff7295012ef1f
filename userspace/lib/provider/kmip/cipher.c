// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/kmip/cipher.h"
#include "userspace/lib/provider/kmip/exchange.h"

static void write_parameters(struct envol_ttlv_writer *w, bool random_iv)
{
	envol_ttlv_open(w, KMIP_CRYPTOGRAPHIC_PARAMETERS);
	envol_ttlv_write_enum(w, KMIP_BLOCK_CIPHER_MODE, KMIP_MODE_GCM);
	envol_ttlv_write_enum(w, KMIP_CRYPTOGRAPHIC_ALGORITHM, KMIP_ALGORITHM_AES);
	if (random_iv)
		envol_ttlv_write_boolean(w, KMIP_RANDOM_IV, true);
	envol_ttlv_write_integer(w, KMIP_TAG_LENGTH, ENVOL_KMIP_TAG_SIZE);
	envol_ttlv_close(w);
}

static void begin(struct envol_kmip_client *client, struct envol_ttlv_writer *w,
		  enum envol_kmip_operation operation, const char *uid,
		  const struct envol_kmip_sealing *sealing, const uint8_t *data, size_t len)
{
	envol_kmip_exchange_begin(client, w, operation);
	envol_ttlv_write_text(w, KMIP_UNIQUE_IDENTIFIER, uid, strlen(uid));
	write_parameters(w, sealing->nonce_len == 0);
	envol_ttlv_write_bytes(w, KMIP_DATA, data, len);
	if (sealing->nonce_len)
		envol_ttlv_write_bytes(w, KMIP_IV_COUNTER_NONCE, sealing->nonce,
				       sealing->nonce_len);
	envol_ttlv_write_bytes(w, KMIP_AUTHENTICATED_DATA, sealing->aad.data,
			       sealing->aad.len);
}

/* A server may give the nonce back that it was sent. */
static int take_nonce(struct envol_kmip_client *client, const struct envol_ttlv *payload,
		      struct envol_kmip_sealing *sealing)
{
	struct envol_ttlv nonce;
	int err = envol_ttlv_find(payload, KMIP_IV_COUNTER_NONCE, ENVOL_TTLV_BYTES, &nonce);

	if (sealing->nonce_len) {
		if (err == -ENOENT || (!err && nonce.len == sealing->nonce_len &&
				       memcmp(nonce.value, sealing->nonce, nonce.len) == 0))
			return 0;
		return envol_kmip_exchange_bad(client, "it has another nonce than the request");
	}
	if (err || nonce.len < ENVOL_KMIP_NONCE_MIN || nonce.len > ENVOL_KMIP_NONCE_MAX)
		return envol_kmip_exchange_bad(client, "it has no nonce of 12 to 16 bytes");
	memcpy(sealing->nonce, nonce.value, nonce.len);
	sealing->nonce_len = nonce.len;
	return 0;
}

int envol_kmip_cipher_encrypt(struct envol_kmip_client *client, const char *uid,
			      struct envol_kmip_sealing *sealing,
			      const struct envol_secret *data, struct envol_blob *out)
{
	struct envol_ttlv payload, result, tag;
	struct envol_ttlv_writer w;
	int err;

	begin(client, &w, KMIP_OP_ENCRYPT, uid, sealing, data->data, data->len);
	err = envol_kmip_exchange_run(client, &w, KMIP_OP_ENCRYPT, &payload);
	if (!err)
		err = envol_kmip_exchange_check_uid(client, &payload, uid);
	if (!err)
		err = take_nonce(client, &payload, sealing);
	if (err)
		return err;
	if (envol_ttlv_find(&payload, KMIP_DATA, ENVOL_TTLV_BYTES, &result) ||
	    result.len != data->len)
		return envol_kmip_exchange_bad(client, "its data are not as long as what was encrypted");
	if (memcmp(result.value, data->data, data->len) == 0)
		return envol_kmip_exchange_bad(client, "its data are not encrypted");
	if (envol_ttlv_find(&payload, KMIP_AUTHENTICATED_TAG, ENVOL_TTLV_BYTES, &tag) ||
	    tag.len != ENVOL_KMIP_TAG_SIZE)
		return envol_kmip_exchange_bad(client, "it has no tag of 16 bytes");
	memcpy(sealing->tag, tag.value, tag.len);
	if (envol_blob_append(out, result.value, result.len))
		return envol_error(client->ev, -ENOMEM, "out of memory");
	return 0;
}

int envol_kmip_cipher_decrypt(struct envol_kmip_client *client, const char *uid,
			      const struct envol_kmip_sealing *sealing,
			      const uint8_t *data, size_t len, struct envol_secret *out)
{
	struct envol_ttlv payload, result;
	struct envol_ttlv_writer w;
	int err;

	begin(client, &w, KMIP_OP_DECRYPT, uid, sealing, data, len);
	envol_ttlv_write_bytes(&w, KMIP_AUTHENTICATED_TAG, sealing->tag,
			       sizeof(sealing->tag));
	err = envol_kmip_exchange_run(client, &w, KMIP_OP_DECRYPT, &payload);
	if (!err)
		err = envol_kmip_exchange_check_uid(client, &payload, uid);
	if (err)
		return err;
	if (envol_ttlv_find(&payload, KMIP_DATA, ENVOL_TTLV_BYTES, &result) ||
	    result.len != len)
		return envol_kmip_exchange_bad(client, "its data are not as long as what was decrypted");
	err = envol_secret_copy(client->ev, out, result.value, result.len);
	explicit_bzero(client->answer.data, client->answer.len);
	return err;
}
