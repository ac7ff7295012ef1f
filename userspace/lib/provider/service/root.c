// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * envol-root 1				envol-root 1
 * id 00112233445566778899aabbccddeeff	id 00112233445566778899aabbccddeeff
 * key BASE64				storage HEX
 *					endorsement HEX, or -
 *					public HEX
 *					private HEX
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/service/root.h"
#include "userspace/lib/provider/service/seal.h"
#include "userspace/lib/provider/service/stamp.h"
#include "userspace/lib/provider/service/text.h"
#include "userspace/lib/util/base64.h"
#include "userspace/lib/util/error.h"
#include "userspace/lib/util/file.h"
#include "userspace/lib/util/hex.h"
#include "userspace/lib/util/log.h"

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

/* What the file says: the key itself, or the seal that the TPM turns into it. */
struct stored {
	char id[2 * ENVOL_ROOT_ID_SIZE + 1];
	bool sealed;
	struct envol_secret key;
	struct envol_seal seal;
};

static void free_stored(struct stored *stored)
{
	envol_secret_wipe(&stored->key);
	envol_seal_free(&stored->seal);
}

static int take_key(struct envol *ev, struct envol_text *text,
		    struct envol_secret *key)
{
	if (text->end - text->at != KEY_TEXT_LEN + 1 || text->end[-1] != '\n')
		return damaged(ev);
	if (envol_base64_decode_secret(ev, ENVOL_BASE64, text->at, KEY_TEXT_LEN,
				       key) ||
	    key->len != ENVOL_ROOT_KEY_SIZE)
		return damaged(ev);
	return 0;
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

static int take_seal(struct envol *ev, struct envol_text *text,
		     struct envol_seal *seal)
{
	if (!take_blob(text, "storage", &seal->storage) ||
	    !take_blob(text, "endorsement", &seal->endorsement) ||
	    !take_blob(text, "public", &seal->public) ||
	    !take_blob(text, "private", &seal->private) ||
	    text->at != text->end)
		return damaged(ev);
	return 0;
}

/* @file may hold the key itself, so it is a secret, and the cursor only points into it. */
static int parse(struct envol *ev, const struct envol_secret *file,
		 struct stored *stored)
{
	struct envol_text text = { (const char *)file->data,
				   (const char *)file->data + file->len };
	uint8_t id[ENVOL_ROOT_ID_SIZE];

	if (!envol_text_take(&text, MAGIC))
		return damaged(ev);
	if (!envol_text_take(&text, VERSION))
		return envol_error(ev, -EPROTONOSUPPORT,
				   "the keystore's root key (file %s) is of a newer format than this envol knows",
				   ENVOL_ROOT_FILE);
	if (!envol_text_take(&text, "id ") ||
	    !envol_text_hex(&text, id, sizeof(id)) ||
	    !envol_text_take(&text, "\n"))
		return damaged(ev);
	envol_hex_encode(stored->id, id, sizeof(id));
	stored->sealed = !envol_text_take(&text, "key ");
	return stored->sealed ? take_seal(ev, &text, &stored->seal) :
				take_key(ev, &text, &stored->key);
}

static int unseal(struct envol *ev, const struct envol_seal *seal,
		  struct envol_secret *key)
{
	_cleanup_free_ char *tcti = NULL;
	int err = envol_seal_find(ev, &tcti);

