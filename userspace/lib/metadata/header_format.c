// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The order of a format: all checks; the wipe of what lay there; LUKS2 with the
 * keyslot; last of all the token, in one write. Cut short before that there is a
 * header of subsystem "envol" without a token, which nobody takes for a volume.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/metadata/header_state.h"

#define LABEL_MAX 47		/* LUKS2 keeps 48 bytes with a NUL */
#define ALIGNMENT 4096		/* of a data offset in LUKS2 */

static bool is_uuid(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t i;

	for (i = 0; form[i]; i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)text[i]) :
				     text[i] != '-')
			return false;
	return text[i] == 0;
}

static int check_request(struct envol *ev, const struct envol_header_format *f)
{
	if (f->key_size != 64 && f->key_size != 32)
		return envol_error(ev, -EINVAL,
				   "key size %u: neither 64 bytes (AES-256) nor 32 (AES-128)",
				   f->key_size);
	if (f->sector_size != 512 && f->sector_size != 4096)
		return envol_error(ev, -EINVAL, "sector size %u: neither 512 nor 4096",
				   f->sector_size);
	if (f->data_offset % ALIGNMENT ||
	    (!f->header && f->data_offset < ENVOL_HEADER_SIZE))
		return envol_error(ev, -EINVAL,
				   "data offset %" PRIu64 ": not a multiple of %d, or inside of the header",
				   f->data_offset, ALIGNMENT);
	if (f->label && strlen(f->label) > LABEL_MAX)
		return envol_error(ev, -EINVAL, "label of %zu bytes: more than %d",
				   strlen(f->label), LABEL_MAX);
	if (f->uuid && !is_uuid(f->uuid))
		return envol_error(ev, -EINVAL, "\"%s\" is not a UUID", f->uuid);
	return 0;
}

static int check_device(struct envol *ev, const struct envol_header_format *f)
{
	uint64_t size;
	int err = envol_header_size(ev, f->device, &size);

	if (err)
		return err;
	if (size < f->data_offset || size - f->data_offset < f->sector_size)
		return envol_error(ev, -ENOSPC,
				   "%s: %" PRIu64 " bytes are too few: data would begin at %" PRIu64,
				   f->device, size, f->data_offset);
	/* libcryptsetup would refuse it after it had wiped a detached header. */
	if (f->sector_size > 512 && (size - f->data_offset) % f->sector_size)
		return envol_error(ev, -EINVAL,
				   "%s: %" PRIu64 " bytes of data are no multiple of the sector size %u; use 512",
				   f->device, size - f->data_offset,
				   f->sector_size);
	return 0;
}

int envol_header_check_format(struct envol *ev,
			      const struct envol_header_format *f)
{
	int err = check_request(ev, f);

	return err ? err : check_device(ev, f);
}

/* Would the token fit and be read again? With what LUKS2 will say, or as long. */
static int check_token(struct envol *ev, const struct envol_header_format *f,
		       const struct envol_secret *dek, struct envol_token *token)
{
	struct envol_layout layout = {
		.key_size = f->key_size, .sector_size = f->sector_size,
		.offset = f->data_offset, .n_keyslots = 1, .flags = "allow-discards",
		.digest = { .hash = "sha256" },
	};
	_cleanup_free_ char *json = NULL;
	int err;

	err = envol_blob_append(&layout.digest.salt, token->mac, 32);
	if (!err)
		err = envol_blob_append(&layout.digest.bytes, token->mac, 32);
	if (err)
		err = envol_error(ev, err, "out of memory");
	else
		err = envol_header_seal(ev, &layout, "00000000-0000-0000-0000-000000000000",
					dek, token, &json);
	envol_layout_free(&layout);
	return err;
}

