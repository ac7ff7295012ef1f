// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/credential.h"
#include "userspace/lib/provider/pin.h"
#include "userspace/lib/provider/service/root.h"
#include "userspace/lib/provider/service/stamp.h"
#include "userspace/lib/provider/settings.h"

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

/* An initramfs has only the second. */
static const char *which(int dir)
{
	return faccessat(dir, ENVOL_ROOT_FILE, F_OK, AT_SYMLINK_NOFOLLOW) &&
			       errno == ENOENT &&
			       !faccessat(dir, ENVOL_ROOT_BOOT_FILE, F_OK,
					  AT_SYMLINK_NOFOLLOW) ?
		       ENVOL_ROOT_BOOT_FILE : ENVOL_ROOT_FILE;
}

int envol_root_lock_tpm(struct envol *ev, int dir,
			struct envol_deadline deadline)
{
	const char *name = which(dir);
	_cleanup_close_ int fd = openat(dir, name,
					O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int err;

	if (fd < 0)
		return envol_error_errno(ev, -errno, "open %s", name);
	err = envol_file_lock(ev, fd, true, envol_deadline_left_ms(deadline),
			      "the TPM");
	return err ? err : take_fd(&fd);
}

static int find_tpm(struct envol *ev, char **tcti)
{
	int err = envol_seal_find(ev, tcti);

	if (err || *tcti)
		return err;
	return envol_error(ev, -ENODEV,
			   "a TPM sealed the root key, and %s; bring it back, or restore each key from its backup into a new keystore",
			   *ev->tpm ? "the configuration says to use none" :
				      "this host has none now (no /dev/tpmrm0: firmware setup, kernel module?)");
}

/* The PIN in a file comes after what asks for none, and after who is asked. */
int envol_root_unseal(struct envol *ev, struct envol_rootfile *file)
{
	_cleanup_secret_ struct envol_secret pin = ENVOL_SECRET_INIT;
	const struct envol_secret *given = envol_pin_of_request(ev);
	const char *pin_file = envol_setting(ev, "service", NULL, "pin_file");
	_cleanup_free_ char *tcti = NULL;
	int err = find_tpm(ev, &tcti);

	if (!err)
		err = envol_seal_unseal(ev, tcti, file->seals, file->n_seals,
					given, &file->key);
	if (err != -ENOANO || given->len || !pin_file)
		return err;
	err = envol_credential_read(ev, "service", "pin_file", pin_file, &pin);
	if (err == -ENOENT)
		return envol_error_while(ev, -ENOANO,
					 "the TPM wants the PIN of the root key, which is not in its file");
	if (!err)
		err = envol_seal_check_guesses(ev, tcti);
	if (err == -ENOANO)
		return envol_error_while(ev, err, "the PIN in %s is not tried",
					 pin_file);
	return err ? err : envol_seal_unseal(ev, tcti, file->seals,
					     file->n_seals, &pin, &file->key);
}

static int unseal_locked(struct envol *ev, int dir,
			 struct envol_deadline deadline,
			 struct envol_rootfile *file)
{
	_cleanup_close_ int lock = envol_root_lock_tpm(ev, dir, deadline);

	return lock < 0 ? lock : envol_root_unseal(ev, file);
}

int envol_root_load_file(struct envol *ev, int dir,
			 struct envol_deadline deadline,
			 struct envol_rootfile *file)
{
	int err = envol_rootfile_load(ev, dir, which(dir), file);

	if (!err && file->n_seals)
		err = unseal_locked(ev, dir, deadline, file);
	if (err)
		envol_rootfile_free(file);
	return err;
}

int envol_root_load(struct envol *ev, int dir, struct envol_deadline deadline,
		    struct envol_root *root)
{
	_cleanup_rootfile_ struct envol_rootfile file = ENVOL_ROOTFILE_INIT;
	int err = envol_root_load_file(ev, dir, deadline, &file);

	if (!err)
		err = derive(ev, &file.key, root);
	if (!err && strcmp(file.id, root->id) != 0)
		err = envol_rootfile_damaged(ev, which(dir));
	root->sealed = file.n_seals;
	return err;
}

int envol_root_new(struct envol *ev, struct envol_secret *key,
		   struct envol_root *root)
{
	int err = envol_random_secret(ev, key, ENVOL_ROOT_KEY_SIZE);

