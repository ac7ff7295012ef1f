// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/keyctl.h>

#include "userspace/lib/provider/keyvault/token_cache.h"
#include "userspace/lib/util/hex.h"
#include "userspace/lib/util/log.h"

#define KEY_TYPE     "user"
#define LOCK_FILE    "tokens.lock"
#define LOCK_POLL_MS 25

/* For the possessor view, read, search and link; for the user's other sessions all but link. */
#define PERMISSIONS 0x1b0b0000u

struct description {
	char text[16 + 2 * ENVOL_TOKEN_CACHE_ID_SIZE];
};

static struct description describe(const uint8_t id[ENVOL_TOKEN_CACHE_ID_SIZE])
{
	struct description d = { "envol:token:" };

	envol_hex_encode(d.text + strlen(d.text), id,
			 ENVOL_TOKEN_CACHE_ID_SIZE);
	return d;
}

static long keyctl(int operation, long a, long b, long c, long d)
{
	return syscall(SYS_keyctl, operation, a, b, c, d);
}

static long search(const uint8_t id[ENVOL_TOKEN_CACHE_ID_SIZE])
{
	struct description d = describe(id);

	return keyctl(KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, (long)KEY_TYPE,
		      (long)d.text, 0);
}

/* Whoever runs as the same user may have put it there: it is to fit into a header, and no more. */
static bool is_word(const struct envol_secret *token)
{
	size_t i;

	for (i = 0; i < token->len; i++)
		if (token->data[i] <= ' ' || token->data[i] > '~')
			return false;
	return true;
}

int envol_token_cache_find(struct envol *ev,
			   const uint8_t id[ENVOL_TOKEN_CACHE_ID_SIZE],
			   struct envol_secret *token)
{
	long serial = search(id), size, got;
	int err;

	if (serial < 0 && (errno == ENOSYS || errno == EPERM))
		return -EOPNOTSUPP;
	size = serial < 0 ? -1 : keyctl(KEYCTL_READ, serial, 0, 0, 0);
	if (size <= 0 || size > ENVOL_SECRET_MAX)
		return -ENOKEY;
	err = envol_secret_alloc(ev, token, size);
	if (err)
		return err;
	got = keyctl(KEYCTL_READ, serial, (long)token->data, size, 0);
	if (got != size || !is_word(token)) {
		envol_secret_wipe(token);
		return -ENOKEY;
	}
	return 0;
}

/* A byte of the file for each token: one that is slow to come holds up no other. */
static bool try_lock(int fd, const uint8_t id[ENVOL_TOKEN_CACHE_ID_SIZE])
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
			       .l_len = 1 };

	memcpy(&range.l_start, id, sizeof(range.l_start) - 1);
	return fcntl(fd, F_OFD_SETLK, &range) == 0 || errno != EAGAIN;
}

int envol_token_cache_lock(struct envol *ev,
			   const uint8_t id[ENVOL_TOKEN_CACHE_ID_SIZE],
			   struct envol_deadline deadline)
{
	struct envol_deadline half =
		envol_deadline_in(envol_deadline_left_ms(deadline) / 2);
	_cleanup_close_ int dir = open(ev->state, O_PATH | O_DIRECTORY |
							  O_CLOEXEC);
	_cleanup_close_ int fd = -1;

	if (dir >= 0)
		fd = openat(dir, LOCK_FILE,
			    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	while (!try_lock(fd, id)) {
		if (!envol_deadline_left_ms(half))
			return -1;
		poll(NULL, 0, LOCK_POLL_MS);
	}
	return take_fd(&fd);
}

/*
 * Made in the keyring of this thread, and linked where others find it when it has its
 * time and permissions: a process that is killed in between leaves no token that
 * stays. The link takes the place of an older one.
 */
static int keep(const uint8_t id[ENVOL_TOKEN_CACHE_ID_SIZE],
		const struct envol_secret *token, unsigned int life_s)
{
	struct description d = describe(id);
	long serial = syscall(SYS_add_key, KEY_TYPE, d.text, token->data,
			      token->len, KEY_SPEC_THREAD_KEYRING);
	int err = 0;

	if (serial < 0)
		return -errno;
	if (keyctl(KEYCTL_SET_TIMEOUT, serial, life_s, 0, 0) < 0 ||
	    keyctl(KEYCTL_SETPERM, serial, PERMISSIONS, 0, 0) < 0 ||
	    keyctl(KEYCTL_LINK, serial, KEY_SPEC_USER_KEYRING, 0, 0) < 0)
		err = -errno;
	keyctl(KEYCTL_UNLINK, serial, KEY_SPEC_THREAD_KEYRING, 0, 0);
	return err;
}

void envol_token_cache_keep(struct envol *ev,
			    const uint8_t id[ENVOL_TOKEN_CACHE_ID_SIZE],
			    const struct envol_secret *token,
			    unsigned int life_s)
{
	int err = keep(id, token, life_s);

	if (err)
		envol_log_debug(ev,
				"the access token is not kept for other processes: %s",
				strerror(-err));
}

void envol_token_cache_drop(const uint8_t id[ENVOL_TOKEN_CACHE_ID_SIZE])
{
	long serial = search(id);

	if (serial >= 0)
		keyctl(KEYCTL_INVALIDATE, serial, 0, 0, 0);
}
