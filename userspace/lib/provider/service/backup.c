// SPDX-License-Identifier: LGPL-2.1-or-later
/* pkg-config: libargon2 */
#include <errno.h>
#include <string.h>

#include <argon2.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/service/backup.h"

#define MAGIC "ENVOLKB1"
#define MAGIC_LEN 8u
#define MAGIC_KIND_LEN 7u	/* without the format's number */
#define KEY_SIZE 32u
#define SALT_SIZE 32u
#define NONCE_SIZE 12u
#define TAG_SIZE 16u
#define HEAD_SIZE (MAGIC_LEN + 3 * 4 + SALT_SIZE + NONCE_SIZE + 4)
#define TAIL_SIZE (TAG_SIZE + ENVOL_DIGEST_SIZE)
#define VERSION_SIZE (8u + 4u + ENVOL_RECORD_KEK_SIZE)

/*
 * Ours is above RFC 9106's second choice; what a file may ask for is bounded, since
 * whoever brings it decides how much work it makes.
 */
static const struct envol_backup_cost ours = { 256 * 1024, 4, 4 },
				      least = { 8 * 1024, 1, 1 },
				      most = { 1024 * 1024, 16, 16 };

struct head {
	struct envol_backup_cost cost;
	uint8_t salt[SALT_SIZE], nonce[NONCE_SIZE];
	uint32_t text_len;	/* of what is encrypted */
};

void envol_backup_free(struct envol_backup *backup)
{
	free(backup->versions);
	envol_secret_wipe(&backup->keks);
	*backup = (struct envol_backup)ENVOL_BACKUP_INIT;
}

static int derive(struct envol *ev, const struct head *head,
		  const struct envol_secret *passphrase,
		  struct envol_secret *key)
{
	argon2_context context = {
		.outlen = KEY_SIZE,
		.pwd = passphrase->data,
		.pwdlen = passphrase->len,
		.salt = (uint8_t *)head->salt,
		.saltlen = SALT_SIZE,
		.t_cost = head->cost.passes,
		.m_cost = head->cost.memory_kib,
		.lanes = head->cost.lanes,
		.threads = head->cost.lanes,
		.version = ARGON2_VERSION_13,
	};
	int err = envol_secret_alloc(ev, key, KEY_SIZE);

	if (err)
		return err;
	context.out = key->data;
	err = argon2id_ctx(&context);
	if (err == ARGON2_MEMORY_ALLOCATION_ERROR || err == ARGON2_THREAD_FAIL)
		return envol_error(ev, -ENOMEM,
				   "the passphrase needs %u MiB of memory for a moment, and there is less",
				   head->cost.memory_kib / 1024);
	if (err)
		return envol_error(ev, -EIO, "Argon2id: %s",
				   argon2_error_message(err));
	return 0;
}

/* ---- AES-256-GCM, the head being its AAD -------------------------------------- */

static int start(struct envol *ev, const struct envol_secret *key,
		 const uint8_t *head, const uint8_t *nonce, int encrypt,
		 EVP_CIPHER_CTX **ctx)
{
	int len;

	*ctx = EVP_CIPHER_CTX_new();
	if (*ctx &&
	    EVP_CipherInit_ex(*ctx, EVP_aes_256_gcm(), NULL, key->data, nonce,
			      encrypt) == 1 &&
	    EVP_CipherUpdate(*ctx, NULL, &len, head, HEAD_SIZE) == 1)
		return 0;
	EVP_CIPHER_CTX_free(*ctx);
	ERR_clear_error();
	return envol_error(ev, -EIO, "AES-GCM: refused by OpenSSL");
}

static int encrypt(struct envol *ev, const struct envol_secret *key,
		   const uint8_t *head, const uint8_t *nonce,
		   const struct envol_secret *text, uint8_t *out, uint8_t *tag)
{
	EVP_CIPHER_CTX *ctx;
	int err, len;
	bool done;

	err = start(ev, key, head, nonce, 1, &ctx);
	if (err)
		return err;
	done = EVP_CipherUpdate(ctx, out, &len, text->data, (int)text->len) ==
		       1 &&
	       EVP_CipherFinal_ex(ctx, out + len, &len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, tag) ==
		       1;
	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	return done ? 0 : envol_error(ev, -EIO, "AES-GCM: refused by OpenSSL");
}

