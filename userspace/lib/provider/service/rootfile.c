// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * envol-root 1			envol-root 1		envol-root 2
 * id 0011223344556677…		id 0011223344556677…	id 0011223344556677…
 * key BASE64			storage HEX		seal POLICY 2026-11-24T12:00:00Z
 *				endorsement HEX, or -	storage HEX
 *				public HEX		endorsement HEX, or -
 *				private HEX		public HEX
 *							private HEX
 *							seal …
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "userspace/lib/base/base64.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/provider/service/rootfile.h"
#include "userspace/lib/provider/service/stamp.h"
#include "userspace/lib/provider/service/text.h"

#define MAGIC "envol-root "
#define PLAIN "1\n"
#define POLICIES "2\n"
#define KEY_TEXT_LEN 44u	/* of 32 bytes in base64 */

void envol_rootfile_free(struct envol_rootfile *file)
{
	size_t i;

	envol_secret_wipe(&file->key);
	for (i = 0; i < file->n_seals; i++)
		envol_seal_free(&file->seals[i]);
	*file = (struct envol_rootfile)ENVOL_ROOTFILE_INIT;
}

int envol_rootfile_damaged(struct envol *ev, const char *name)
{
	return envol_error(ev, -EBADMSG,
			   "the keystore's root key (file %s) is damaged; bring the file back from a copy, or restore each key from its backup into a new keystore",
			   name);
}

static bool take_key(struct envol *ev, struct envol_text *text,
		     struct envol_secret *key)
{
	return text->end - text->at == KEY_TEXT_LEN + 1 &&
	       text->end[-1] == '\n' &&
	       !envol_base64_decode_secret(ev, ENVOL_BASE64, text->at,
					   KEY_TEXT_LEN, key) &&
	       key->len == ENVOL_ROOTFILE_KEY_SIZE;
}

/* A line of a seal; "-" for one that is empty. */
static bool take_blob(struct envol_text *text, const char *what,
		      struct envol_blob *blob)
{
	char word[2 * ENVOL_SEAL_BLOB_MAX + 1];
	uint8_t bytes[ENVOL_SEAL_BLOB_MAX];
	struct envol_text hex;
	size_t len;

	if (!envol_text_take(text, what) || !envol_text_take(text, " ") ||
	    !envol_text_word(text, word, sizeof(word)) ||
	    !envol_text_take(text, "\n"))
		return false;
	if (strcmp(word, "-") == 0)
		return true;
	len = strlen(word);
	hex = (struct envol_text){ word, word + len };
	return len % 2 == 0 && envol_text_hex(&hex, bytes, len / 2) &&
	       envol_blob_append(blob, bytes, len / 2) == 0;
}

static bool take_blobs(struct envol_text *text, struct envol_seal *seal)
{
	return take_blob(text, "storage", &seal->storage) &&
	       take_blob(text, "endorsement", &seal->endorsement) &&
	       take_blob(text, "public", &seal->public) &&
	       take_blob(text, "private", &seal->private);
}

/* With every value, in its one spelling. */
static bool take_policy(struct envol *ev, struct envol_text *text,
			struct envol_policy *policy)
{
	char word[ENVOL_POLICY_TEXT_SIZE], again[ENVOL_POLICY_TEXT_SIZE];

	if (!envol_text_word(text, word, sizeof(word)) ||
	    envol_policy_parse(ev, word, policy) ||
	    policy->known != policy->pcrs)
		return false;
	envol_policy_format(policy, true, again);
	return strcmp(word, again) == 0;
}

bool envol_rootfile_take_seal(struct envol *ev, struct envol_text *text,
			      struct envol_seal *seal)
{
	char word[ENVOL_TIME_SIZE];

	return envol_text_take(text, "seal ") &&
	       take_policy(ev, text, &seal->policy) &&
	       envol_text_take(text, " ") &&
	       envol_text_word(text, word, sizeof(word)) &&
	       envol_time_parse(word, &seal->created) == 0 &&
	       envol_text_take(text, "\n") && take_blobs(text, seal);
}

static bool take_seals(struct envol *ev, struct envol_text *text,
		       struct envol_rootfile *file)
{
	do {
		if (file->n_seals == ENVOL_ROOTFILE_SEALS_MAX)
			return false;
		if (!envol_rootfile_take_seal(ev, text,
					      &file->seals[file->n_seals++]))
			return false;
	} while (text->at != text->end);
	return true;
}

static bool take_one(struct envol_text *text, struct envol_rootfile *file)
{
	file->n_seals = 1;
	return take_blobs(text, &file->seals[0]) && text->at == text->end;
}

