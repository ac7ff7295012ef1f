// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * By system calls: six of them, which a library would only rename.
 *
 * A published key needs permissions for its owner's user id: a session that does
 * not possess root's user keyring (systemd gives services their own) gets EACCES
 * from the defaults even as root.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/keyctl.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/kernel/keyring.h"

#define KEY_TYPE "logon"

/* For the possessor and for the user: view, search, link, set attributes (and so revoke). */
#define PERMISSIONS 0x39390000u

static long add_key(const char *description, const void *payload, size_t len,
		    int32_t keyring)
{
	return syscall(SYS_add_key, KEY_TYPE, description, payload, len,
		       keyring);
}

static long keyctl(int operation, long a, long b)
{
	return syscall(SYS_keyctl, operation, a, b, 0L, 0L);
}

static long search(const char *description)
{
	return syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING,
		       KEY_TYPE, description, 0L);
}

static int refused(struct envol *ev, int err, const char *what)
{
	switch (err) {
	case -ENOSYS:
		return envol_error(ev, -EOPNOTSUPP,
				   "%s: this kernel has no keyrings", what);
	case -EDQUOT:
		return envol_error(ev, err,
				   "%s: the user's quota of kernel keys is used up (see /proc/key-users)",
				   what);
	default:
		return envol_error_errno(ev, err, "%s", what);
	}
}

int envol_keyring_add(struct envol *ev, const char *description,
		      const struct envol_secret *key,
		      envol_keyring_serial *serial)
{
	long got = add_key(description, key->data, key->len,
			   KEY_SPEC_THREAD_KEYRING);

	if (got < 0)
		return refused(ev, -errno, "load the key into the kernel");
	*serial = got;
	return 0;
}

int envol_keyring_publish(struct envol *ev, envol_keyring_serial serial)
{
	if (keyctl(KEYCTL_SETPERM, serial, PERMISSIONS) < 0)
		return refused(ev, -errno, "set the kernel key's permissions");
	if (keyctl(KEYCTL_LINK, serial, KEY_SPEC_USER_KEYRING) < 0)
		return refused(ev, -errno,
			       "link the kernel key into the user keyring");
	envol_keyring_drop(serial);
	return 0;
}

/*
 * A dead key can't be found any more, only displaced: by a new one of its
 * description, which can be unlinked.
 */
static void remove_dead_link(const char *description)
{
	long displacing = add_key(description, "-", 1, KEY_SPEC_USER_KEYRING);

	if (displacing >= 0)
		keyctl(KEYCTL_UNLINK, displacing, KEY_SPEC_USER_KEYRING);
}

int envol_keyring_take(struct envol *ev, const char *description,
		       envol_keyring_serial *serial)
{
	long found = search(description);

	if (found < 0) {
		int err = -errno;

		if (err == -EKEYREVOKED || err == -EKEYEXPIRED)
			remove_dead_link(description);
		return envol_error(ev, -ENOKEY,
				   "no living key %s in the user keyring",
				   description);
	}
	if (keyctl(KEYCTL_LINK, found, KEY_SPEC_THREAD_KEYRING) < 0)
		return refused(ev, -errno, "take the kernel key back");
	if (keyctl(KEYCTL_UNLINK, found, KEY_SPEC_USER_KEYRING) < 0) {
		int err = -errno;

		envol_keyring_drop(found);
		return refused(ev, err,
			       "unlink the kernel key from the user keyring");
	}
	*serial = found;
	return 0;
}

bool envol_keyring_is_published(const char *description)
{
	return search(description) >= 0;
}

void envol_keyring_drop(envol_keyring_serial serial)
{
	keyctl(KEYCTL_UNLINK, serial, KEY_SPEC_THREAD_KEYRING);
}

void envol_keyring_revoke(envol_keyring_serial serial)
{
	keyctl(KEYCTL_REVOKE, serial, 0);
	envol_keyring_drop(serial);
}
