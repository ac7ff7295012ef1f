// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/harness/test.h"
#include "userspace/lib/volume/device.h"
#include "userspace/lib/volume/holder.h"

static struct envol *ev;
static char top[] = "/tmp/envol-device-XXXXXX";
static char image[64], other[64];

static void make(const char *path, uint64_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, size), 0);
	close(fd);
}

static void setup(void)
{
	CHECK_OK(envol_new(&ev));
	CHECK(mkdtemp(top));
	snprintf(image, sizeof(image), "%s/image", top);
	snprintf(other, sizeof(other), "%s/other", top);
	make(image, 8 << 20);
}

static void teardown(void)
{
	unlink(image);
	unlink(other);
	CHECK_EQ(rmdir(top), 0);
	envol_free(ev);
}

TEST(a_regular_file_is_a_device)
{
	_cleanup_device_ struct envol_device dev = ENVOL_DEVICE_INIT;

	setup();
	CHECK_OK(envol_device_open(ev, image, O_RDWR, &dev));
	CHECK(dev.is_file);
	CHECK_EQ(dev.size, 8 << 20);
	CHECK_STR_EQ(dev.path, image);
	CHECK(dev.physical_size >= 512 && dev.physical_size <= 4096);
	CHECK_OK(envol_holder_check(ev, &dev));
	teardown();
}

TEST(what_is_no_device_is_named)
{
	static const struct {
		const char *path;
		int err;
		const char *sentence;
	} rows[] = {
		{ "", -ENOENT, "empty" },
		{ "/nonexistent/x", -ENOENT, "/nonexistent/x" },
		{ "/dev", -ENOTBLK, "/dev is a directory" },
		{ "/dev/null", -ENOTBLK, "/dev/null is a character device" },
		{ "/dev/tty", -ENOTBLK, "character device" },
	};
	_cleanup_device_ struct envol_device dev = ENVOL_DEVICE_INIT;
	size_t i;

	setup();
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		CHECK_ERR(envol_device_open(ev, rows[i].path, O_RDWR, &dev),
			  rows[i].err);
		CHECK_STR_HAS(envol_error_message(ev), rows[i].sentence);
		CHECK_EQ(dev.fd, -1);
	}
	/* An open would wait for a writer. */
	CHECK_EQ(mkfifo(other, 0600), 0);
	CHECK_ERR(envol_device_open(ev, other, O_RDONLY, &dev), -ENOTBLK);
	CHECK_STR_HAS(envol_error_message(ev), "a pipe");
	teardown();
}

TEST(one_device_by_two_paths_is_one)
{
	_cleanup_device_ struct envol_device a = ENVOL_DEVICE_INIT;
	_cleanup_device_ struct envol_device b = ENVOL_DEVICE_INIT;

	setup();
	CHECK_EQ(symlink(image, other), 0);
	CHECK_OK(envol_device_open(ev, image, O_RDONLY, &a));
	CHECK_OK(envol_device_open(ev, other, O_RDONLY, &b));
	CHECK_ERR(envol_device_differ(ev, &a, &b), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "are one");
	envol_device_close(&b);
	CHECK_EQ(unlink(other), 0);
	make(other, 512);
	CHECK_OK(envol_device_open(ev, other, O_RDONLY, &b));
	CHECK_OK(envol_device_differ(ev, &a, &b));
	teardown();
}

TEST(one_locks_a_device_at_a_time)
{
	_cleanup_device_ struct envol_device a = ENVOL_DEVICE_INIT;
	_cleanup_device_ struct envol_device b = ENVOL_DEVICE_INIT;
	int status;
	pid_t pid;

	setup();
	CHECK_OK(envol_device_open(ev, image, O_RDWR, &a));
	CHECK_OK(envol_device_lock(ev, &a));
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		if (envol_device_open(ev, image, O_RDWR, &b) ||
		    envol_holder_check(ev, &b) != -EBUSY)
			_exit(1);
		_exit(envol_device_lock(ev, &b) == -EBUSY ? 0 : 2);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_OK(envol_device_open(ev, image, O_RDWR, &b));
	CHECK_ERR(envol_device_lock(ev, &b), -EBUSY);
	CHECK_STR_HAS(envol_error_message(ev), "locked by another program");
	envol_device_close(&a);
	CHECK_OK(envol_holder_check(ev, &b));
	CHECK_OK(envol_device_lock(ev, &b));
	teardown();
}

#define MIB (1ull << 20)

TEST(data_begins_where_the_device_is_at_its_best)
{
	static const struct {
		const char *what;
		unsigned int optimal;
		uint64_t offset;
	} rows[] = {
		{ "nothing known", 0, 4 * MIB },
		{ "a divisor of 1 MiB", 64 << 10, 4 * MIB },
		{ "a RAID's stripe", 1536 << 10, 4608 << 10 },
		{ "a stripe below 1 MiB", 768 << 10, 4608 << 10 },
		{ "what some USB bridges say", 33553920, 4 * MIB },
		{ "far too much", 1u << 30, 4 * MIB },
	};
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		const struct envol_device dev = {
			.optimal_size = rows[i].optimal,
		};
		uint64_t got = envol_device_data_offset(&dev, 4 * MIB);

		if (got != rows[i].offset)
			FAIL("%s: %llu", rows[i].what, (unsigned long long)got);
	}
}

TEST(data_units_are_large_where_that_costs_nothing)
{
	static const struct {
		const char *what;
		unsigned int physical;
		bool is_misaligned;
		uint64_t size, data_offset;
		unsigned int sector_size;
	} rows[] = {
		{ "512-byte blocks", 512, false, 64 * MIB, 4 * MIB, 512 },
		{ "4096-byte blocks", 4096, false, 64 * MIB, 4 * MIB, 4096 },
		{ "larger blocks", 16384, false, 64 * MIB, 4 * MIB, 4096 },
		{ "2048-byte blocks", 2048, false, 64 * MIB, 4 * MIB, 512 },
		{ "a detached header", 4096, false, 64 * MIB, 0, 4096 },
		{ "an end that would be lost", 4096, false, 64 * MIB + 512, 4 * MIB, 512 },
		{ "a misaligned partition", 4096, true, 64 * MIB, 4 * MIB, 512 },
		{ "smaller than its header", 4096, false, MIB, 4 * MIB, 512 },
	};
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		const struct envol_device dev = {
			.physical_size = rows[i].physical,
			.is_misaligned = rows[i].is_misaligned,
			.size = rows[i].size,
		};
		unsigned int got =
			envol_device_sector_size(&dev, rows[i].data_offset);

		if (got != rows[i].sector_size)
			FAIL("%s: %u", rows[i].what, got);
	}
}
