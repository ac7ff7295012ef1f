// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"

static struct envol *ev;
static char top[] = "/tmp/envol-file-XXXXXX";
static int dir;

static void setup(void)
{
	CHECK_OK(envol_new(&ev));
	CHECK(mkdtemp(top));
	dir = envol_file_open_dir(ev, top, 0700, false);
	CHECK(dir >= 0);
}

static int count_and_remove(void)
{
	DIR *d = fdopendir(dir);
	struct dirent *entry;
	int n = 0;

	CHECK(d);
	while ((entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (unlinkat(dir, entry->d_name, 0))
			CHECK_EQ(unlinkat(dir, entry->d_name, AT_REMOVEDIR), 0);
		n++;
	}
	closedir(d);
	CHECK_EQ(rmdir(top), 0);
	envol_free(ev);
	return n;
}

static void check_content(const char *name, const char *want)
{
	_cleanup_blob_ struct envol_blob blob = ENVOL_BLOB_INIT;

	CHECK_OK(envol_file_load(ev, dir, name, 100, &blob));
	CHECK_EQ(blob.len, strlen(want));
	CHECK_MEM_EQ(blob.data, want, blob.len);
}

TEST(replace_and_load)
{
	_cleanup_blob_ struct envol_blob blob = ENVOL_BLOB_INIT;
	struct stat st;

	setup();
	umask(0077);
	CHECK_OK(envol_file_replace(ev, dir, "f", "old", 3, 0644, true));
	check_content("f", "old");
	CHECK_EQ(fstatat(dir, "f", &st, 0), 0);
	CHECK_EQ(st.st_mode & 07777, 0644);
	CHECK_EQ(st.st_nlink, 1);
	CHECK_ERR(envol_file_replace(ev, dir, "f", "x", 1, 0600, true), -EEXIST);
	check_content("f", "old");
	CHECK_OK(envol_file_replace(ev, dir, "f", "newer", 5, 0600, false));
	check_content("f", "newer");
	CHECK_EQ(fstatat(dir, "f", &st, 0), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	CHECK_OK(envol_file_load(ev, dir, "f", 5, &blob));
	CHECK_ERR(envol_file_load(ev, dir, "f", 4, &blob), -EFBIG);
	CHECK_ERR(envol_file_load(ev, dir, "g", 4, &blob), -ENOENT);
	CHECK_STR_HAS(envol_error_message(ev), "open g");
	CHECK_ERR(envol_file_load(ev, AT_FDCWD, "/dev/zero", 9999, &blob),
		  -EFBIG);
	CHECK_MEM_EQ(blob.data, "newer", 5);
	CHECK_EQ(count_and_remove(), 1);
}

/* A file system that takes a part of the bytes and then no more. */
TEST(failed_write_leaves_the_old_file_and_no_other)
{
	struct rlimit limit = { 4096, 4096 };
	static const char big[10000];

	setup();
	CHECK_OK(envol_file_replace(ev, dir, "f", "old", 3, 0600, false));
	signal(SIGXFSZ, SIG_IGN);
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
	CHECK_ERR(envol_file_replace(ev, dir, "f", big, sizeof(big), 0600,
				     false), -EFBIG);
	CHECK_STR_HAS(envol_error_message(ev), "write f");
	check_content("f", "old");
	CHECK_EQ(count_and_remove(), 1);
}

TEST(what_is_discarded_is_overwritten_unless_another_name_has_it)
{
	_cleanup_close_ int fd = -1;
	char data[6];

	setup();
	CHECK_OK(envol_file_replace(ev, dir, "f", "secret", 6, 0400, false));
	fd = openat(dir, "f", O_RDONLY | O_CLOEXEC);
	envol_file_discard(dir, "f");
	CHECK_OK(envol_file_pread(fd, data, 6, 0));
	CHECK_MEM_EQ(data, "\0\0\0\0\0\0", 6);
	CHECK_OK(envol_file_replace(ev, dir, "g", "secret", 6, 0600, false));
	CHECK_EQ(linkat(dir, "g", dir, "left", 0), 0);
	envol_file_discard(dir, "left");
	check_content("g", "secret");
	CHECK_EQ(count_and_remove(), 1);
}

TEST(whole_or_error)
{
	_cleanup_close_ int full = open("/dev/full", O_RDWR | O_CLOEXEC);
	_cleanup_close_ int fd = -1;
	char data[6];

	setup();
	CHECK(full >= 0);
	CHECK_ERR(envol_file_pwrite(full, "x", 1, 0), -ENOSPC);
	fd = openat(dir, "f", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK_OK(envol_file_pwrite(fd, "abcdef", 6, 2));
	CHECK_OK(envol_file_pread(fd, data, 6, 2));
	CHECK_MEM_EQ(data, "abcdef", 6);
	CHECK_ERR(envol_file_pread(fd, data, 6, 3), -ENODATA);
	CHECK_ERR(envol_file_pread(-1, data, 6, 3), -EBADF);
	CHECK_EQ(count_and_remove(), 1);
}

TEST(secret_files)
{
	static const mode_t bad[] = { 0640, 0604, 0620, 0602, 0666 };
	_cleanup_secret_ struct envol_secret s = ENVOL_SECRET_INIT;
	size_t i;

	setup();
	CHECK_OK(envol_file_replace(ev, dir, "k", "k\0y", 3, 0600, false));
	CHECK_OK(envol_file_load_secret(ev, dir, "k", &s));
	CHECK_EQ(s.len, 3);
	CHECK_MEM_EQ(s.data, "k\0y", 3);
	envol_secret_wipe(&s);
	for (i = 0; i < TEST_ARRAY_SIZE(bad); i++) {
		CHECK_EQ(fchmodat(dir, "k", bad[i], 0), 0);
		CHECK_ERR(envol_file_load_secret(ev, dir, "k", &s), -EPERM);
		CHECK_STR_HAS(envol_error_message(ev), "chmod 600");
		CHECK(!s.data);
	}
	CHECK_EQ(mkfifoat(dir, "p", 0600), 0);
	CHECK_ERR(envol_file_load_secret(ev, dir, "p", &s), -EPERM);
	CHECK_STR_HAS(envol_error_message(ev), "regular");
	CHECK_OK(envol_file_replace(ev, dir, "e", "", 0, 0600, false));
	CHECK_ERR(envol_file_load_secret(ev, dir, "e", &s), -ENODATA);
	if (geteuid() == 0) {
		CHECK_EQ(fchmodat(dir, "k", 0600, 0), 0);
		CHECK_EQ(fchownat(dir, "k", 65534, 65534, 0), 0);
		CHECK_ERR(envol_file_load_secret(ev, dir, "k", &s), -EPERM);
		CHECK_STR_HAS(envol_error_message(ev), "owned by user 65534");
	}
	CHECK_EQ(count_and_remove(), 3);
}

TEST(directories_are_made)
{
	char path[64];
	struct stat st;
	int fd;

	setup();
	umask(0022);
	snprintf(path, sizeof(path), "%s/a/b", top);
	CHECK_ERR(envol_file_open_dir(ev, path, 0700, false), -ENOENT);
	fd = envol_file_open_dir(ev, path, 0700, true);
	CHECK(fd >= 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0700);
	close(fd);
	CHECK_EQ(fstatat(dir, "a", &st, 0), 0);
	CHECK_EQ(st.st_mode & 07777, 0755);
	CHECK_OK(envol_file_replace(ev, dir, "a/f", "x", 1, 0600, true));
	check_content("a/f", "x");
	CHECK_EQ(unlinkat(dir, "a/f", 0), 0);
	CHECK_EQ(unlinkat(dir, "a/b", AT_REMOVEDIR), 0);
	CHECK_EQ(count_and_remove(), 1);
}

TEST(a_lock_has_a_deadline)
{
	int ready[2], status, fd;
	int64_t start;
	char byte;
	pid_t pid;

	setup();
	CHECK_EQ(pipe(ready), 0);
	fd = openat(dir, "l", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		int own = openat(dir, "l", O_RDWR | O_CLOEXEC);

		if (envol_file_lock(ev, own, true, 0, "l") ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		usleep(400000);
		_exit(0);
	}
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	start = envol_deadline_now_ms();
	CHECK_ERR(envol_file_lock(ev, fd, false, 60, "volume v"), -EBUSY);
	CHECK(envol_deadline_now_ms() - start >= 59);
	CHECK_STR_HAS(envol_error_message(ev), "volume v");
	CHECK_OK(envol_file_lock(ev, fd, true, 10000, "volume v"));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	close(fd);
	CHECK_EQ(count_and_remove(), 1);
}
