// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/provider/health.h"

#define DIRECTORY "unreachable"
#define HASH_SIZE 32u
#define NAME_SIZE (2 * HASH_SIZE + 1)

/* A URI may have any length and slashes: the file is named by its SHA-256. */
static bool name_of(const char *uri, char name[NAME_SIZE])
{
	uint8_t hash[HASH_SIZE];

	if (EVP_Digest(uri, strlen(uri), hash, NULL, EVP_sha256(), NULL) != 1)
		return false;
	envol_hex_encode(name, hash, sizeof(hash));
	return true;
}

static int open_directory(struct envol *ev, bool create)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/" DIRECTORY, ev->state) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	return envol_file_open_dir(ev, path, 0700, create);
}

static int note(struct envol *ev, const char *uri, bool reached)
{
	_cleanup_close_ int dir = open_directory(ev, !reached);
	char name[NAME_SIZE];

	if (dir < 0)
		return dir;
	if (!name_of(uri, name))
		return envol_error(ev, -EIO, "make a SHA-256");
	if (!reached)
		return envol_file_replace(ev, dir, name, uri, strlen(uri), 0600,
					  false);
	return unlinkat(dir, name, 0) && errno != ENOENT ?
		       envol_error_errno(ev, -errno, "remove %s", name) : 0;
}

void envol_health_note(struct envol *ev, const char *uri, bool reached)
{
	char message[ENVOL_MESSAGE_SIZE];
	int err;

	memcpy(message, ev->message, sizeof(message));
	err = note(ev, uri, reached);
	if (err && !(reached && err == -ENOENT))
		envol_log_debug(ev, "no memory of which KEKs can't be reached: %s",
				ev->message);
	memcpy(ev->message, message, sizeof(message));
}

bool envol_health_is_poor(struct envol *ev, const char *uri)
{
	char message[ENVOL_MESSAGE_SIZE];
	_cleanup_close_ int dir = -1;
	char name[NAME_SIZE];
	int64_t age;
	struct stat st;

	memcpy(message, ev->message, sizeof(message));
	dir = open_directory(ev, false);
	memcpy(ev->message, message, sizeof(message));
	if (dir < 0 || !name_of(uri, name) ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return false;
	age = envol_time_now() - st.st_mtime;
	return age >= 0 && age < ENVOL_HEALTH_MEMORY_S;
}
