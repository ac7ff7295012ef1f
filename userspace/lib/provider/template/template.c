// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What reaches the KEK: 32 bytes in STATE/template/NAME. This half is linked into
 * a program of its own. A package that it needs stands in a comment of its own, for
 * the build to find: "pkg-config: PACKAGE".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/crypto/keywrap.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/provider.h"

#define KEK_SIZE 32u
#define VERSION "1"		/* a provider with versions names the one that wrapped */
#define ALGORITHM "A256KWP"	/* says all that unwrapping has to know */

struct envol_kek {
	struct envol *ev;
	struct envol_secret key;
};

/* The directory of the keys, as a descriptor. Where keys are is the host's to say, not the URI's. */
static int open_directory(struct envol *ev, bool create)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/template", ev->state) < 0) {
		path = NULL;
		return envol_error(ev, -ENOMEM, "out of memory");
	}
	return envol_file_open_dir(ev, path, 0700, create);
}

static void template_close(struct envol_kek *kek)
{
	envol_secret_wipe(&kek->key);
	free(kek);
}

static int template_open(struct envol *ev, const struct envol_uri *uri,
			 struct envol_deadline deadline, struct envol_kek **kek)
{
	_cleanup_close_ int dir = open_directory(ev, false);
	struct envol_kek *new;
	int err;

	if (dir < 0)
		return dir;
	new = calloc(1, sizeof(*new));
	if (!new)
		return envol_error(ev, -ENOMEM, "out of memory");
	new->ev = ev;
	err = envol_file_load_secret(ev, dir, uri->path, &new->key);
	if (!err && new->key.len != KEK_SIZE)
		err = envol_error(ev, -EBADMSG,
				  "its file has %zu bytes, not %u; bring it back from a copy",
				  new->key.len, KEK_SIZE);
	if (err) {
		template_close(new);
		return err;
	}
	*kek = new;
	return 0;
}

static int template_describe(struct envol_kek *kek, struct envol_key_info *info)
{
	info->type = strdup("AES-256");
	info->protection = strdup("in a file");
	info->recoverable = true;
	info->versions = calloc(1, sizeof(*info->versions));
	if (info->versions) {
		info->n_versions = 1;
		info->versions[0].version = strdup(VERSION);
		info->versions[0].enabled = true;
	}
	if (!info->type || !info->protection || !info->versions ||
	    !info->versions[0].version)
		return envol_error(kek->ev, -ENOMEM, "out of memory");
	return 0;
}

/* AES-KWP takes no AAD: with an algorithm that does, the volume id goes there. */
static int template_wrap(struct envol_kek *kek,
			 const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
			 const struct envol_secret *key,
			 struct envol_wrapped *wrapped)
{
	wrapped->version = strdup(VERSION);
	wrapped->algorithm = strdup(ALGORITHM);
	if (!wrapped->version || !wrapped->algorithm)
		return envol_error(kek->ev, -ENOMEM, "out of memory");
	return envol_keywrap_wrap(kek->ev, &kek->key, key, &wrapped->bytes);
}

static int template_unwrap(struct envol_kek *kek,
			   const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
			   const struct envol_wrapped *wrapped,
			   struct envol_secret *key)
{
	if (strcmp(wrapped->algorithm, ALGORITHM) != 0)
		return envol_error(kek->ev, -EBADMSG,
				   "wrapped with \"%.80s\", and this provider wraps with " ALGORITHM,
				   wrapped->algorithm);
	if (strcmp(wrapped->version, VERSION) != 0)
		return envol_error(kek->ev, -ENOENT, "it has no version \"%.80s\"",
				   wrapped->version);
	return envol_keywrap_unwrap(kek->ev, &kek->key, wrapped->bytes.data,
				    wrapped->bytes.len, key);
}

static int template_create(struct envol *ev, const struct envol_uri *uri,
			   struct envol_deadline deadline)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_close_ int dir = open_directory(ev, true);
	int err;

	if (dir < 0)
		return dir;
	err = envol_random_secret(ev, &key, KEK_SIZE);
	return err ? err : envol_file_replace(ev, dir, uri->path, key.data,
					      key.len, 0400, true);
}

ENVOL_PROVIDER(template) = {
	.scheme = "template",
	.open = template_open,
	.close = template_close,
	.describe = template_describe,
	.wrap = template_wrap,
	.unwrap = template_unwrap,
	.create = template_create,
};
