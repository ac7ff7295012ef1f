// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/provider/keyvault/arc.h"
#include "userspace/lib/provider/keyvault/challenge.h"

#define SUFFIX ".key"
#define NAME_CHARACTERS \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

int envol_arc_name(struct envol *ev, const char *challenge,
		   char name[ENVOL_ARC_NAME_SIZE])
{
	static const char directory[] = ENVOL_ARC_DIRECTORY "/";
	char path[sizeof(directory) + ENVOL_ARC_NAME_SIZE];
	const char *base = path + strlen(directory);
	size_t len;

	if (!challenge ||
	    envol_challenge_parameter(challenge, "Basic", "realm", path,
				      sizeof(path)))
		return envol_error(ev, -EPROTO,
				   "the Arc agent asks for no file to be shown (Basic realm=...): azcmagent is too old or not what answers");
	if (strncmp(path, directory, strlen(directory)) != 0)
		return envol_error(ev, -EPROTO,
				   "the Arc agent asks for a file outside " ENVOL_ARC_DIRECTORY ", which it does not get");
	len = strlen(base);
	if (len <= strlen(SUFFIX) || len >= ENVOL_ARC_NAME_SIZE ||
	    base[0] == '.' || strspn(base, NAME_CHARACTERS) != len ||
	    strcmp(base + len - strlen(SUFFIX), SUFFIX) != 0)
		return envol_error(ev, -EPROTO,
				   "the Arc agent asks for a file of " ENVOL_ARC_DIRECTORY " that is no NAME" SUFFIX ", which it does not get");
	strcpy(name, base);
	return 0;
}

static int refuse(struct envol *ev, const char *name, const char *why)
{
	return envol_error(ev, -EPROTO,
			   "%s of the Arc agent's tokens %s, and is not shown",
			   name, why);
}

static int cannot_open(struct envol *ev, const char *name)
{
	switch (errno) {
	case EACCES:
	case EPERM:
		return envol_error(ev, -EPERM,
				   "%s of the Arc agent's tokens: run envol as root or as a member of the group himds",
				   name);
	case ELOOP:
		return refuse(ev, name, "is a symbolic link");
	default:
		return envol_error_errno(ev, -errno,
					 "%s of the Arc agent's tokens", name);
	}
}

static int read_word(struct envol *ev, int fd, const char *name,
		     struct envol_secret *content)
{
	struct stat st;
	size_t i;
	int err;

	if (fstat(fd, &st))
		return cannot_open(ev, name);
	if (!S_ISREG(st.st_mode))
		return refuse(ev, name, "is no file");
	if (st.st_size == 0 || st.st_size > ENVOL_ARC_FILE_MAX)
		return refuse(ev, name, "is empty or larger than 4096 bytes");
	err = envol_secret_alloc(ev, content, st.st_size);
	if (err)
		return err;
	err = envol_file_pread(fd, content->data, content->len, 0);
	if (err)
		return envol_error_errno(ev, err, "%s of the Arc agent's tokens",
					 name);
	while (content->len && (content->data[content->len - 1] == '\n' ||
				content->data[content->len - 1] == '\r'))
		envol_secret_truncate(content, content->len - 1);
	for (i = 0; i < content->len; i++)
		if (content->data[i] <= ' ' || content->data[i] > '~')
			break;
	if (i == 0 || i < content->len)
		return refuse(ev, name, "holds something else than a word");
	return 0;
}

int envol_arc_read(struct envol *ev, const char *directory, const char *name,
		   struct envol_secret *content)
{
	_cleanup_close_ int dir = open(directory,
				       O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = -1;
	int err;

	if (dir < 0)
		return cannot_open(ev, directory);
	fd = openat(dir, name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return cannot_open(ev, name);
	err = read_word(ev, fd, name, content);
	if (err)
		envol_secret_wipe(content);
	return err;
}
