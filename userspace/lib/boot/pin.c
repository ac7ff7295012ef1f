// SPDX-License-Identifier: LGPL-2.1-or-later
/* A PIN of the TPM's that somebody types while a machine starts, for keys of this host. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "userspace/include/envol_boot.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/internal.h"

static bool is_service(const char *kek)
{
	return !strchr(kek, ':') ||
	       strncmp(kek, "service:", strlen("service:")) == 0;
}

static bool has_service(const struct envol_boot_volume *volume)
{
	size_t i;

	for (i = 0; i < volume->n_keks; i++)
		if (is_service(volume->keks[i]))
			return true;
	return false;
}

/* See keystore.md: "seal POLICY TIME", whose PIN is the policy's last word. */
static bool has_pin(const char *line, size_t len)
{
	static const char word[] = "seal ";
	const char *policy = line + strlen(word), *end;

	if (len < strlen(word) || memcmp(line, word, strlen(word)) != 0)
		return false;
	end = memchr(policy, ' ', line + len - policy);
	if (!end || end - policy < 3 || memcmp(end - 3, "pin", 3) != 0)
		return false;
	return end - policy == 3 || end[-4] == ',';
}

static bool file_has_pin(struct envol *ev, const char *name, bool *is_there)
{
	_cleanup_secret_ struct envol_secret text = ENVOL_SECRET_INIT;
	const char *at, *end, *newline;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", ev->keystore, name);
	*is_there = access(path, F_OK) == 0;
	if (!*is_there || envol_file_load_secret(ev, AT_FDCWD, path, &text))
		return false;
	at = (const char *)text.data;
	for (end = at + text.len; at < end; at = newline + 1) {
		newline = memchr(at, '\n', end - at);
		if (!newline)
			return false;
		if (has_pin(at, newline - at))
			return true;
	}
	return false;
}

bool envol_boot_wants_pin(struct envol *ev,
			  const struct envol_boot_volume *volume)
{
	char message[ENVOL_MESSAGE_SIZE];
	bool wants, is_there;

	if (!has_service(volume))
		return false;
	memcpy(message, ev->message, sizeof(message));
	wants = file_has_pin(ev, "root", &is_there);
	/* An initramfs has the other alone. */
	if (!is_there)
		wants = file_has_pin(ev, "boot", &is_there);
	memcpy(ev->message, message, sizeof(message));
	return wants;
}

int envol_boot_open_by_pin(struct envol *ev,
			   const struct envol_boot_volume *volume,
			   const struct envol_secret *pin,
			   struct envol_volume_info *info)
{
	struct envol_boot_volume once = *volume;
	size_t i;
	int err = 0;

	once.retries = 0;
	for (i = 0; i < volume->n_keks && !err; i++)
		if (is_service(volume->keks[i]))
			err = envol_set_pin(ev, volume->keks[i], pin);
	return err ? err : envol_boot_open(ev, &once, NULL, info);
}
