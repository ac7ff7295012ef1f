// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * envol-root 1
 * id 00112233445566778899aabbccddeeff
 * key BASE64
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/service/root.h"
#include "userspace/lib/provider/service/text.h"
#include "userspace/lib/util/base64.h"
#include "userspace/lib/util/error.h"
#include "userspace/lib/util/file.h"
#include "userspace/lib/util/hex.h"

#define MAGIC "envol-root "
#define VERSION "1\n"
#define KEY_TEXT_LEN 44u	/* of 32 bytes in base64 */

static const char id_info[] = "envol keystore root id 1";
static const char wrap_info[] = "envol keystore wrap key 1";
static const char mac_info[] = "envol keystore mac key 1";

void envol_root_wipe(struct envol_root *root)
{
	envol_secret_wipe(&root->wrap_key);
	envol_secret_wipe(&root->mac_key);
}

static int derive(struct envol *ev, const struct envol_secret *key,
		  struct envol_root *root)
{
	_cleanup_secret_ struct envol_secret id = ENVOL_SECRET_INIT;
	int err;

	err = envol_digest_hkdf(ev, key, NULL, 0, id_info, strlen(id_info), &id,
				ENVOL_ROOT_ID_SIZE);
	if (!err)
		err = envol_digest_hkdf(ev, key, NULL, 0, wrap_info,
					strlen(wrap_info), &root->wrap_key, 32);
	if (!err)
		err = envol_digest_hkdf(ev, key, NULL, 0, mac_info,
					strlen(mac_info), &root->mac_key, 32);
	if (!err)
		envol_hex_encode(root->id, id.data, id.len);
	return err;
}

static int damaged(struct envol *ev)
{
	return envol_error(ev, -EBADMSG,
			   "the keystore's root key (file %s) is damaged; bring the file back from a copy, or restore each key from its backup into a new keystore",
			   ENVOL_ROOT_FILE);
}

/* @file holds the key itself, so it is a secret, and the cursor only points into it. */
static int parse(struct envol *ev, const struct envol_secret *file, char *id,
		 struct envol_secret *key)
{
	struct envol_text text = { (const char *)file->data,
				   (const char *)file->data + file->len };
	uint8_t id_bytes[ENVOL_ROOT_ID_SIZE];

	if (!envol_text_take(&text, MAGIC))
		return damaged(ev);
	if (!envol_text_take(&text, VERSION))
		return envol_error(ev, -EPROTONOSUPPORT,
				   "the keystore's root key (file %s) is of a newer format than this envol knows",
				   ENVOL_ROOT_FILE);
	if (!envol_text_take(&text, "id ") ||
	    !envol_text_hex(&text, id_bytes, sizeof(id_bytes)) ||
	    !envol_text_take(&text, "\nkey ") ||
	    text.end - text.at != KEY_TEXT_LEN + 1 || text.end[-1] != '\n')
		return damaged(ev);
	envol_hex_encode(id, id_bytes, sizeof(id_bytes));
	if (envol_base64_decode_secret(ev, ENVOL_BASE64, text.at, KEY_TEXT_LEN,
				       key) ||
	    key->len != ENVOL_ROOT_KEY_SIZE)
		return damaged(ev);
	return 0;
}

int envol_root_load(struct envol *ev, int dir, struct envol_deadline deadline,
		    struct envol_root *root)
{
	_cleanup_secret_ struct envol_secret file = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	char id[sizeof(root->id)];
	int err;

	(void)deadline;
	if (faccessat(dir, ENVOL_ROOT_FILE, F_OK, AT_SYMLINK_NOFOLLOW) &&
	    errno == ENOENT)
		return envol_error(ev, -ENOENT, "there is no root key");
	err = envol_file_load_secret(ev, dir, ENVOL_ROOT_FILE, &file);
	if (err)
		return envol_error_while(ev, err, "the keystore's root key");
	err = parse(ev, &file, id, &key);
	if (!err)
		err = derive(ev, &key, root);
	if (!err && strcmp(id, root->id) != 0)
		err = damaged(ev);
	return err;
}

int envol_root_new(struct envol *ev, struct envol_secret *key,
		   struct envol_root *root)
{
	int err = envol_random_secret(ev, key, ENVOL_ROOT_KEY_SIZE);

	return err ? err : derive(ev, key, root);
}

int envol_root_store(struct envol *ev, int dir, struct envol_deadline deadline,
		     const struct envol_secret *key, struct envol_root *root)
{
	_cleanup_secret_ struct envol_secret encoded = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret file = ENVOL_SECRET_INIT;
	char head[128];
	int err, len;

	(void)deadline;
	len = snprintf(head, sizeof(head), MAGIC VERSION "id %s\nkey ",
		       root->id);
	err = envol_base64_encode_secret(ev, ENVOL_BASE64, key, &encoded);
	if (!err)
		err = envol_secret_alloc(ev, &file, len + encoded.len + 1);
	if (err)
		return err;
	memcpy(file.data, head, len);
	memcpy(file.data + len, encoded.data, encoded.len);
	file.data[file.len - 1] = '\n';
	err = envol_file_replace(ev, dir, ENVOL_ROOT_FILE, file.data, file.len,
				 0400, false);
	if (!err)
		root->sealed = false;
	return err;
}