	if (err)
		return err;
	if (!tcti)
		return envol_error(ev, -ENODEV,
				   "a TPM sealed the root key, and %s; bring it back, or restore each key from its backup into a new keystore",
				   *ev->tpm ? "the configuration says to use none" :
					      "this host has none now (no /dev/tpmrm0: firmware setup, kernel module?)");
	return envol_seal_unseal(ev, tcti, seal, key);
}

/*
 * One process of ours at a time: a TPM without a resource manager takes one caller
 * and has memory for three keys.
 */
static int lock_tpm(struct envol *ev, int dir, struct envol_deadline deadline)
{
	_cleanup_close_ int fd = openat(dir, ENVOL_ROOT_FILE,
					O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int err;

	if (fd < 0)
		return envol_error_errno(ev, -errno, "open %s",
					 ENVOL_ROOT_FILE);
	err = envol_file_lock(ev, fd, true, envol_deadline_left_ms(deadline),
			      "the TPM");
	return err ? err : take_fd(&fd);
}

static int unseal_locked(struct envol *ev, int dir,
			 struct envol_deadline deadline, struct stored *stored)
{
	_cleanup_close_ int lock = lock_tpm(ev, dir, deadline);

	return lock < 0 ? lock : unseal(ev, &stored->seal, &stored->key);
}

static int load_stored(struct envol *ev, int dir,
		       struct envol_deadline deadline, struct stored *stored)
{
	_cleanup_secret_ struct envol_secret file = ENVOL_SECRET_INIT;
	int err;

	if (faccessat(dir, ENVOL_ROOT_FILE, F_OK, AT_SYMLINK_NOFOLLOW) &&
	    errno == ENOENT)
		return envol_error(ev, -ENOENT, "there is no root key");
	err = envol_file_load_secret(ev, dir, ENVOL_ROOT_FILE, &file);
	if (err)
		return envol_error_while(ev, err, "the keystore's root key");
	err = parse(ev, &file, stored);
	if (!err && stored->sealed)
		err = unseal_locked(ev, dir, deadline, stored);
	return err;
}

int envol_root_load(struct envol *ev, int dir, struct envol_deadline deadline,
		    struct envol_root *root)
{
	struct stored stored = { .sealed = false };
	int err = load_stored(ev, dir, deadline, &stored);

	if (!err)
		err = derive(ev, &stored.key, root);
	if (!err && strcmp(stored.id, root->id) != 0)
		err = damaged(ev);
	root->sealed = stored.sealed;
	free_stored(&stored);
	return err;
}

int envol_root_new(struct envol *ev, struct envol_secret *key,
		   struct envol_root *root)
{
	int err = envol_random_secret(ev, key, ENVOL_ROOT_KEY_SIZE);

	return err ? err : derive(ev, key, root);
}

static int store_key(struct envol *ev, int dir, const struct envol_secret *key,
		     const struct envol_root *root)
{
	_cleanup_secret_ struct envol_secret encoded = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret file = ENVOL_SECRET_INIT;
	char head[128];
	int err, len;

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
	return envol_file_replace(ev, dir, ENVOL_ROOT_FILE, file.data, file.len,
				  0400, false);
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

static int store_seal(struct envol *ev, int dir, const struct envol_seal *seal,
		      const struct envol_root *root)
{
	_cleanup_blob_ struct envol_blob text = ENVOL_BLOB_INIT;
	int err;

	err = envol_stamp_add(ev, &text, MAGIC VERSION "id %s\n", root->id);
	if (!err)
		err = put_blob(ev, &text, "storage", &seal->storage);
	if (!err)
		err = put_blob(ev, &text, "endorsement", &seal->endorsement);
	if (!err)
		err = put_blob(ev, &text, "public", &seal->public);
	if (!err)
		err = put_blob(ev, &text, "private", &seal->private);
	return err ? err : envol_file_replace(ev, dir, ENVOL_ROOT_FILE,
					      text.data, text.len, 0400, false);
}

/* By the TPM that @tcti reaches; NULL: into the file as it is. */
static int store(struct envol *ev, int dir, const struct envol_secret *key,
		 const char *tcti, struct envol_root *root)
{
	_cleanup_seal_ struct envol_seal seal = ENVOL_SEAL_INIT;
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	int err;

	if (!tcti) {
		err = store_key(ev, dir, key, root);
		root->sealed = err ? root->sealed : false;
		return err;
	}
	err = envol_seal_seal(ev, tcti, key, &seal);
	if (!err)
		err = envol_seal_unseal(ev, tcti, &seal, &back);
	if (!err && !envol_secret_equal(key, &back))
		err = envol_error(ev, -EIO,
				  "the TPM gives back another key than it sealed");
	if (err)
		return err;
	err = store_seal(ev, dir, &seal, root);
	root->sealed = err ? root->sealed : true;
	return err;
}

/* A TPM that is there and does not seal is an error: nobody asked for less. */
int envol_root_store(struct envol *ev, int dir, const struct envol_secret *key,
		     struct envol_root *root)
{
	_cleanup_free_ char *tcti = NULL;
	int err = envol_seal_find(ev, &tcti);

	if (!err)
		err = store(ev, dir, key, tcti, root);
	return err && tcti ? envol_error_while(ev, err,
					       "seal the root key (set tpm = none to do without a TPM)") :
			     err;
}

/* ---- reseal ---- */

static int find_target(struct envol *ev, const char *to, char **tcti)
{
	int err = 0;

	*tcti = NULL;
	if (to && strcmp(to, ENVOL_SEAL_NO_TPM) == 0)
		return 0;
	if (to && *to) {
		*tcti = strdup(to);
		return *tcti ? 0 : envol_error(ev, -ENOMEM, "out of memory");
	}
	err = envol_seal_find(ev, tcti);
	if (err || *tcti)
		return err;
	return envol_error(ev, -ENODEV,
			   *ev->tpm ? "the settings say to use no TPM; name one (--to)" :
				      "this host has no TPM (no /dev/tpmrm0); name one (--to), or --to none keeps the root key in a file");
}

/*
 * The file that held the key has a new one under its name; what it was goes too, as
 * far as its file system writes in place. Another name for it is somebody's copy.
 */
static void wipe_old(struct envol *ev, int fd)
{
	static const uint8_t zeros[4096];
	struct stat st;

	if (fstat(fd, &st) || st.st_nlink > 0 || st.st_size > (off_t)sizeof(zeros) ||
	    envol_file_pwrite(fd, zeros, st.st_size, 0) || fsync(fd))
		envol_log_warning(ev,
				  "the old file of the root key could not be overwritten, and may still be on the disk");
}

static int check_id(struct envol *ev, const struct stored *stored,
		    const struct envol_root *root)
{
	return strcmp(stored->id, root->id) == 0 ? 0 : damaged(ev);
}

int envol_root_reseal(struct envol *ev, int dir, struct envol_deadline deadline,
		      const char *to, struct envol_root *root)
{
	_cleanup_close_ int old = openat(dir, ENVOL_ROOT_FILE,
					 O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_close_ int lock = -1;
	_cleanup_free_ char *tcti = NULL;
	struct stored stored = { .sealed = false };
	int err = find_target(ev, to, &tcti);

	if (!err)
		err = load_stored(ev, dir, deadline, &stored);
	if (!err)
		err = check_id(ev, &stored, root);
	if (!err) {
		lock = lock_tpm(ev, dir, deadline);
		err = lock < 0 ? lock : store(ev, dir, &stored.key, tcti, root);
	}
	if (!err && !stored.sealed)
		wipe_old(ev, old);
	free_stored(&stored);
	return err && tcti ? envol_error_while(ev, err, "seal the root key") : err;
}
