// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as the backup of a service key, and as what is encrypted in one: a key that is
 * accepted encodes to the same bytes. The first byte chooses.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/service/backup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct envol *ev;

static void demand(bool condition)
{
	if (!condition)
		abort();
}

static void fill(struct envol_secret *secret, const uint8_t *data, size_t size)
{
	demand(envol_secret_alloc(ev, secret, size) == 0);
	memcpy(secret->data, data, size);
}

static void decode_text(const uint8_t *data, size_t size)
{
	_cleanup_secret_ struct envol_secret text = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret again = ENVOL_SECRET_INIT;
	_cleanup_backup_ struct envol_backup backup = ENVOL_BACKUP_INIT;

	if (size == 0 || size > ENVOL_SECRET_MAX)
		return;
	fill(&text, data, size);
	if (envol_backup_decode_text(ev, &text, &backup)) {
		demand(*envol_error_message(ev) && !backup.versions &&
		       !backup.keks.data);
		return;
	}
	demand(backup.n_versions > 0 && backup.name[0] &&
	       backup.keks.len == backup.n_versions * ENVOL_RECORD_KEK_SIZE &&
	       envol_backup_encode_text(ev, &backup, &again) == 0 &&
	       envol_secret_equal(&text, &again));
}

/* The sum at its end is as good as never right, so that no passphrase is tried. */
static void decode_file(const uint8_t *data, size_t size)
{
	_cleanup_secret_ struct envol_secret passphrase = ENVOL_SECRET_INIT;
	_cleanup_backup_ struct envol_backup backup = ENVOL_BACKUP_INIT;
	_cleanup_blob_ struct envol_blob file = ENVOL_BLOB_INIT;
	int err;

	fill(&passphrase, (const uint8_t *)"x", 1);
	demand(envol_blob_append(&file, data, size) == 0);
	err = envol_backup_decode(ev, &file, &passphrase, &backup);
	demand(err == -EMEDIUMTYPE || err == -EPROTONOSUPPORT ||
	       err == -EBADMSG || err == -EKEYREJECTED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!ev)
		demand(envol_new(&ev) == 0);
	if (size == 0)
		return 0;
	if (data[0] % 2)
		decode_text(data + 1, size - 1);
	else
		decode_file(data + 1, size - 1);
	return 0;
}