static int decrypt(struct envol *ev, const struct envol_secret *key,
		   const uint8_t *head, const uint8_t *nonce, const uint8_t *in,
		   const uint8_t *tag, struct envol_secret *text)
{
	EVP_CIPHER_CTX *ctx;
	int err, len;
	bool done;

	err = start(ev, key, head, nonce, 0, &ctx);
	if (err)
		return err;
	done = EVP_CipherUpdate(ctx, text->data, &len, in, (int)text->len) ==
		       1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE,
				   (void *)tag) == 1 &&
	       EVP_CipherFinal_ex(ctx, text->data + len, &len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	return done ? 0 : envol_error(ev, -EKEYREJECTED,
				      "another passphrase made this backup, or somebody changed it");
}

/* ---- what is encrypted: numbers, the name, then each version --------------------- */

static void put_le(uint8_t **at, uint64_t v, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		*(*at)++ = (uint8_t)(v >> 8 * i);
}

static uint64_t get_le(const uint8_t **at, size_t size)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < size; i++)
		v |= (uint64_t)*(*at)++ << 8 * i;
	return v;
}

static void put_bytes(uint8_t **at, const void *bytes, size_t len)
{
	memcpy(*at, bytes, len);
	*at += len;
}

int envol_backup_encode_text(struct envol *ev,
			     const struct envol_backup *backup,
			     struct envol_secret *text)
{
	size_t i, name_len = strlen(backup->name);
	uint8_t *at;
	int err;

	err = envol_secret_alloc(ev, text, 4 + name_len + 4 +
					   backup->n_versions * VERSION_SIZE);
	if (err)
		return err;
	at = text->data;
	put_le(&at, name_len, 4);
	put_bytes(&at, backup->name, name_len);
	put_le(&at, backup->n_versions, 4);
	for (i = 0; i < backup->n_versions; i++) {
		put_le(&at, (uint64_t)backup->versions[i].created, 8);
		put_le(&at, backup->versions[i].enabled, 4);
		put_bytes(&at, backup->keks.data + i * ENVOL_RECORD_KEK_SIZE,
			  ENVOL_RECORD_KEK_SIZE);
	}
	return 0;
}

static int bad_text(struct envol *ev)
{
	return envol_error(ev, -EBADMSG, "the backup's content is not a key");
}

static int decode_versions(struct envol *ev, const uint8_t *at, size_t n,
			   struct envol_backup *backup)
{
	size_t i;
	int err;

	backup->versions = calloc(n, sizeof(*backup->versions));
	if (!backup->versions)
		return envol_error(ev, -ENOMEM, "out of memory");
	backup->n_versions = n;
	err = envol_secret_alloc(ev, &backup->keks, n * ENVOL_RECORD_KEK_SIZE);
	if (err)
		return err;
	for (i = 0; i < n; i++) {
		uint64_t created = get_le(&at, 8), enabled = get_le(&at, 4);

		if (created > ENVOL_MESSAGE_TIME_MAX || enabled > 1)
			return bad_text(ev);
		backup->versions[i].created = (int64_t)created;
		backup->versions[i].enabled = enabled;
		memcpy(backup->keks.data + i * ENVOL_RECORD_KEK_SIZE, at,
		       ENVOL_RECORD_KEK_SIZE);
		at += ENVOL_RECORD_KEK_SIZE;
	}
	return 0;
}

static int decode_text(struct envol *ev, const struct envol_secret *text,
		       struct envol_backup *backup)
{
	const uint8_t *at = text->data;
	size_t left = text->len, name_len, n;

	if (left < 4)
		return bad_text(ev);
	name_len = get_le(&at, 4);
	left -= 4;
	if (name_len >= sizeof(backup->name) || left < name_len + 4 ||
	    memchr(at, 0, name_len))
		return bad_text(ev);
	memcpy(backup->name, at, name_len);
	if (envol_service_check_name(ev, backup->name))
		return bad_text(ev);
	at += name_len;
	n = get_le(&at, 4);
	left -= name_len + 4;
	if (n == 0 || n > ENVOL_RECORD_VERSIONS || left != n * VERSION_SIZE)
		return bad_text(ev);
	return decode_versions(ev, at, n, backup);
}

int envol_backup_decode_text(struct envol *ev, const struct envol_secret *text,
			     struct envol_backup *backup)
{
	int err = decode_text(ev, text, backup);

	if (err)
		envol_backup_free(backup);
	return err;
}

/* ---- the file ------------------------------------------------------------------ */

static void encode_head(const struct head *head, uint8_t bytes[HEAD_SIZE])
{
	uint8_t *at = bytes;

	put_bytes(&at, MAGIC, MAGIC_LEN);
	put_le(&at, head->cost.memory_kib, 4);
	put_le(&at, head->cost.passes, 4);
	put_le(&at, head->cost.lanes, 4);
	put_bytes(&at, head->salt, SALT_SIZE);
	put_bytes(&at, head->nonce, NONCE_SIZE);
	put_le(&at, head->text_len, 4);
}

