// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/bench/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/bench/command.h"
#include "tools/bench/fail.h"

#define KEY_DESCRIPTION "envol:bench"
#define KEY_LEN 64
#define PROVE_LEN (1u << 20)
#define PROVE_ALIGN 4096

static int load_target(const char *target, const char *module)
{
	const char *const modprobe[] = { "modprobe", "-q", module, NULL };
	const char *const dmsetup[] = { "dmsetup", "targets", NULL };
	char *targets, *line, *rest;
	bool found = false;
	int err;

	/* It may be built in, or loaded by hand: only dmsetup knows. */
	err = envol_command_run(modprobe, NULL);
	err = envol_command_run(dmsetup, &targets);
	if (err == -ENOENT)
		return envol_fail_with(err, "dmsetup is not installed");
	if (err)
		return envol_fail_with(err, "this kernel has no device-mapper");
	for (line = strtok_r(targets, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		found |= !strncmp(line, target, strlen(target)) && line[strlen(target)] == ' ';
	free(targets);
	return found ? 0 : envol_fail_with(-ENODEV, "this kernel has no target %s: load %s",
					   target, module);
}

int envol_mapping_prepare(void)
{
	uint8_t key[KEY_LEN];
	long id;
	int err;

	err = load_target("crypt", "dm-crypt");
	if (!err)
		err = load_target("envol", "dm-envol");
	if (err)
		return err;
	/* Protects nothing: it encrypts a benchmark's zeros, and nobody reads them. */
	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		return envol_fail_with(-EIO, "no random bytes");
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
		return envol_fail_with(-errno, "session keyring: %s", strerror(errno));
	id = syscall(SYS_add_key, "logon", KEY_DESCRIPTION, key, sizeof(key),
		     KEY_SPEC_SESSION_KEYRING);
	return id < 0 ? envol_fail_with(-errno, "logon key: %s", strerror(errno)) : 0;
}

static unsigned int count_words(const char *text)
{
	unsigned int n = 0;

	for (; *text; text++)
		n += *text != ' ' && (text[1] == ' ' || !text[1]);
	return n;
}

int envol_mapping_create(struct envol_mapping *mapping, const char *device,
			 uint64_t sectors, unsigned int du_size)
{
	static unsigned int number;
	char table[512], name[sizeof(mapping->name)];
	const char *const argv[] = { "dmsetup", "create", name, "--table", table, NULL };
	int err;

	if (!mapping->target)
		return 0;
	snprintf(name, sizeof(name), "envol-bench-%d-%u", (int)getpid(), number++);
	snprintf(table, sizeof(table), "0 %llu %s aes-xts-plain64 :%u:logon:%s 0 %s 0 %u sector_size:%u %s",
		 (unsigned long long)(sectors - sectors % (du_size / 512)), mapping->target,
		 KEY_LEN, KEY_DESCRIPTION, device, 1 + count_words(mapping->options), du_size,
		 mapping->options);
	err = envol_command_run(argv, NULL);
	if (err)
		return mapping->options[0] ?
			       -EOPNOTSUPP :
			       envol_fail_with(err, "dmsetup create %s --table \"%s\"", name, table);
	memcpy(mapping->name, name, sizeof(name));
	return 0;
}

void envol_mapping_remove(struct envol_mapping *mapping)
{
	const char *const argv[] = { "dmsetup", "remove", "--retry", mapping->name, NULL };

	if (!mapping->name[0])
		return;
	if (envol_command_run(argv, NULL))
		envol_fail_with(-EBUSY, "the mapping %s is left", mapping->name);
	mapping->name[0] = '\0';
}

void envol_mapping_path(const struct envol_mapping *mapping, const char *device,
			char path[256])
{
	if (mapping->target)
		snprintf(path, 256, "/dev/mapper/%s", mapping->name);
	else
		snprintf(path, 256, "%s", device);
}

/* Past the page cache, which is another one for each mapping. */
static int transfer(const struct envol_mapping *mapping, int flags, uint8_t *data)
{
	char path[256];
	ssize_t n;
	int fd;

	envol_mapping_path(mapping, "", path);
	fd = open(path, flags | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		return envol_fail_with(-errno, "%s: %s", path, strerror(errno));
	n = flags == O_RDONLY ? pread(fd, data, PROVE_LEN, 0) : pwrite(fd, data, PROVE_LEN, 0);
	close(fd);
	return n == (ssize_t)PROVE_LEN ? 0 : envol_fail_with(-EIO, "%s: I/O error", path);
}

static int prove_way(const struct envol_mapping *writer, const struct envol_mapping *reader,
		     uint8_t *data, uint8_t *back)
{
	int err;

	if (getrandom(data, 256, 0) != 256)	/* the rest stays from the run before, or zero */
		return envol_fail_with(-EIO, "no random bytes");
	err = transfer(writer, O_WRONLY, data);
	if (!err)
		err = transfer(reader, O_RDONLY, back);
	if (!err && memcmp(data, back, PROVE_LEN) != 0)
		err = envol_fail_with(-EBADMSG, "%s does not read what %s wrote",
				      reader->title, writer->title);
	return err;
}

int envol_mapping_prove(const struct envol_mapping *a,
			const struct envol_mapping *b)
{
	uint8_t *data = aligned_alloc(PROVE_ALIGN, PROVE_LEN);
	uint8_t *back = aligned_alloc(PROVE_ALIGN, PROVE_LEN);
	int err = -ENOMEM;

	if (data && back) {
		memset(data, 0, PROVE_LEN);
		err = prove_way(a, b, data, back);
		if (!err)
			err = prove_way(b, a, data, back);
	}
	free(data);
	free(back);
	return err;
}
