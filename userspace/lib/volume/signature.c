// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <blkid.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/volume/signature.h"

/* More than this many on one device is a libblkid that can't wipe one. */
#define SIGNATURES_MAX 64

static void free_probe(blkid_probe *probe)
{
	if (*probe)
		blkid_free_probe(*probe);
}

#define _cleanup_probe_ _cleanup_(free_probe)

static int fail(struct envol *ev, const struct envol_device *dev,
		const char *what)
{
	/* libblkid leaves errno where it read, and nothing where it did not. */
	int err = errno ? -errno : -EIO;

	return envol_error_errno(ev, err, "%s on %s", what, dev->path);
}

static int start(struct envol *ev, const struct envol_device *dev,
		 blkid_probe *probe)
{
	errno = 0;
	*probe = blkid_new_probe();
	if (!*probe)
		return envol_error(ev, -ENOMEM, "out of memory");
	if (blkid_probe_set_device(*probe, dev->fd, 0, 0) ||
	    blkid_probe_enable_superblocks(*probe, 1) ||
	    blkid_probe_set_superblocks_flags(
		    *probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE |
				    BLKID_SUBLKS_LABEL | BLKID_SUBLKS_VERSION |
				    BLKID_SUBLKS_MAGIC | BLKID_SUBLKS_BADCSUM) ||
	    blkid_probe_enable_partitions(*probe, 1) ||
	    blkid_probe_set_partitions_flags(
		    *probe, BLKID_PARTS_MAGIC | BLKID_PARTS_FORCE_GPT))
		return fail(ev, dev, "look for signatures");
	return 0;
}

static const struct {
	const char *type, *text;
} names[] = {
	{ "crypto_LUKS", "LUKS volume" },
	{ "BitLocker", "BitLocker volume" },
	{ "LVM2_member", "LVM physical volume" },
	{ "linux_raid_member", "member of an md RAID" },
	{ "swap", "swap space" },
	{ "swsuspend", "hibernation image" },
	{ "zfs_member", "member of a ZFS pool" },
	{ "bcache", "bcache device" },
};

/* Labels are what somebody wrote on the disk: nothing that a terminal obeys. */
static void print_value(char *out, size_t size, const char *value)
{
	size_t i;

	snprintf(out, size, "%s", value);
	for (i = 0; out[i]; i++)
		if (!isprint((unsigned char)out[i]))
			out[i] = '?';
}

static void describe(blkid_probe probe, char *out, size_t size)
{
	const char *type = NULL, *usage = NULL, *label = NULL, *table = NULL;
	char shown[64];
	size_t i, len;

	if (!blkid_probe_lookup_value(probe, "PTTYPE", &table, NULL)) {
		snprintf(out, size, "%s partition table", table);
		return;
	}
	if (blkid_probe_lookup_value(probe, "TYPE", &type, NULL)) {
		snprintf(out, size, "signature of an unknown kind");
		return;
	}
	blkid_probe_lookup_value(probe, "USAGE", &usage, NULL);
	blkid_probe_lookup_value(probe, "LABEL", &label, NULL);
	for (i = 0; i < ENVOL_ARRAY_SIZE(names); i++)
		if (strcmp(names[i].type, type) == 0)
			break;
	if (i < ENVOL_ARRAY_SIZE(names))
		snprintf(out, size, "%s", names[i].text);
	else if (usage && strcmp(usage, "filesystem") == 0)
		snprintf(out, size, "%s file system", type);
	else
		snprintf(out, size, "%s signature", type);
	if (label && *label) {
		print_value(shown, sizeof(shown), label);
		len = strlen(out);
		snprintf(out + len, size - len, " labelled %s", shown);
	}
}

/* The second copy of a superblock is no news. */
static void add(char *text, const char *one)
{
	size_t len = strlen(text);

	if (!strstr(text, one))
		snprintf(text + len, ENVOL_SIGNATURE_TEXT - len, "%s%s",
			 len ? ", " : "", one);
}

int envol_signature_find(struct envol *ev, const struct envol_device *dev,
			 char text[ENVOL_SIGNATURE_TEXT])
{
	_cleanup_probe_ blkid_probe probe = NULL;
	char one[ENVOL_SIGNATURE_TEXT];
	int got, err, n = 0;

	text[0] = 0;
	if (!dev->size)
		return 0;	/* libblkid takes no empty file */
	err = start(ev, dev, &probe);
	while (!err && n++ < SIGNATURES_MAX) {
		errno = 0;
		got = blkid_do_probe(probe);
		if (got == 1)
			break;
		if (got)
			err = fail(ev, dev, "look for signatures");
		if (!err) {
			describe(probe, one, sizeof(one));
			add(text, one);
		}
	}
	return err;
}

/* The kernel goes on serving partitions of a table that is gone. */
static void forget_partitions(const struct envol_device *dev)
{
	if (!dev->is_file)
		(void)ioctl(dev->fd, BLKRRPART);
}

int envol_signature_wipe(struct envol *ev, const struct envol_device *dev)
{
	_cleanup_probe_ blkid_probe probe = NULL;
	bool had_table = false;
	int got, err, n = 0;

	if (!dev->size)
		return 0;
	err = start(ev, dev, &probe);
	while (!err && n++ < SIGNATURES_MAX) {
		errno = 0;
		got = blkid_do_probe(probe);
		if (got == 1)
			break;
		if (!got && blkid_probe_has_value(probe, "PTTYPE"))
			had_table = true;
		if (got || blkid_do_wipe(probe, 0))
			err = fail(ev, dev, "wipe signatures");
	}
	if (!err && n > SIGNATURES_MAX)
		err = envol_error(ev, -EIO,
				  "%s: a signature comes back after it was wiped",
				  dev->path);
	if (!err && fsync(dev->fd))
		err = envol_error_errno(ev, -errno, "write %s", dev->path);
	if (!err && had_table)
		forget_partitions(dev);
	return err;
}