/* The file or device that a detached header goes to, with room for it. */
static int make_header_file(struct envol *ev, const char *path, bool *created)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	off_t size;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	*created = fd >= 0;
	if (fd < 0 && errno == EEXIST)
		fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st))
		return envol_error_errno(ev, -errno, "open %s for writing", path);
	size = lseek(fd, 0, SEEK_END);
	if (size >= (off_t)ENVOL_HEADER_SIZE)
		return 0;
	if (!S_ISREG(st.st_mode))
		return envol_error(ev, -ENOSPC,
				   "%s: a header takes %u bytes, it has %jd", path,
				   ENVOL_HEADER_SIZE, (intmax_t)size);
	/* Allocated, not sparse: later writes of the header must not meet a full disk. */
	if (fallocate(fd, 0, 0, ENVOL_HEADER_SIZE) && errno != EOPNOTSUPP)
		return envol_error_errno(ev, -errno, "make room in %s", path);
	if (ftruncate(fd, ENVOL_HEADER_SIZE))
		return envol_error_errno(ev, -errno, "make room in %s", path);
	return 0;
}

static int write_luks(struct envol *ev, const struct envol_header_format *f,
		      const struct envol_secret *dek)
{
	_cleanup_secret_ struct envol_secret passphrase = ENVOL_SECRET_INIT;
	const struct envol_luks_format luks = {
		.path = f->header ? f->header : f->device,
		.data = f->header ? f->device : NULL,
		.data_offset = f->data_offset,
		.area_size = ENVOL_HEADER_SIZE,
		.sector_size = f->sector_size,
		.label = f->label,
		.subsystem = ENVOL_TOKEN_TYPE,
		.uuid = f->uuid,
		.discards = f->discards,
	};
	int err = envol_digest_passphrase(ev, dek, &passphrase);

	return err ? err : envol_luks_format(ev, &luks, dek, &passphrase);
}

static int write_token(struct envol *ev, const char *path,
		       const struct envol_secret *dek, struct envol_token *token)
{
	_cleanup_luks_ struct envol_luks *luks = NULL;
	_cleanup_layout_ struct envol_layout layout = ENVOL_LAYOUT_INIT;
	_cleanup_free_ char *json = NULL;
	const char *luks_json;
	int err = envol_luks_load(ev, path, &luks);

	if (!err)
		err = envol_luks_json(ev, luks, &luks_json);
	if (err)
		return err;
	err = envol_layout_parse(ev, luks_json, strlen(luks_json), &layout);
	if (!err)
		err = envol_header_seal(ev, &layout, envol_luks_uuid(luks), dek,
					token, &json);
	if (err)
		return envol_error_while(ev, err, "%s", path);
	return envol_luks_set_token(ev, luks, ENVOL_LUKS_NEW_TOKEN, json);
}

static int write_all(struct envol *ev, const struct envol_header_format *f,
		     const struct envol_secret *dek, struct envol_token *token,
		     struct envol_header **h)
{
	_cleanup_header_ struct envol_header *new = NULL;
	int err = write_luks(ev, f, dek);

	if (!err)
		err = write_token(ev, f->header ? f->header : f->device, dek, token);
	if (!err)
		err = envol_header_open(ev, f->device, f->header, &new);
	if (!err)
		err = envol_header_verify(ev, new, dek);
	if (!err)
		*h = take_ptr(new);
	return err;
}

int envol_header_format(struct envol *ev, const struct envol_header_format *f,
			const struct envol_secret *dek, struct envol_token *token,
			struct envol_header **h)
{
	bool created = false;
	int err;

	token->generation = 1;
	token->pending_keyslot = 0;
	err = envol_header_check_format(ev, f);
	if (!err && dek->len != f->key_size)
		err = envol_error(ev, -EINVAL, "key of %zu bytes for a key size of %u",
				  dek->len, f->key_size);
	if (!err)
		err = check_token(ev, f, dek, token);
	if (!err && f->header)
		err = make_header_file(ev, f->header, &created);
	if (!err)
		err = write_all(ev, f, dek, token, h);
	if (err && created)
		unlink(f->header);
	return err;
}
