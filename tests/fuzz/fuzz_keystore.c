// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a file of the keystore: as they are, and between a good head and a
 * good MAC, where only a stolen root key could put them. What is accepted must
 * format to the same bytes.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/service/index.h"
#include "userspace/lib/provider/service/record.h"
#include "userspace/lib/provider/service/stamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct envol *ev;
static struct envol_root root;

static void demand(bool condition)
{
	if (!condition)
		abort();
}

static void setup(void)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;

	if (ev)
		return;
	demand(envol_new(&ev) == 0 && envol_set_tpm(ev, "none") == 0 &&
	       envol_root_new(ev, &key, &root) == 0);
}

static void stamp(const char *kind, const uint8_t *data, size_t size,
		  struct envol_blob *text)
{
	demand(envol_stamp_begin(ev, &root, kind, text) == 0 &&
	       envol_blob_append(text, data, size) == 0 &&
	       envol_stamp_end(ev, &root, text) == 0);
}

static void parse_record(const struct envol_blob *text)
{
	_cleanup_record_ struct envol_record record = ENVOL_RECORD_INIT;
	_cleanup_blob_ struct envol_blob again = ENVOL_BLOB_INIT;

	if (envol_record_parse(ev, &root, text, &record)) {
		demand(*envol_error_message(ev));
		return;
	}
	demand(record.n_versions > 0 &&
	       envol_record_format(ev, &root, &record, &again) == 0 &&
	       envol_blob_equal(text, &again));
}

static void parse_index(const struct envol_blob *text)
{
	_cleanup_blob_ struct envol_blob again = ENVOL_BLOB_INIT;
	struct envol_index index = ENVOL_INDEX_INIT;

	if (envol_index_parse(ev, &root, text, &index) == 0)
		demand(envol_index_format(ev, &root, &index, &again) == 0 &&
		       envol_blob_equal(text, &again));
	envol_index_free(&index);
}

/* The one that is read before there is a key to authenticate it by. */
static void load_root(const uint8_t *data, size_t size)
{
	char top[] = "/dev/shm/envol-fuzz-XXXXXX";
	struct envol_root loaded = { .sealed = false };
	int dir, fd;

	demand(mkdtemp(top) != NULL);
	dir = open(top, O_RDONLY | O_DIRECTORY);
	demand(dir >= 0);
	fd = openat(dir, ENVOL_ROOT_FILE, O_WRONLY | O_CREAT, 0600);
	demand(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
	if (envol_root_load(ev, dir, envol_deadline_in(1000), &loaded) == 0)
		demand(!loaded.sealed);
	envol_root_wipe(&loaded);
	unlinkat(dir, ENVOL_ROOT_FILE, 0);
	close(dir);
	rmdir(top);
}

/* The first byte chooses. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_blob_ struct envol_blob text = ENVOL_BLOB_INIT;
	uint8_t choice;

	setup();
	if (size == 0)
		return 0;
	choice = *data++ % 5;
	size--;
	if (choice == 0 || choice == 1)
		demand(envol_blob_append(&text, data, size) == 0);
	else if (choice < 4)
		stamp(choice == 2 ? "envol-key" : "envol-index", data, size,
		      &text);
	if (choice == 4)
		load_root(data, size);
	else if (choice % 2 == 0)
		parse_record(&text);
	else
		parse_index(&text);
	return 0;
}
