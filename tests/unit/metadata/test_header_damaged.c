// SPDX-License-Identifier: GPL-2.0-or-later
/* Headers that are damaged, somebody else's, or not there; devices that cannot hold them. */
#include <errno.h>
#include <grp.h>

#include "tests/unit/metadata/image.h"

#define FIRST 0
#define SECOND 0x10000

/* A byte in the JSON of a copy, so that its checksum is wrong. */
static void damage(const struct image *image, off_t copy)
{
	image_overwrite(image->path, copy + 5000, "#", 1);
}

static void check_repair(off_t copy, const char *sentence)
{
	struct image image;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	damage(&image, copy);
	CHECK_OK(image_check(&image));
	CHECK_STR_HAS(image.log, sentence);
	image.log[0] = 0;
	CHECK_OK(image_check(&image));
	CHECK_STR_EQ(image.log, "");
	image_free(&image);
}

TEST(a_damaged_copy_is_repaired_from_the_other)
{
	check_repair(FIRST, "the first copy of its header was damaged and has been repaired from the other");
	check_repair(SECOND, "the second copy of its header was damaged and has been repaired from the other");
}

TEST(the_first_copy_is_gone)
{
	static const char zeros[4096];
	struct image image;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	image_overwrite(image.path, FIRST, zeros, sizeof(zeros));
	CHECK_OK(image_check(&image));
	CHECK_STR_HAS(image.log, "the first copy of its header was damaged and has been repaired");
	image_free(&image);
}

TEST(both_copies_damaged)
{
	struct image image;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	damage(&image, FIRST);
	damage(&image, SECOND);
	CHECK_SAYS(&image, image_check(&image), -EBADMSG,
		   "both copies of its LUKS2 header are damaged, or a format was cut short; restore a backup");
	image_free(&image);
}

TEST(what_is_no_header)
{
	static const char mbr[512] = { [510] = 0x55, [511] = (char)0xaa };
	struct envol_header *h;
	struct image image;

	image_make(&image, 0);
	CHECK_SAYS(&image, image_check(&image), -ENODATA, "empty: it has no byte at all");
	CHECK(truncate(image.path, 100) == 0);
	CHECK_SAYS(&image, image_check(&image), -ENODATA, "no LUKS2 header lies there");
	CHECK(truncate(image.path, IMAGE_SIZE) == 0);
	CHECK_SAYS(&image, image_check(&image), -ENODATA, "no LUKS2 header lies there");
	image_overwrite(image.path, 0, mbr, sizeof(mbr));
	CHECK_SAYS(&image, image_check(&image), -ENODATA, "no LUKS2 header lies there");
	CHECK_SAYS(&image, envol_header_open(image.ev, image.header, NULL, &h), -ENOENT,
		   "No such file or directory");
	CHECK_SAYS(&image, envol_header_open(image.ev, image.directory, NULL, &h),
		   -ENODEV, "neither a block device nor a regular file");
	CHECK_SAYS(&image, envol_header_open(image.ev, "/dev/null", NULL, &h),
		   -ENODEV, "neither a block device nor a regular file");
	CHECK_SAYS(&image, envol_header_open(image.ev, image.path, image.header, &h),
		   -ENOENT, image.header);
	image_free(&image);
}

static void luks_format(const struct image *image, const char *options)
{
	CHECK_EQ(image_run(NULL, 0, "printf pass | cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 %s %s - 2>&1",
			   options, image->path), 0);
}

TEST(headers_of_other_tools)
{
	struct image image;

	image_make(&image, 32 << 20);
	luks_format(&image, "--type luks1");
	CHECK_SAYS(&image, image_check(&image), -ENODATA, "a LUKS1 header");
	luks_format(&image, "--type luks2");
	CHECK_SAYS(&image, image_check(&image), -ENODATA, "a LUKS2 header without an envol token: another tool's");
	luks_format(&image, "--type luks2 --cipher aes-cbc-essiv:sha256 --subsystem other");
	CHECK_SAYS(&image, image_check(&image), -ENODATA, "another tool's");
	/* What marks a header as ours while it has no token. */
	luks_format(&image, "--type luks2 --subsystem envol");
	CHECK_SAYS(&image, image_check(&image), -ENODATA, "a format was cut short");
	image_free(&image);
}

TEST(a_device_cut_short)
{
	struct image image;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	CHECK(truncate(image.path, ENVOL_HEADER_SIZE) == 0);
	CHECK_SAYS(&image, image_check(&image), -EBADMSG,
		   "has 4194304 bytes, where its header wants at least 4198400");
	CHECK(truncate(image.path, ENVOL_HEADER_SIZE - 1) == 0);
	CHECK_SAYS(&image, image_check(&image), -EBADMSG, "is too small");
	CHECK(truncate(image.path, 0x20000) == 0);
	CHECK_SAYS(&image, image_check(&image), -EBADMSG, "is too small");
	CHECK(truncate(image.path, 0x8000) == 0);
	CHECK_SAYS(&image, image_check(&image), -EBADMSG, "both copies");
	image_free(&image);
}

