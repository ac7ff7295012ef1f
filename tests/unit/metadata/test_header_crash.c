// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A header that is written when the process or the power goes: after each cut it
 * is the old one or the new one, and what was cut short can be done again.
 */
#include <errno.h>
#include <sys/wait.h>

#include "tests/unit/metadata/crash.h"
#include "tests/unit/metadata/image.h"

typedef void (*work_fn)(struct image *image);

/* In a child that dies at write @number of @path: true; false if it came to its end before. */
static bool is_cut(struct image *image, const char *path, work_fn work,
		   unsigned int number, enum crash_kind kind)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		image_fill(&image->dek, 64, 0x40);	/* secrets do not pass to children */
		image_fill(&image->kek, 32, 0x00);
		crash_at(open(path, O_RDWR), number, kind);
		work(image);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return false;
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return true;
}

static uint8_t *read_area(const char *path)
{
	uint8_t *area = malloc(ENVOL_HEADER_SIZE);
	int fd = open(path, O_RDONLY);

	CHECK(area && read(fd, area, ENVOL_HEADER_SIZE) == ENVOL_HEADER_SIZE);
	close(fd);
	return area;
}

/* In memory: what a disk really keeps is played by crash.h, so its time need not be waited for. */
static void make_image(struct image *image)
{
	image_parent = "/dev/shm";
	image_make(image, IMAGE_SIZE);
}

/* ---- store ---- */

static void store(struct image *image)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol_header *h = image_open(image);

	CHECK_OK(envol_token_copy(image->ev, envol_header_token(h), &token));
	image_add_wrap(image, &token, "third");
	CHECK_OK(envol_header_store(image->ev, h, &image->dek, &token));
	envol_header_close(h);
}

TEST(a_store_that_is_cut_leaves_the_old_or_the_new)
{
	unsigned int kind, number, cuts = 0, old = 0, new = 0;
	struct envol_header *h;
	struct image image;
	uint8_t *area;

	make_image(&image);
	image_format(&image);
	area = read_area(image.path);
	for (kind = 0; kind < CRASH_KINDS; kind++) {
		for (number = 1;; number++) {
			image_overwrite(image.path, 0, area, ENVOL_HEADER_SIZE);
			if (!is_cut(&image, image.path, store, number, kind))
				break;
			cuts++;
			h = image_open(&image);
			CHECK_OK(envol_header_verify(image.ev, h, &image.dek));
			CHECK_EQ(envol_header_token(h)->n_wraps,
				 envol_header_token(h)->generation + 1);
			*(envol_header_token(h)->generation == 1 ? &old : &new) += 1;
			envol_header_close(h);
			store(&image);
			CHECK_OK(image_check(&image));
		}
	}
	/* Each copy is written in three. */
	CHECK_EQ(cuts, CRASH_KINDS * 6);
	CHECK(old > 0 && new > 0);
	free(area);
	image_free(&image);
}

/* ---- format ---- */

static const char *detached;

static int format(struct image *image)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol_header_format request = image_request(image);
	struct envol_header *h = NULL;
	int err;

	request.header = detached;
	if (detached)
		request.data_offset = 0;
	image_token(image, &token);
	err = envol_header_format(image->ev, &request, &image->dek, &token, &h);
	envol_header_close(h);
	return err;
}

static void format_or_fail(struct image *image)
{
	CHECK_OK(format(image));
}

/* By the key that first byte @first of it makes. */
static int check_as(struct image *image, uint8_t first)
{
	struct envol_header *h;
	int err = envol_header_open(image->ev, image->path, detached, &h);

	if (err)
		return err;
	image->dek.data[0] = first;
	err = envol_header_verify(image->ev, h, &image->dek);
	image->dek.data[0] = 0x40;
	envol_header_close(h);
	return err;
}

static void check_cut_format(struct image *image, unsigned int counts[3])
{
	int err = check_as(image, 0x40);

	if (err == -EPERM) {
		CHECK_OK(check_as(image, 0xff));
		counts[0]++;
	} else if (err == -ENODATA || err == -EBADMSG) {
		if (!strstr(envol_error_message(image->ev), "a format was cut short") &&
		    !strstr(envol_error_message(image->ev), "no LUKS2 header lies there") &&
		    !strstr(envol_error_message(image->ev), "both copies of its LUKS2 header are damaged"))
			FAIL("%s", envol_error_message(image->ev));
		counts[1]++;
	} else {
		CHECK_OK(err);
		counts[2]++;
	}
}

