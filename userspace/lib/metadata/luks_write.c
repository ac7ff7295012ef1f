// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writing; see luks.c. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/metadata/lock.h"
#include "userspace/lib/metadata/luks_state.h"

#define METADATA_SIZE 0x10000	/* of a copy: 32 tokens, or one of ours with 32 wraps */

/*
 * The keys are random, so nobody guesses them through these: more iterations would
 * cost every open and buy nothing.
 */
static const struct crypt_pbkdf_type quick = {
	.type = CRYPT_KDF_PBKDF2, .hash = "sha256", .iterations = 1000,
	.flags = CRYPT_PBKDF_NO_BENCHMARK,
};

/*
 * A recovery key is random too. These are RFC 9106's for machines with little
 * memory, with LUKS2's least number of passes, so that an initramfs can open it.
 */
static const struct crypt_pbkdf_type recovery = {
	.type = CRYPT_KDF_ARGON2ID, .hash = "sha256", .iterations = 4,
	.max_memory_kb = 64 * 1024, .parallel_threads = 4,
	.flags = CRYPT_PBKDF_NO_BENCHMARK,
};

static int changed(struct envol_luks *luks)
{
	envol_luks_give_up(luks);
	return envol_luks_check_current(luks->ev, luks);
}

int envol_luks_check_writable(struct envol *ev, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int read_only;

	if (fd < 0)
		return envol_error_errno(ev, -errno, "open %s for writing", path);
	/* Some read-only devices open, and fail each write. A file has no such answer. */
	if (ioctl(fd, BLKROGET, &read_only) == 0 && read_only)
		return envol_error(ev, -EROFS, "%s: a read-only device", path);
	return 0;
}

/* Wait until nobody holds the lock, so that libcryptsetup will not have to. */
static int wait_for_lock(struct envol *ev, const char *path)
{
	_cleanup_lock_ struct envol_lock lock = ENVOL_LOCK_INIT;

	return envol_lock_take(ev, path, true, &lock);
}

static int begin(struct envol *ev, struct envol_luks *luks)
{
	struct envol_copies now;
	int err = envol_luks_check_current(ev, luks);

	assert(!luks->is_borrowed);
	if (!err)
		err = envol_luks_check_writable(ev, luks->path);
	if (!err)
		err = wait_for_lock(ev, luks->path);
	/* libcryptsetup looks too, but not at a header that was formatted anew. */
	if (!err)
		err = envol_copies_look(ev, luks->path, &now);
	if (err)
		return err;
	return envol_copies_equal(&now, &luks->copies) ? 0 : changed(luks);
}

/*
 * It has written: what is there now, read anew, takes the place of what is in
 * memory. If somebody wrote after us ours was done all the same.
 */
static void refresh(struct envol_luks *luks)
{
	_cleanup_luks_ struct envol_luks *new = NULL;
	const char *read, *written;

	if (envol_luks_load(luks->ev, luks->path, &new) ||
	    envol_luks_json(luks->ev, new, &read) ||
	    envol_luks_json(luks->ev, luks, &written) ||
	    strcmp(read, written) != 0 ||
	    strcmp(envol_luks_uuid(new), envol_luks_uuid(luks)) != 0) {
		envol_luks_give_up(luks);
		return;
	}
	envol_luks_give_up(luks);
	luks->cd = take_ptr(new->cd);
	luks->copies = new->copies;
	crypt_set_log_callback(luks->cd, envol_luks_listen, luks);
}

/* @result is libcryptsetup's; what failed stays in its memory, so the context goes. */
static int end(struct envol_luks *luks, int result, const char *doing)
{
	struct envol_copies now;
	int err;

	if (result >= 0) {
		refresh(luks);
		return 0;
	}
	/* So it says of a writer who came between, and of other things as well. */
	if (result == -EINVAL && !envol_copies_look(luks->ev, luks->path, &now) &&
	    !envol_copies_equal(&now, &luks->copies))
		return changed(luks);
	if (result == -ENOSPC)
		err = envol_error(luks->ev, result,
				  "%s: %s: no room left in its header",
				  luks->path, doing);
	else
		err = envol_luks_failed(luks, result, "%s", doing);
	envol_luks_give_up(luks);
	return err;
}

