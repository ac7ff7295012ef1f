// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userspace/cli/keyfile.h"

#define KEYFILE_MAX 512

static int check_private(struct cli *cli, const char *file, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return envol_command_error(cli, -errno, "stat %s: %s", file,
					   strerror(errno));
	if (S_ISDIR(st.st_mode))
		return envol_command_error(cli, -EISDIR, "%s: is a directory",
					   file);
	if (S_ISREG(st.st_mode) &&
	    ((st.st_mode & 0077) || (st.st_uid != 0 && st.st_uid != geteuid())))
		return envol_command_error(cli, -EPERM,
					   "%s: others may read or write it; run chmod 600 on it",
					   file);
	return 0;
}

static int read_all(int fd, struct envol_secret *secret, size_t *len)
{
	*len = 0;
	while (*len < secret->len) {
		ssize_t n = read(fd, secret->data + *len, secret->len - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		*len += n;
	}
	return -EFBIG;
}

int envol_keyfile_load_up_to(struct cli *cli, const char *file, size_t max,
			     struct envol_secret *secret)
{
	size_t len;
	int fd, err;

	if (strcmp(file, "-") == 0)
		fd = dup(STDIN_FILENO);
	else
		fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return envol_command_error(cli, -errno, "open %s: %s", file,
					   strerror(errno));
	err = check_private(cli, file, fd);
	if (!err)
		err = envol_secret_alloc(cli->ev, secret, max + 2);
	if (err) {
		close(fd);
		return err;
	}
	err = read_all(fd, secret, &len);
	close(fd);
	if (!err && len && secret->data[len - 1] == '\n')
		len--;
	if (err == -EFBIG || (!err && len > max))
		err = envol_command_error(cli, -EFBIG,
					  "%s: larger than %zu bytes", file,
					  max);
	else if (err)
		err = envol_command_error(cli, err, "read %s: %s", file,
					  strerror(-err));
	else if (len == 0)
		err = envol_command_error(cli, -ENODATA, "%s: is empty", file);
	if (err)
		envol_secret_wipe(secret);
	else
		envol_secret_truncate(secret, len);
	return err;
}

int envol_keyfile_load(struct cli *cli, const char *file,
		      struct envol_secret *secret)
{
	return envol_keyfile_load_up_to(cli, file, KEYFILE_MAX, secret);
}

static int write_all(int fd, const void *data, size_t len)
{
	const uint8_t *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= n;
	}
	return 0;
}

static int write_line(int fd, const struct envol_secret *secret)
{
	int err = write_all(fd, secret->data, secret->len);

	return err ? err : write_all(fd, "\n", 1);
}

int envol_keyfile_create(struct cli *cli, const char *file, int *fd)
{
	*fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		   0400);
	if (*fd < 0)
		return envol_command_error(cli, -errno, "create %s: %s", file,
					   strerror(errno));
	return 0;
}

int envol_keyfile_store(struct cli *cli, const char *file, int fd,
			const struct envol_secret *secret)
{
	int err = write_line(fd, secret);

	if (!err && fsync(fd))
		err = -errno;
	if (err)
		return envol_command_error(cli, err, "write %s: %s", file,
					   strerror(-err));
	return 0;
}

int envol_keyfile_show(struct cli *cli, const char *title,
		       const struct envol_secret *secret)
{
	int fd = open("/dev/tty", O_WRONLY | O_CLOEXEC), err;

	if (fd < 0)
		return envol_command_error(cli, -errno, "open the terminal: %s",
					   strerror(errno));
	err = write_all(fd, title, strlen(title));
	if (!err)
		err = write_line(fd, secret);
	close(fd);
	if (err)
		return envol_command_error(cli, err, "write to the terminal: %s",
					   strerror(-err));
	return 0;
}