/* Over a volume of another key, so that each copy that comes back is seen. */
static void cut_formats(const char *header, unsigned int step)
{
	unsigned int kind, number, counts[3] = { 0 };
	struct image image;
	const char *path;
	uint8_t *area;

	make_image(&image);
	detached = header ? image.header : NULL;
	path = header ? image.header : image.path;
	image.dek.data[0] = 0xff;
	CHECK_OK(format(&image));
	image.dek.data[0] = 0x40;
	area = read_area(path);
	for (kind = 0; kind < CRASH_KINDS; kind++) {
		for (number = 1 + kind % step;; number += step) {
			image_overwrite(path, 0, area, ENVOL_HEADER_SIZE);
			if (!is_cut(&image, path, format_or_fail, number, kind))
				break;
			check_cut_format(&image, counts);
			if (number % 5 == 0) {
				CHECK_OK(format(&image));
				CHECK_OK(check_as(&image, 0x40));
			}
		}
	}
	CHECK(counts[0] > 0 && counts[1] > 0 && counts[2] > 0);
	free(area);
	image_free(&image);
}

TEST(a_format_that_is_cut_leaves_no_half_volume)
{
	cut_formats(NULL, 3);
}

TEST(a_format_of_a_detached_header_that_is_cut)
{
	cut_formats("detached", 3);
}

/* ---- recovery key ---- */

static int add_recovery(struct image *image)
{
	_cleanup_secret_ struct envol_secret pass = ENVOL_SECRET_INIT;
	struct envol_header *h = image_open(image);
	int err;

	CHECK_OK(envol_secret_alloc(image->ev, &pass, 32));
	image_fill(&pass, 32, 'A');
	err = envol_header_add_recovery(image->ev, h, &image->dek, &pass);
	envol_header_close(h);
	return err;
}

static int remove_recovery(struct image *image)
{
	struct envol_header *h = image_open(image);
	int err = envol_header_remove_recovery(image->ev, h, &image->dek);

	envol_header_close(h);
	return err;
}

static void add_or_fail(struct image *image)
{
	CHECK_OK(add_recovery(image));
}

static void remove_or_fail(struct image *image)
{
	CHECK_OK(remove_recovery(image));
}

static bool has_recovery(struct image *image)
{
	_cleanup_secret_ struct envol_secret pass = ENVOL_SECRET_INIT, dek = ENVOL_SECRET_INIT;
	struct envol_header *h = image_open(image);
	int err;

	CHECK_OK(envol_secret_alloc(image->ev, &pass, 32));
	image_fill(&pass, 32, 'A');
	err = envol_header_recover(image->ev, h, &pass, &dek);
	CHECK_EQ(envol_header_info(h)->recovery, err != -ENOENT);
	CHECK_EQ(envol_header_token(h)->pending_keyslot, 0);
	envol_header_close(h);
	return err == 0;
}

/* The volume opens after each cut, and doing it again ends well. */
TEST(a_recovery_key_that_is_cut_can_be_added_again)
{
	unsigned int number, cuts = 0;
	struct image image;
	uint8_t *area;

	make_image(&image);
	image_format(&image);
	area = read_area(image.path);
	for (number = 2;; number += 5, cuts++) {
		image_overwrite(image.path, 0, area, ENVOL_HEADER_SIZE);
		if (!is_cut(&image, image.path, add_or_fail, number, CRASH_TORN))
			break;
		CHECK_OK(image_check(&image));
		/* At the last cut it was there already. */
		if (add_recovery(&image) != 0)
			CHECK_STR_HAS(envol_error_message(image.ev), "has a recovery key already");
		CHECK_OK(image_check(&image));
		CHECK(has_recovery(&image));
	}
	CHECK(cuts >= 4);
	free(area);
	image_free(&image);
}

TEST(a_recovery_key_that_is_cut_can_be_removed_again)
{
	unsigned int number, cuts = 0;
	struct image image;
	uint8_t *area;
	int err;

	make_image(&image);
	image_format(&image);
	CHECK_OK(add_recovery(&image));
	area = read_area(image.path);
	for (number = 1;; number++, cuts++) {
		image_overwrite(image.path, 0, area, ENVOL_HEADER_SIZE);
		if (!is_cut(&image, image.path, remove_or_fail, number, CRASH_TORN))
			break;
		CHECK_OK(image_check(&image));
		err = remove_recovery(&image);
		if (err)
			CHECK_ERR(err, -ENOENT);
		CHECK_OK(image_check(&image));
		CHECK(!has_recovery(&image));
	}
	CHECK(cuts >= 18);
	free(area);
	image_free(&image);
}
