// SPDX-License-Identifier: LGPL-2.1-or-later
#include <mntent.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/boot/stock.h"

#define LINE_SIZE 4096

struct stock {
	const struct envol_boot_volume *volume;
	envol_check_fn fn;
	void *data;
};

__attribute__((format(printf, 2, 3)))
static void warn(const struct stock *stock, const char *fmt, ...)
{
	char text[ENVOL_MESSAGE_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	stock->fn(ENVOL_CHECK_WARNING, stock->volume->name, text, stock->data);
}

/* ---- /etc/fstab ---- */

static bool is_mapping(const char *source, const char *name)
{
	static const char *const prefixes[] = { "/dev/mapper/",
						"/dev/disk/by-id/dm-name-" };
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(prefixes); i++) {
		size_t len = strlen(prefixes[i]);

		if (strncmp(source, prefixes[i], len) == 0 &&
		    strcmp(source + len, name) == 0)
			return true;
	}
	return false;
}

static void check_mount(const struct stock *stock, const char *fstab,
			const struct mntent *mount)
{
	const struct envol_boot_volume *v = stock->volume;

	/* What the initramfs has opened is there before any of it matters. */
	if (v->initramfs || hasmntopt(mount, "noauto"))
		return;
	if (v->network && !hasmntopt(mount, "_netdev"))
		warn(stock,
		     "%s has %s without _netdev: systemd has local file systems before the network, which this volume waits for, and gives up one of them; add the option _netdev there",
		     fstab, mount->mnt_dir);
	if (v->nofail && !hasmntopt(mount, "nofail"))
		warn(stock,
		     "%s has %s without nofail: without this volume the machine starts in emergency mode, which its own nofail does not mean; add the option nofail there",
		     fstab, mount->mnt_dir);
}

static void check_fstab(const struct stock *stock, const char *fstab)
{
	FILE *f = setmntent(fstab, "re");
	struct mntent mount;
	char line[LINE_SIZE];

	if (!f)
		return;
	while (getmntent_r(f, &mount, line, sizeof(line)))
		if (is_mapping(mount.mnt_fsname, stock->volume->name))
			check_mount(stock, fstab, &mount);
	endmntent(f);
}

/* ---- /etc/crypttab ---- */

static void check_crypttab_line(const struct stock *stock, const char *crypttab,
				char *line)
{
	const struct envol_boot_volume *v = stock->volume;
	const char *name, *device;
	char *rest;

	name = strtok_r(line, " \t\n", &rest);
	if (!name || *name == '#')
		return;
	device = strtok_r(NULL, " \t\n", &rest);
	if (strcmp(name, v->name) == 0)
		warn(stock,
		     "%s has a line for it as well: systemd-cryptsetup does not take a mapping of the target envol for an active one, and asks for a passphrase; take that line away",
		     crypttab);
	else if (device && strcmp(device, v->device) == 0)
		warn(stock,
		     "%s opens %s as well, as %s: whichever is first keeps the other from it; take that line away",
		     crypttab, device, name);
}

static void check_crypttab(const struct stock *stock, const char *crypttab)
{
	FILE *f = fopen(crypttab, "re");
	char line[LINE_SIZE];

	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		check_crypttab_line(stock, crypttab, line);
	fclose(f);
}

void envol_stock_check(const struct envol_boot_volume *volume, const char *fstab,
		       const char *crypttab, envol_check_fn fn, void *data)
{
	const struct stock stock = { volume, fn, data };

	check_fstab(&stock, fstab);
	check_crypttab(&stock, crypttab);
}
