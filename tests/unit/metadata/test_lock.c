// SPDX-License-Identifier: GPL-2.0-or-later
/* The lock of LUKS2 tools: waited for, not for ever; and what happens beside it. */
#include <errno.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include "tests/unit/metadata/image.h"
#include "userspace/lib/metadata/lock.h"

/*
 * Stands before the C library's also for libcryptsetup, which waits where we ask
 * again and again: so its lock for writing is told from ours.
 */
static void (*before_its_lock)(void);

__attribute__((visibility("default"))) int flock(int fd, int operation)
{
	void (*call)(void) = before_its_lock;

	if (call && operation == LOCK_EX) {
		before_its_lock = NULL;
		call();
	}
	return syscall(SYS_flock, fd, operation);
}

static int hold(const char *path, int operation)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_EQ(flock(fd, operation), 0);
	return fd;
}

static int take(struct image *image, bool exclusive)
{
	_cleanup_lock_ struct envol_lock lock = ENVOL_LOCK_INIT;
	int err = envol_lock_take(image->ev, image->path, exclusive, &lock);

	CHECK_EQ(lock.fd >= 0, !err);
	return err;
}

TEST(readers_share_it_and_writers_do_not)
{
	struct image image;
	int fd;

	image_make(&image, IMAGE_SIZE);
	CHECK_OK(envol_set_timeout(image.ev, 200));
	CHECK_OK(take(&image, false));
	CHECK_OK(take(&image, true));
	fd = hold(image.path, LOCK_SH);
	CHECK_OK(take(&image, false));
	CHECK_ERR(take(&image, true), -EBUSY);
	CHECK_STR_HAS(envol_error_message(image.ev), image.path);
	CHECK_STR_HAS(envol_error_message(image.ev), "lslocks");
	close(fd);
	fd = hold(image.path, LOCK_EX | LOCK_NB);
	CHECK_ERR(take(&image, false), -EBUSY);
	close(fd);
	CHECK_OK(take(&image, true));
	image_free(&image);
}

TEST(it_is_given_back_when_it_is_released)
{
	struct envol_lock lock = ENVOL_LOCK_INIT;
	struct image image;

	image_make(&image, IMAGE_SIZE);
	CHECK_OK(envol_set_timeout(image.ev, 200));
	CHECK_OK(envol_lock_take(image.ev, image.path, true, &lock));
	CHECK_ERR(take(&image, false), -EBUSY);
	envol_lock_release(&lock);
	CHECK_EQ(lock.fd, -1);
	envol_lock_release(&lock);
	CHECK_OK(take(&image, true));
	image_free(&image);
}

/* What can't be locked is for libcryptsetup to say. */
TEST(what_is_not_there_is_not_locked)
{
	struct envol_lock lock = ENVOL_LOCK_INIT;
	struct image image;

	image_make(&image, IMAGE_SIZE);
	CHECK_OK(envol_lock_take(image.ev, image.header, true, &lock));
	CHECK_EQ(lock.fd, -1);
	image_free(&image);
}

/* ---- the moment between our look and its lock ---- */

static struct image *shared;

static void store_in_child(void)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol_header *h;
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		image_fill(&shared->dek, 64, 0x40);
		h = image_open(shared);
		CHECK_OK(envol_token_copy(shared->ev, envol_header_token(h), &token));
		token.wraps[0].created = 1;
		_exit(envol_header_store(shared->ev, h, &shared->dek, &token) != 0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

TEST(who_writes_in_the_moment_between_loses_nothing)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol_header *h;
	struct image image;

	shared = &image;
	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	h = image_open(&image);
	CHECK_OK(envol_token_copy(image.ev, envol_header_token(h), &token));
	token.wraps[1].created = 2;
	before_its_lock = store_in_child;
	CHECK_ERR(envol_header_store(image.ev, h, &image.dek, &token), -EAGAIN);
	CHECK(!before_its_lock);
	CHECK_STR_HAS(envol_error_message(image.ev), "another process changed its header");
	envol_header_close(h);
	h = image_open(&image);
	CHECK_EQ(envol_header_token(h)->generation, 2);
	CHECK_EQ(envol_header_token(h)->wraps[0].created, 1);
	CHECK(envol_header_token(h)->wraps[1].created != 2);
	envol_header_close(h);
	image_free(&image);
}
