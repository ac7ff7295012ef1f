// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading; luks_write.c is the other file that includes libcryptsetup. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/metadata/luks_state.h"

#define LOAD_TRIES 5

/* ---- what libcryptsetup says ---- */

void envol_luks_listen(int level, const char *message, void *data)
{
	struct envol_luks *luks = data;
	size_t len = strlen(luks->said), n = strcspn(message, "\n");

	if (level != CRYPT_LOG_ERROR)
		envol_log_debug(luks->ev, "libcryptsetup: %.*s", (int)n, message);
	else
		snprintf(luks->said + len, sizeof(luks->said) - len, "%s%.*s",
			 len ? " " : "", (int)n, message);
}

int envol_luks_failed(struct envol_luks *luks, int err, const char *fmt, ...)
{
	size_t len = strlen(luks->said);
	char doing[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(doing, sizeof(doing), fmt, args);
	va_end(args);
	if (len && luks->said[len - 1] == '.')
		luks->said[len - 1] = 0;
	if (err == -ENOMEM)
		return envol_error(luks->ev, err, "%s: %s: out of memory",
				   luks->path, doing);
	if (len)
		return envol_error(luks->ev, err, "%s: %s: %s", luks->path, doing,
				   luks->said);
	return envol_error_errno(luks->ev, err, "%s: %s", luks->path, doing);
}

int envol_luks_context(struct envol *ev, const char *path, struct envol_luks **luks)
{
	_cleanup_luks_ struct envol_luks *new = calloc(1, sizeof(*new));
	struct stat st;

	/* libcryptsetup would print on stderr what it has to say before there is a context. */
	if (stat(path, &st))
		return envol_error_errno(ev, -errno, "%s", path);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return envol_error(ev, -ENODEV,
				   "%s: neither a block device nor a regular file",
				   path);
	if (access(path, R_OK))
		return envol_error_errno(ev, -errno, "open %s", path);
	if (!new || !(new->path = strdup(path)))
		return envol_error(ev, -ENOMEM, "out of memory");
	new->ev = ev;
	if (crypt_init(&new->cd, path))
		return envol_error(ev, -ENODEV, "%s: cannot be used as a device",
				   path);
	crypt_set_log_callback(new->cd, envol_luks_listen, new);
	*luks = take_ptr(new);
	return 0;
}

void envol_luks_give_up(struct envol_luks *luks)
{
	if (!luks->is_borrowed)
		crypt_free(luks->cd);
	luks->cd = NULL;
}

void envol_luks_free(struct envol_luks *luks)
{
	if (!luks)
		return;
	envol_luks_give_up(luks);
	free(luks->path);
	free(luks);
}

/* ---- reading ---- */

static int no_header(struct envol *ev, const char *path,
		     const struct envol_copies *copies)
{
	if (copies->empty)
		return envol_error(ev, -ENODATA, "%s: empty: it has no byte at all",
				   path);
	if (copies->luks1)
		return envol_error(ev, -ENODATA,
				   "%s: a LUKS1 header, which cannot hold what envol needs; open it with cryptsetup",
				   path);
	if (copies->first.state == ENVOL_COPY_DAMAGED ||
	    copies->second.state == ENVOL_COPY_DAMAGED)
		return envol_error(ev, -EBADMSG,
				   "%s: both copies of its LUKS2 header are damaged, or a format was cut short; restore a backup of the header, or format again",
				   path);
	return envol_error(ev, -ENODATA,
			   "%s: no LUKS2 header lies there: it was never formatted, or a format was cut short",
			   path);
}

static const char *which_is_bad(const struct envol_copies *copies)
{
	if (copies->first.state != ENVOL_COPY_GOOD)
		return "first";
	return copies->second.state != ENVOL_COPY_GOOD ? "second" : NULL;
}

static void tell_of_repair(struct envol *ev, const char *path,
			   const struct envol_copies *before,
			   const struct envol_copies *after)
{
	const char *bad = which_is_bad(before);

	if (!bad)
		return;
	if (which_is_bad(after))
		envol_log_warning(ev, "%s: the %s copy of its header is damaged and could not be repaired",
				  path, bad);
	else
		envol_log_warning(ev, "%s: the %s copy of its header was damaged and has been repaired from the other",
				  path, bad);
}

/* @stable says whether nobody wrote meanwhile, so that the copies are those that were read. */
static int load_once(struct envol *ev, const char *path,
		     struct envol_luks **luks, bool *stable)
{
	_cleanup_luks_ struct envol_luks *new = NULL;
	struct envol_copies before;
	int err;

	err = envol_luks_context(ev, path, &new);
	if (!err)
		err = envol_copies_look(ev, path, &before);
	if (err)
		return err;
	if (!envol_copies_newest(&before))
		return no_header(ev, path, &before);
	err = crypt_load(new->cd, CRYPT_LUKS2, NULL);
	if (err == -EINVAL && !new->said[0])
		strcpy(new->said, "it says what LUKS2 does not allow");
	if (err)
		return envol_luks_failed(new, err == -ENOMEM || err == -EIO ? err : -EBADMSG,
			      "its LUKS2 header cannot be used");
	err = envol_copies_look(ev, path, &new->copies);
	if (err)
		return err;
	*stable = envol_copies_equal(&before, &new->copies);
	if (*stable)
		tell_of_repair(ev, path, &before, &new->copies);
	*luks = take_ptr(new);
	return 0;
}

int envol_luks_load(struct envol *ev, const char *path, struct envol_luks **luks)
{
	int i, err;

	for (i = 0; i < LOAD_TRIES; i++) {
		_cleanup_luks_ struct envol_luks *new = NULL;
		bool stable = false;

		err = load_once(ev, path, &new, &stable);
		if (err)
			return err;
		if (stable) {
			*luks = take_ptr(new);
			return 0;
		}
	}
	return envol_error(ev, -EBUSY, "%s: other processes keep writing its header",
			   path);
}

int envol_luks_borrow(struct envol *ev, struct crypt_device *cd,
		      struct envol_luks **luks)
{
	const char *path = crypt_get_metadata_device_name(cd), *type = crypt_get_type(cd);
	struct envol_luks *new;

	/* NULL where the header is on the device with the data. */
	if (!path)
		path = crypt_get_device_name(cd);
	if (!path || !type || strcmp(type, CRYPT_LUKS2) != 0)
		return envol_error(ev, -ENODATA, "%s: no LUKS2 header was read",
				   path ? path : "a device without a name");
	new = calloc(1, sizeof(*new));
	if (!new || !(new->path = strdup(path))) {
		free(new);
		return envol_error(ev, -ENOMEM, "out of memory");
	}
	new->ev = ev;
	new->cd = cd;
	new->is_borrowed = true;
	*luks = new;
	return 0;
}

void envol_luks_devices(const struct envol_luks *luks, const char **device,
			const char **header)
{
	const char *data = luks->cd ? crypt_get_device_name(luks->cd) : NULL;

	*device = data ? data : luks->path;
	*header = strcmp(*device, luks->path) == 0 ? NULL : luks->path;
}

int envol_luks_check_current(struct envol *ev, struct envol_luks *luks)
{
	luks->ev = ev;
	luks->said[0] = 0;
	if (luks->cd)
		return 0;
	return envol_error(ev, -EAGAIN,
			   "%s: another process changed its header since it was read; open it again",
			   luks->path);
}

int envol_luks_json(struct envol *ev, struct envol_luks *luks, const char **json)
{
	int err = envol_luks_check_current(ev, luks);

	if (!err && crypt_dump_json(luks->cd, json, 0))
		err = envol_luks_failed(luks, -ENOMEM, "read its header");
	return err;
}

int envol_luks_token(struct envol *ev, struct envol_luks *luks,
		     unsigned int number, const char **json)
{
	int err = envol_luks_check_current(ev, luks);

	if (!err && crypt_token_json_get(luks->cd, number, json) < 0)
		err = envol_luks_failed(luks, -EBADMSG, "read token %u", number);
	return err;
}

static const char *text(const char *from)
{
	return from ? from : "";
}

const char *envol_luks_uuid(const struct envol_luks *luks)
{
	return text(luks->cd ? crypt_get_uuid(luks->cd) : NULL);
}

const char *envol_luks_label(const struct envol_luks *luks)
{
	return text(luks->cd ? crypt_get_label(luks->cd) : NULL);
}

const char *envol_luks_subsystem(const struct envol_luks *luks)
{
	return text(luks->cd ? crypt_get_subsystem(luks->cd) : NULL);
}

int envol_luks_verify(struct envol *ev, struct envol_luks *luks,
		      const struct envol_secret *key)
{
	int err = envol_luks_check_current(ev, luks);

	if (err)
		return err;
	err = crypt_volume_key_verify(luks->cd, (const char *)key->data, key->len);
	if (err == -EPERM)
		return envol_error(ev, err, "%s: the key is not this volume's",
				   luks->path);
	return err ? envol_luks_failed(luks, err, "compare the key with its digest") : 0;
}

int envol_luks_unlock(struct envol *ev, struct envol_luks *luks,
		      unsigned int number, const struct envol_secret *passphrase,
		      unsigned int key_size, struct envol_secret *key)
{
	_cleanup_secret_ struct envol_secret got = ENVOL_SECRET_INIT;
	size_t size = key_size;
	int err = envol_luks_check_current(ev, luks);

	if (!err)
		err = envol_secret_alloc(ev, &got, key_size);
	if (err)
		return err;
	err = crypt_volume_key_get(luks->cd, number, (char *)got.data, &size,
				   (const char *)passphrase->data, passphrase->len);
	if (err == -EPERM)
		return envol_error(ev, err, "%s: keyslot %u is not opened by it",
				   luks->path, number);
	if (err < 0 || size != key_size)
		return envol_luks_failed(luks, err < 0 ? err : -EBADMSG, "open keyslot %u",
			      number);
	envol_secret_move(key, &got);
	return 0;
}
