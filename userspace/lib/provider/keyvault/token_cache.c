// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/keyctl.h>

#include "userspace/lib/base/file.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/crypto/keywrap.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/keyvault/token_cache.h"

#define KEY_TYPE     "user"
#define KEY_FILE     "tokens.key"
#define KEY_SIZE     32
#define STATE_MODE   0700
#define LOCK_POLL_MS 25

/* For the possessor view, read, search and link; for the user's other sessions all but link. */
#define PERMISSIONS 0x1b0b0000u

static const char kek_info[] = "envol access token 1";

/* ---- the key in the state directory ---- */

void envol_token_cache_close(struct envol_token_cache *cache)
{
	if (cache->fd >= 0)
		close(cache->fd);
	cache->fd = -1;
	envol_secret_wipe(&cache->kek);
}

/* One that is there already is as good: of two that make it at once the first has made it. */
static int make_key(struct envol *ev, int dir)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	int err = envol_random_secret(ev, &key, KEY_SIZE);

	if (!err)
		err = envol_file_replace(ev, dir, KEY_FILE, key.data, key.len,
					 0600, true);
	return err == -EEXIST ? 0 : err;
}

static int load_key(struct envol *ev, struct envol_token_cache *cache,
		    struct envol_secret *key)
{
	_cleanup_close_ int dir =
		envol_file_open_dir(ev, ev->state, STATE_MODE, true);
	int err;

	if (dir < 0)
		return dir;
	cache->fd = openat(dir, KEY_FILE, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (cache->fd < 0 && errno == ENOENT) {
		err = make_key(ev, dir);
		if (err)
			return err;
		cache->fd = openat(dir, KEY_FILE,
				   O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	}
	if (cache->fd < 0)
		return -errno;
	err = envol_file_load_secret(ev, dir, KEY_FILE, key);
	return !err && key->len != KEY_SIZE ? -EBADMSG : err;
}

int envol_token_cache_open(struct envol *ev, struct envol_token_cache *cache)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	int err = load_key(ev, cache, &key);

	/* Of its own for each token: they can't be put in one another's place. */
	if (!err)
		err = envol_digest_hkdf(ev, &key, cache->id, sizeof(cache->id),
					kek_info, strlen(kek_info), &cache->kek,
					KEY_SIZE);
	if (err && err != -ENOMEM) {
		envol_log_debug(ev,
				"access tokens are not kept for other processes: %s/" KEY_FILE ": %s",
				ev->state, strerror(-err));
		err = 0;
	}
	return err;
}

/* ---- the token in the kernel ---- */

struct description {
	char text[16 + 2 * ENVOL_TOKEN_CACHE_ID_SIZE];
};

static struct description describe(const struct envol_token_cache *cache)
{
	struct description d = { "envol:token:" };

	envol_hex_encode(d.text + strlen(d.text), cache->id,
			 ENVOL_TOKEN_CACHE_ID_SIZE);
	return d;
}

static long keyctl(int operation, long a, long b, long c, long d)
{
	return syscall(SYS_keyctl, operation, a, b, c, d);
}

static long search(const struct envol_token_cache *cache)
{
	struct description d = describe(cache);

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
			   const struct envol_token_cache *cache,
			   struct envol_secret *token)
{
	uint8_t wrapped[ENVOL_KEYWRAP_MAX + 8];
	long serial, len;
	int err;

	if (!cache->kek.data)
		return -EOPNOTSUPP;
	serial = search(cache);
	if (serial < 0)
		return errno == ENOSYS || errno == EPERM ? -EOPNOTSUPP : -ENOKEY;
	len = keyctl(KEYCTL_READ, serial, (long)wrapped, sizeof(wrapped), 0);
	if (len <= 0 || (size_t)len > sizeof(wrapped))
		return -ENOKEY;
	err = envol_keywrap_unwrap(ev, &cache->kek, wrapped, len, token);
	if (!err && !is_word(token)) {
		envol_secret_wipe(token);
		err = -EBADMSG;
	}
	return err && err != -ENOMEM ? -ENOKEY : err;
}

/* A byte of the file for each token: one that is slow to come holds up no other. */
static bool try_lock(const struct envol_token_cache *cache)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
			       .l_len = 1 };

	memcpy(&range.l_start, cache->id, sizeof(range.l_start) - 1);
	return fcntl(cache->fd, F_OFD_SETLK, &range) == 0 || errno != EAGAIN;
}

void envol_token_cache_lock(const struct envol_token_cache *cache,
			    struct envol_deadline deadline)
{
	struct envol_deadline half =
		envol_deadline_in(envol_deadline_left_ms(deadline) / 2);

	while (!try_lock(cache) && envol_deadline_left_ms(half))
		poll(NULL, 0, LOCK_POLL_MS);
}

/*
 * Made in the keyring of this thread, and linked where others find it when it has its
 * time and permissions: a process that is killed in between leaves no token that
 * stays. The link takes the place of an older one.
 */
static int put(const struct envol_token_cache *cache,
	       const struct envol_blob *wrapped, unsigned int life_s)
{
	struct description d = describe(cache);
	long serial = syscall(SYS_add_key, KEY_TYPE, d.text, wrapped->data,
			      wrapped->len, KEY_SPEC_THREAD_KEYRING);
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
			    const struct envol_token_cache *cache,
			    const struct envol_secret *token,
			    unsigned int life_s)
{
	_cleanup_blob_ struct envol_blob wrapped = ENVOL_BLOB_INIT;
	int err;

	if (!cache->kek.data)
		return;
	err = envol_keywrap_wrap(ev, &cache->kek, token, &wrapped);
	if (!err)
		err = put(cache, &wrapped, life_s);
	if (err)
		envol_log_debug(ev,
				"the access token is not kept for other processes: %s",
				strerror(-err));
}

void envol_token_cache_drop(const struct envol_token_cache *cache)
{
	long serial = search(cache);

	if (serial >= 0)
		keyctl(KEYCTL_INVALIDATE, serial, 0, 0, 0);
}