/*
 * libcryptsetup would load the plugin for stock tools, of whatever version lies there, and
 * have it look at what is to be stored. What envol stores it has looked at itself.
 */
int envol_luks_set_token(struct envol *ev, struct envol_luks *luks, int number,
			 const char *json)
{
	int err = begin(ev, luks);

	if (err)
		return err;
	crypt_token_external_disable();
	if (number == ENVOL_LUKS_NEW_TOKEN)
		number = CRYPT_ANY_TOKEN;
	return end(luks, crypt_token_json_set(luks->cd, number, json),
		   "write the token");
}

static int add_keyslot(struct envol_luks *luks, unsigned int number,
		       const struct crypt_pbkdf_type *pbkdf,
		       const struct envol_secret *key,
		       const struct envol_secret *passphrase)
{
	int err = crypt_set_pbkdf_type(luks->cd, pbkdf);

	if (err)
		return err;
	return crypt_keyslot_add_by_volume_key(
		luks->cd, number, (const char *)key->data, key->len,
		(const char *)passphrase->data, passphrase->len);
}

int envol_luks_add_keyslot(struct envol *ev, struct envol_luks *luks,
			   unsigned int number, const struct envol_secret *key,
			   const struct envol_secret *passphrase)
{
	int err = begin(ev, luks);

	return err ? err : end(luks, add_keyslot(luks, number, &recovery, key,
						 passphrase), "add a keyslot");
}

int envol_luks_remove_keyslot(struct envol *ev, struct envol_luks *luks,
			      unsigned int number)
{
	int err = begin(ev, luks);

	return err ? err : end(luks, crypt_keyslot_destroy(luks->cd, number),
			       "remove a keyslot");
}

/* ---- format ---- */

static int wipe_and_format(struct envol_luks *luks,
			   const struct envol_luks_format *f,
			   const struct envol_secret *key)
{
	struct crypt_params_luks2 params = {
		.pbkdf = &quick,
		.data_device = f->data,
		.sector_size = f->sector_size,
		.label = f->label,
		.subsystem = f->subsystem,
	};
	int err;

	err = crypt_set_metadata_size(luks->cd, METADATA_SIZE,
				      f->area_size - 2 * METADATA_SIZE);
	if (!err && f->data_offset)
		err = crypt_set_data_offset(luks->cd, f->data_offset / 512);
	/* Of a detached header libcryptsetup wipes the first copy alone. */
	if (!err && f->data)
		err = crypt_wipe(luks->cd, luks->path, CRYPT_WIPE_ZERO, 0,
				 f->area_size, 0, 0, NULL, NULL);
	if (err)
		return err;
	return crypt_format(luks->cd, CRYPT_LUKS2, "aes", "xts-plain64", f->uuid,
			    (const char *)key->data, key->len, &params);
}

int envol_luks_format(struct envol *ev, const struct envol_luks_format *f,
		      const struct envol_secret *key,
		      const struct envol_secret *passphrase)
{
	_cleanup_luks_ struct envol_luks *luks = NULL;
	int err = envol_luks_context(ev, f->path, &luks);

	if (!err)
		err = envol_luks_check_writable(ev, f->path);
	if (!err)
		err = wait_for_lock(ev, f->path);
	if (err)
		return err;
	err = wipe_and_format(luks, f, key);
	if (err == -EBUSY)
		return envol_error(ev, err, "%s: in use", f->path);
	if (!err)
		err = add_keyslot(luks, 0, &quick, key, passphrase);
	if (err >= 0 && f->discards)
		err = crypt_persistent_flags_set(luks->cd, CRYPT_FLAGS_ACTIVATION,
						 CRYPT_ACTIVATE_ALLOW_DISCARDS);
	return err < 0 ? envol_luks_failed(luks, err, "write a LUKS2 header") : 0;
}

/* ---- backup ---- */

int envol_luks_backup(struct envol *ev, struct envol_luks *luks, const char *file)
{
	int err = envol_luks_check_current(ev, luks);

	if (err)
		return err;
	err = crypt_header_backup(luks->cd, CRYPT_LUKS2, file);
	return err ? envol_luks_failed(luks, err, "save its header") : 0;
}