int envol_backup_encode(struct envol *ev, const struct envol_backup *backup,
			const struct envol_secret *passphrase,
			const struct envol_backup_cost *cost,
			struct envol_blob *file)
{
	_cleanup_secret_ struct envol_secret text = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	struct head head = { .cost = cost ? *cost : ours };
	_cleanup_free_ uint8_t *bytes = NULL;
	uint8_t *out, *tag;
	int err;

	err = envol_random_bytes(ev, head.salt, sizeof(head.salt));
	if (!err)
		err = envol_random_bytes(ev, head.nonce, sizeof(head.nonce));
	if (!err)
		err = derive(ev, &head, passphrase, &key);
	if (!err)
		err = envol_backup_encode_text(ev, backup, &text);
	if (err)
		return err;
	head.text_len = text.len;
	bytes = malloc(HEAD_SIZE + text.len + TAIL_SIZE);
	if (!bytes)
		return envol_error(ev, -ENOMEM, "out of memory");
	out = bytes + HEAD_SIZE;
	tag = out + text.len;
	encode_head(&head, bytes);
	err = encrypt(ev, &key, bytes, head.nonce, &text, out, tag);
	if (!err)
		err = envol_digest_sha256(ev, bytes,
					  HEAD_SIZE + text.len + TAG_SIZE,
					  tag + TAG_SIZE);
	if (err)
		return err;
	return envol_blob_append(file, bytes, HEAD_SIZE + text.len + TAIL_SIZE) ?
		       envol_error(ev, -ENOMEM, "out of memory") : 0;
}

static bool is_bounded(const struct envol_backup_cost *cost)
{
	return cost->memory_kib >= least.memory_kib &&
	       cost->memory_kib <= most.memory_kib &&
	       cost->passes >= least.passes && cost->passes <= most.passes &&
	       cost->lanes >= least.lanes && cost->lanes <= most.lanes;
}

static int decode_head(struct envol *ev, const struct envol_blob *file,
		       struct head *head)
{
	const uint8_t *at;

	if (file->len < MAGIC_LEN ||
	    memcmp(file->data, MAGIC, MAGIC_KIND_LEN) != 0)
		return envol_error(ev, -EMEDIUMTYPE,
				   "the file is no backup of a service key");
	if (memcmp(file->data, MAGIC, MAGIC_LEN) != 0)
		return envol_error(ev, -EPROTONOSUPPORT,
				   "the backup is of a newer format than this envol knows");
	if (file->len < HEAD_SIZE + TAIL_SIZE)
		return envol_error(ev, -EBADMSG, "the backup is cut short");
	at = file->data + MAGIC_LEN;
	head->cost.memory_kib = get_le(&at, 4);
	head->cost.passes = get_le(&at, 4);
	head->cost.lanes = get_le(&at, 4);
	memcpy(head->salt, at, SALT_SIZE);
	memcpy(head->nonce, at + SALT_SIZE, NONCE_SIZE);
	at += SALT_SIZE + NONCE_SIZE;
	head->text_len = get_le(&at, 4);
	return 0;
}

static int check_file(struct envol *ev, const struct envol_blob *file,
		      const struct head *head)
{
	size_t summed = file->len - ENVOL_DIGEST_SIZE;
	uint8_t sum[ENVOL_DIGEST_SIZE];
	int err;

	err = envol_digest_sha256(ev, file->data, summed, sum);
	if (err)
		return err;
	if (!envol_digest_equal(sum, file->data + summed))
		return envol_error(ev, -EBADMSG,
				   "the backup is damaged, or cut short");
	if (!is_bounded(&head->cost) || head->text_len == 0 ||
	    head->text_len != file->len - HEAD_SIZE - TAIL_SIZE ||
	    head->text_len > ENVOL_SECRET_MAX)
		return envol_error(ev, -EBADMSG,
				   "the backup's parameters are out of bounds");
	return 0;
}

int envol_backup_decode(struct envol *ev, const struct envol_blob *file,
			const struct envol_secret *passphrase,
			struct envol_backup *backup)
{
	_cleanup_secret_ struct envol_secret text = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	const uint8_t *in;
	struct head head;
	int err;

	err = decode_head(ev, file, &head);
	if (!err)
		err = check_file(ev, file, &head);
	if (!err)
		err = derive(ev, &head, passphrase, &key);
	if (!err)
		err = envol_secret_alloc(ev, &text, head.text_len);
	if (err)
		return err;
	in = file->data + HEAD_SIZE;
	err = decrypt(ev, &key, file->data, head.nonce, in, in + head.text_len,
		      &text);
	if (!err)
		err = envol_backup_decode_text(ev, &text, backup);
	return err;
}
