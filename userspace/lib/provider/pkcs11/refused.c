// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/provider/pkcs11/refused.h"

#define NAME_BYTES 16

/* The token's, whatever label it has today: its serial number and who made it. */
static int name_token(struct envol *ev, const struct envol_pkcs11_token *token,
		      char name[2 * NAME_BYTES + 1])
{
	const struct envol_pkcs11_value *values = token->name.values;
	uint8_t digest[ENVOL_DIGEST_SIZE];
	char text[128];
	int err, len;

	len = snprintf(text, sizeof(text), "%s\n%s\n%s\n",
		       values[ENVOL_PKCS11_SERIAL].bytes,
		       values[ENVOL_PKCS11_MANUFACTURER].bytes,
		       values[ENVOL_PKCS11_MODEL].bytes);
	err = envol_digest_sha256(ev, text, len, digest);
	if (!err)
		envol_hex_encode(name, digest, NAME_BYTES);
	return err;
}

/*
 * What is below /run was made at this start of the machine or of a service, and has a
 * new time whoever wrote it: there a PIN that was refused stays refused.
 */
static int describe_file(struct envol *ev, const char *file, char *text,
			 size_t size)
{
	bool is_lasting = strncmp(file, "/run/", 5) != 0;
	struct stat st;

	/* The file's absence is not the key's, nor a right to it the token's. */
	if (stat(file, &st))
		return envol_error(ev, -EINVAL, "look at %s: %s", file, strerror(errno));
	snprintf(text, size, "%.400s %ju %jd.%09ld\n", file,
		 is_lasting ? (uintmax_t)st.st_ino : 0,
		 is_lasting ? (intmax_t)st.st_mtim.tv_sec : 0,
		 is_lasting ? st.st_mtim.tv_nsec : 0);
	return 0;
}

static int open_directory(struct envol *ev, bool create)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/pkcs11", ev->state) < 0) {
		path = NULL;
		return envol_error(ev, -ENOMEM, "out of memory");
	}
	return envol_file_open_dir(ev, path, 0700, create);
}

static int check(struct envol *ev, const struct envol_pkcs11_token *token,
		 const char *file, const struct envol_pkcs11_refused *refused)
{
	_cleanup_blob_ struct envol_blob before = ENVOL_BLOB_INIT;
	int err = envol_file_load(ev, refused->dir, refused->name,
				  sizeof(refused->file), &before);

	if (err == -ENOENT)
		return 0;
	if (err && err != -EFBIG)
		return err;
	if (!err && (before.len != strlen(refused->file) ||
		     memcmp(before.data, refused->file, before.len) != 0))
		return 0;
	return envol_error(ev, -ENOANO,
			   "%s refused the PIN in %s before, so it is not tried again: put the right one there, or remove %s/pkcs11/%s if it is",
			   token->label, file, ev->state, refused->name);
}

int envol_pkcs11_refused_open(struct envol *ev,
			      const struct envol_pkcs11_token *token,
			      const char *file, struct envol_deadline deadline,
			      struct envol_pkcs11_refused *refused)
{
	int err;

	refused->dir = -1;
	err = name_token(ev, token, refused->name);
	if (!err)
		err = describe_file(ev, file, refused->file,
				    sizeof(refused->file));
	if (err)
		return err;
	refused->dir = open_directory(ev, true);
	if (refused->dir < 0) {
		/* The initramfs, say. One strike there is what it costs. */
		envol_log_warning(ev,
				  "%s; a PIN that is refused can't be remembered",
				  ev->message);
		return 0;
	}
	err = envol_file_lock(ev, refused->dir, true,
			      envol_deadline_left_ms(deadline),
			      "the memory of PINs that were refused");
	if (!err)
		err = check(ev, token, file, refused);
	if (err)
		envol_pkcs11_refused_close(refused);
	return err;
}

void envol_pkcs11_refused_note(struct envol *ev,
			       const struct envol_pkcs11_refused *refused,
			       const char *file)
{
	char sentence[ENVOL_MESSAGE_SIZE];
	int err;

	if (refused->dir < 0)
		return;
	strcpy(sentence, ev->message);
	err = envol_file_replace(ev, refused->dir, refused->name, refused->file,
				 strlen(refused->file), 0600, false);
	if (err)
		envol_log_warning(ev, "remember that a PIN was refused: %s",
				  ev->message);
	envol_error(ev, err, "%.800s%s%.200s%s", sentence,
		    err ? "" : "; what is in ", err ? "" : file,
		    err ? "" : " is not tried again before it is changed");
}

void envol_pkcs11_refused_close(struct envol_pkcs11_refused *refused)
{
	if (refused->dir >= 0)
		close(refused->dir);
	refused->dir = -1;
}

void envol_pkcs11_refused_forget(struct envol *ev,
				 const struct envol_pkcs11_token *token)
{
	_cleanup_close_ int dir = open_directory(ev, false);
	char name[2 * NAME_BYTES + 1];

	if (dir >= 0 && name_token(ev, token, name) == 0 &&
	    unlinkat(dir, name, 0) && errno != ENOENT)
		envol_log_warning(ev, "remove %s/pkcs11/%s: %s", ev->state,
				  name, strerror(errno));
}