/* @bytes may hold the key itself, so it is a secret, and the cursor only points into it. */
static int parse(struct envol *ev, const char *name,
		 const struct envol_secret *bytes, struct envol_rootfile *file)
{
	struct envol_text text = { (const char *)bytes->data,
				   (const char *)bytes->data + bytes->len };
	uint8_t id[ENVOL_ROOTFILE_ID_SIZE];
	bool is_plain, is_good;

	if (!envol_text_take(&text, MAGIC))
		return envol_rootfile_damaged(ev, name);
	is_plain = envol_text_take(&text, PLAIN);
	if (!is_plain && !envol_text_take(&text, POLICIES))
		return envol_error(ev, -EPROTONOSUPPORT,
				   "the keystore's root key (file %s) is of a newer format than this envol knows",
				   name);
	if (!envol_text_take(&text, "id ") ||
	    !envol_text_hex(&text, id, sizeof(id)) ||
	    !envol_text_take(&text, "\n"))
		return envol_rootfile_damaged(ev, name);
	envol_hex_encode(file->id, id, sizeof(id));
	if (!is_plain)
		is_good = take_seals(ev, &text, file);
	else if (envol_text_take(&text, "key "))
		is_good = take_key(ev, &text, &file->key);
	else
		is_good = take_one(&text, file);
	return is_good ? 0 : envol_rootfile_damaged(ev, name);
}

int envol_rootfile_load(struct envol *ev, int dir, const char *name,
			struct envol_rootfile *file)
{
	_cleanup_secret_ struct envol_secret bytes = ENVOL_SECRET_INIT;
	int err;

	if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
		return envol_error(ev, -ENOENT, "there is no root key");
	err = envol_file_load_secret(ev, dir, name, &bytes);
	if (err)
		return envol_error_while(ev, err, "the keystore's root key");
	err = parse(ev, name, &bytes, file);
	if (err)
		envol_rootfile_free(file);
	return err;
}

static int store_key(struct envol *ev, int dir, const char *name,
		     const struct envol_rootfile *file)
{
	_cleanup_secret_ struct envol_secret encoded = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret bytes = ENVOL_SECRET_INIT;
	char head[128];
	int err, len;

	len = snprintf(head, sizeof(head), MAGIC PLAIN "id %s\nkey ", file->id);
	err = envol_base64_encode_secret(ev, ENVOL_BASE64, &file->key,
					 &encoded);
	if (!err)
		err = envol_secret_alloc(ev, &bytes, len + encoded.len + 1);
	if (err)
		return err;
	memcpy(bytes.data, head, len);
	memcpy(bytes.data + len, encoded.data, encoded.len);
	bytes.data[bytes.len - 1] = '\n';
	return envol_file_replace(ev, dir, name, bytes.data, bytes.len, 0400,
				  false);
}

static int put_blob(struct envol *ev, struct envol_blob *text, const char *what,
		    const struct envol_blob *blob)
{
	char hex[2 * ENVOL_SEAL_BLOB_MAX + 1];

	if (blob->len > ENVOL_SEAL_BLOB_MAX)
		return envol_error(ev, -EIO, "the TPM's answer is too long");
	envol_hex_encode(hex, blob->data, blob->len);
	return envol_stamp_add(ev, text, "%s %s\n", what, blob->len ? hex : "-");
}

static int put_blobs(struct envol *ev, struct envol_blob *text,
		     const struct envol_seal *seal)
{
	int err = put_blob(ev, text, "storage", &seal->storage);

	if (!err)
		err = put_blob(ev, text, "endorsement", &seal->endorsement);
	if (!err)
		err = put_blob(ev, text, "public", &seal->public);
	return err ? err : put_blob(ev, text, "private", &seal->private);
}

int envol_rootfile_put_seal(struct envol *ev, struct envol_blob *text,
			    const struct envol_seal *seal)
{
	char policy[ENVOL_POLICY_TEXT_SIZE], created[ENVOL_TIME_SIZE];
	int err;

	envol_policy_format(&seal->policy, true, policy);
	envol_time_format(created, seal->created);
	err = envol_stamp_add(ev, text, "seal %s %s\n", policy, created);
	return err ? err : put_blobs(ev, text, seal);
}

int envol_rootfile_store(struct envol *ev, int dir, const char *name,
			 const struct envol_rootfile *file)
{
	_cleanup_blob_ struct envol_blob text = ENVOL_BLOB_INIT;
	bool is_plain = file->n_seals == 1 &&
			envol_policy_is_none(&file->seals[0].policy);
	size_t i;
	int err;

	if (!file->n_seals)
		return store_key(ev, dir, name, file);
	err = envol_stamp_add(ev, &text, MAGIC "%sid %s\n",
			      is_plain ? PLAIN : POLICIES, file->id);
	if (!err && is_plain)
		err = put_blobs(ev, &text, &file->seals[0]);
	for (i = 0; i < file->n_seals && !is_plain && !err; i++)
		err = envol_rootfile_put_seal(ev, &text, &file->seals[i]);
	return err ? err : envol_file_replace(ev, dir, name, text.data, text.len,
					      0400, false);
}