/* Data ends within a sector: what is behind the last whole one is not used. */
TEST(a_size_that_is_no_multiple)
{
	struct envol_header *h;
	struct image image;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	CHECK(truncate(image.path, IMAGE_SIZE + 4095) == 0);
	h = image_open(&image);
	CHECK_EQ(envol_header_info(h)->data_size, IMAGE_SIZE - ENVOL_HEADER_SIZE);
	envol_header_close(h);
	image_free(&image);
}

/* As somebody who may read the file, but not write it. Ends the process. */
static void try_as_nobody(struct image *image)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol_header_format request = image_request(image);
	struct envol_header *h, *new;

	CHECK(setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0);
	/* Secrets do not pass to children. */
	image_fill(&image->dek, 64, 0x40);
	h = image_open(image);
	CHECK_OK(envol_header_verify(image->ev, h, &image->dek));
	CHECK_STR_HAS(image->log, "the second copy of its header is damaged and could not be repaired");
	CHECK_OK(envol_token_copy(image->ev, envol_header_token(h), &token));
	CHECK_SAYS(image, envol_header_store(image->ev, h, &image->dek, &token),
		   -EACCES, "for writing");
	envol_header_close(h);
	CHECK_SAYS(image, envol_header_format(image->ev, &request, &image->dek,
					      &token, &new),
		   -EACCES, "for writing");
	request.header = image->header;
	request.data_offset = 0;
	CHECK_SAYS(image, envol_header_format(image->ev, &request, &image->dek,
					      &token, &new),
		   -EACCES, "for writing");
	_exit(0);
}

TEST(read_only)
{
	struct image image;
	int status;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	damage(&image, SECOND);
	CHECK(chmod(image.path, 0444) == 0 && chmod(image.directory, 0755) == 0);
	if (fork() == 0)
		try_as_nobody(&image);
	CHECK(wait(&status) > 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	image_free(&image);
}

TEST(what_cannot_be_formatted_is_left_alone)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol_header_format r;
	struct envol_header *h;
	struct image image;
	struct stat st;
	char before[80], after[80];

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	image_token(&image, &token);
	CHECK_EQ(image_run(before, sizeof(before), "sha256sum <%s", image.path), 0);
#define REFUSED(err, sentence, ...)                                            \
	do {                                                                   \
		r = image_request(&image);                                     \
		__VA_ARGS__;                                                   \
		CHECK_SAYS(&image, envol_header_format(image.ev, &r, &image.dek, \
						       &token, &h), err, sentence); \
	} while (0)
	REFUSED(-EINVAL, "key of 64 bytes for a key size of 32", r.key_size = 32);
	REFUSED(-EINVAL, "sector size 1024: neither", r.sector_size = 1024);
	REFUSED(-EINVAL, "data offset 1048576: not a multiple", r.data_offset = 1 << 20);
	REFUSED(-EINVAL, "data offset 4194816: not a multiple",
		r.data_offset = ENVOL_HEADER_SIZE + 512);
	REFUSED(-EINVAL, "label of 48 bytes",
		r.label = "123456789012345678901234567890123456789012345678");
	REFUSED(-EINVAL, "\"x\" is not a UUID", r.uuid = "x");
	REFUSED(-EINVAL, "is not a UUID", r.uuid = "0d2a3c4e-5f60-4718-8293-a4b5c6d7e8fg");
	REFUSED(-EINVAL, "is not a UUID", r.uuid = "0d2a3c4e-5f60-4718-8293-a4b5c6d7e8f90");
	REFUSED(-ENOSPC, "5242880 bytes are too few: data would begin at 8388608",
		r.data_offset = 8 << 20);
	REFUSED(-ENOSPC, "are too few", r.data_offset = IMAGE_SIZE);
	REFUSED(-ENOENT, "No such file", r.device = image.header);
	CHECK(truncate(image.path, IMAGE_SIZE + 512) == 0);
	REFUSED(-EINVAL, "1049088 bytes of data are no multiple of the sector size 4096; use 512",
		r.sector_size = 4096);
	CHECK(truncate(image.path, IMAGE_SIZE) == 0);
	token.n_wraps = 0;
	REFUSED(-EINVAL, "token.wraps: empty", r.header = image.header);
	token.n_wraps = 2;
	/* No detached header is left behind either. */
	REFUSED(-EINVAL, "is not a UUID", r.uuid = ""; r.header = image.header);
	CHECK(stat(image.header, &st) < 0 && errno == ENOENT);
	CHECK_EQ(image_run(after, sizeof(after), "sha256sum <%s", image.path), 0);
	CHECK_STR_EQ(before, after);
	CHECK_OK(image_check(&image));
	image_free(&image);
}
