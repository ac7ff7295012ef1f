/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A volume in a file of a directory of its own, with a known KEK: what the tests of headers work on. */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/crypto/keywrap.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/metadata/header.h"

#define IMAGE_SIZE (ENVOL_HEADER_SIZE + (1u << 20))

struct image {
	struct envol *ev;
	char directory[64];
	char path[80], header[80];	/* the second is not made here */
	struct envol_secret dek, kek;
	char log[4096];			/* warnings */
};

static inline void image_listen(enum envol_log_level level, const char *line,
				void *data)
{
	char *log = data;
	size_t len = strlen(log);

	snprintf(log + len, 4096 - len, "%s\n", line);
}

static inline void image_fill(struct envol_secret *secret, size_t len, uint8_t from)
{
	size_t i;

	for (i = 0; i < len; i++)
		secret->data[i] = from + i;
}

static const char *image_parent = "/tmp";

static inline void image_make(struct image *image, off_t size)
{
	int fd;

	memset(image, 0, sizeof(*image));
	snprintf(image->directory, sizeof(image->directory), "%s/envol-test-XXXXXX",
		 image_parent);
	CHECK(mkdtemp(image->directory) != NULL);
	snprintf(image->path, sizeof(image->path), "%s/disk", image->directory);
	snprintf(image->header, sizeof(image->header), "%s/header", image->directory);
	fd = open(image->path, O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0 && ftruncate(fd, size) == 0);
	close(fd);
	CHECK_OK(envol_new(&image->ev));
	envol_set_log(image->ev, image_listen, image->log, ENVOL_LOG_WARNING);
	CHECK_OK(envol_secret_alloc(image->ev, &image->dek, 64));
	CHECK_OK(envol_secret_alloc(image->ev, &image->kek, 32));
	image_fill(&image->dek, 64, 0x40);
	image_fill(&image->kek, 32, 0x00);
}

static inline void image_free(struct image *image)
{
	struct dirent *entry;
	DIR *dir = opendir(image->directory);

	CHECK(dir != NULL);
	while ((entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	CHECK(rmdir(image->directory) == 0);
	envol_secret_wipe(&image->dek);
	envol_secret_wipe(&image->kek);
	envol_free(image->ev);
}

/* A wrap of the DEK by service:NAME, which has the image's KEK. */
static inline void image_add_wrap(struct image *image, struct envol_token *token,
				  const char *name)
{
	struct envol_token_wrap *wrap = &token->wraps[token->n_wraps++];

	CHECK(asprintf(&wrap->parts[0].uri, "service:%s", name) > 0);
	CHECK((wrap->parts[0].version = strdup("1")) != NULL);
	CHECK((wrap->parts[0].algorithm = strdup("A256KWP")) != NULL);
	CHECK_OK(envol_keywrap_wrap(image->ev, &image->kek, &image->dek,
				    &wrap->parts[0].bytes));
	wrap->n_parts = 1;
	wrap->created = 1772366400 + token->n_wraps;
	wrap->proved = true;
}

static inline void image_token(struct image *image, struct envol_token *token)
{
	memset(token, 0, sizeof(*token));
	memset(token->volume_id, 0xab, sizeof(token->volume_id));
	image_add_wrap(image, token, "first");
	image_add_wrap(image, token, "second");
}

static inline struct envol_header_format image_request(const struct image *image)
{
	return (struct envol_header_format){
		.device = image->path, .key_size = 64, .sector_size = 4096,
		.data_offset = ENVOL_HEADER_SIZE, .label = "data",
		.uuid = "0d2a3c4e-5f60-4718-8293-a4b5c6d7e8f9",
	};
}

/* Format as usual, and close. */
static inline void image_format(struct image *image)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	const struct envol_header_format request = image_request(image);
	struct envol_header *h;
	int err;

	image_token(image, &token);
	err = envol_header_format(image->ev, &request, &image->dek, &token, &h);
	if (err)
		FAIL("format: %d: %s", err, envol_error_message(image->ev));
	envol_header_close(h);
}

static inline struct envol_header *image_open(struct image *image)
{
	struct envol_header *h = NULL;
	int err = envol_header_open(image->ev, image->path, NULL, &h);

	if (err)
		FAIL("open: %d: %s", err, envol_error_message(image->ev));
	return h;
}

/* Open and verify: 0 or the error, with its sentence in the handle. */
static inline int image_check(struct image *image)
{
	struct envol_header *h;
	int err = envol_header_open(image->ev, image->path, NULL, &h);

	if (err)
		return err;
	err = envol_header_verify(image->ev, h, &image->dek);
	envol_header_close(h);
	return err;
}

#define CHECK_SAYS(image, call, err, sentence)                            \
	do {                                                              \
		CHECK_ERR(call, err);                                     \
		CHECK_STR_HAS(envol_error_message((image)->ev), sentence); \
	} while (0)

static inline void image_overwrite(const char *path, off_t offset,
				   const void *data, size_t len)
{
	int fd = open(path, O_WRONLY);

	CHECK(fd >= 0 && pwrite(fd, data, len, offset) == (ssize_t)len);
	close(fd);
}

/* Run a shell command; its exit status, and what it printed, in @output, if that is not NULL. */
static inline int image_run(char *output, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static inline int image_run(char *output, size_t size, const char *fmt, ...)
{
	char command[4096], rest[4096];
	va_list args;
	size_t len = 0;
	FILE *pipe;
	int status;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	fflush(stdout);
	pipe = popen(command, "r");
	CHECK(pipe != NULL);
	if (output) {
		len = fread(output, 1, size - 1, pipe);
		output[len] = 0;
	}
	while (fread(rest, 1, sizeof(rest), pipe) > 0)
		;
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