	return err ? err : derive(ev, key, root);
}

/* A TPM that is there and does not seal is an error: nobody asked for less. */
int envol_root_store(struct envol *ev, int dir, const struct envol_secret *key,
		     struct envol_root *root)
{
	_cleanup_rootfile_ struct envol_rootfile file = ENVOL_ROOTFILE_INIT;
	const struct envol_secret no_pin = ENVOL_SECRET_INIT;
	_cleanup_free_ char *tcti = NULL;
	int err = envol_seal_find(ev, &tcti);

	strcpy(file.id, root->id);
	if (!err && !tcti)
		err = envol_secret_copy(ev, &file.key, key->data, key->len);
	if (!err && tcti) {
		file.n_seals = 1;
		err = envol_seal_seal(ev, tcti, key, &no_pin, &file.seals[0]);
	}
	if (!err)
		err = envol_rootfile_store(ev, dir, ENVOL_ROOT_FILE, &file);
	root->sealed = err ? root->sealed : tcti != NULL;
	return err && tcti ? envol_error_while(ev, err,
					       "seal the root key (set tpm = none to do without a TPM)") :
			     err;
}

/* ---- for people ---------------------------------------------------------------- */

/* Without the PCR of boot, which all of one file have. */
static int list_policies(struct envol *ev, const struct envol_rootfile *file,
			 bool is_boot, struct envol_blob *text)
{
	char policy[ENVOL_POLICY_TEXT_SIZE];
	size_t i;
	int err = 0;

	for (i = 0; i < file->n_seals && !err; i++) {
		struct envol_policy shown = file->seals[i].policy;

		if (is_boot)
			shown.pcrs &= ~(1u << ENVOL_POLICY_BOOT_PCR);
		envol_policy_format(&shown, false, policy);
		err = envol_stamp_add(ev, text, "%s %zu %s", i ? "," : ":",
				      i + 1, policy);
	}
	return err;
}

/* One seal without a policy is what a TPM does when nobody asked for more. */
static int describe_root(struct envol *ev, const struct envol_rootfile *file,
			 struct envol_blob *text)
{
	int err = envol_stamp_add(ev, text, "%s",
				  file->n_seals ? "under a root key sealed by the TPM" :
						  "under a root key in a file that only root can read");

	if (!err && (file->n_seals > 1 ||
		     (file->n_seals &&
		      !envol_policy_is_none(&file->seals[0].policy))))
		err = list_policies(ev, file, false, text);
	return err;
}

static int describe_boot(struct envol *ev, const struct envol_rootfile *file,
			 bool is_alone, struct envol_blob *text)
{
	int err = envol_stamp_add(ev, text, "%s",
				  is_alone ? "under a root key sealed by the TPM for boot" :
					     "; for boot sealed by the TPM");

	return err ? err : list_policies(ev, file, true, text);
}

int envol_root_describe(struct envol *ev, int dir, char **text)
{
	_cleanup_rootfile_ struct envol_rootfile root = ENVOL_ROOTFILE_INIT;
	_cleanup_rootfile_ struct envol_rootfile boot = ENVOL_ROOTFILE_INIT;
	_cleanup_blob_ struct envol_blob said = ENVOL_BLOB_INIT;
	int root_err = envol_rootfile_load(ev, dir, ENVOL_ROOT_FILE, &root);
	int boot_err = envol_rootfile_load(ev, dir, ENVOL_ROOT_BOOT_FILE, &boot);
	int err = 0;

	if (!root_err)
		err = describe_root(ev, &root, &said);
	if (!err && !boot_err)
		err = describe_boot(ev, &boot, root_err, &said);
	else if (!err && boot_err != -ENOENT)
		err = envol_stamp_add(ev, &said, "; the seals for boot (file "
				      ENVOL_ROOT_BOOT_FILE ") can't be read");
	if (!err && envol_blob_append(&said, "", 1))
		err = envol_error(ev, -ENOMEM, "out of memory");
	if (err)
		return err;
	*text = (char *)take_ptr(said.data);
	return 0;
}
