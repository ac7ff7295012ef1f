// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userspace/lib/base/error.h"
#include "userspace/token/trust.h"

void envol_trust_free(struct trust *trust)
{
	envol_boot_table_free(&trust->table);
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0 || errno != ENOENT;
}

int envol_trust_config(struct envol *ev)
{
	return is_there(TRUST_CONFIG) ? envol_config_load(ev, TRUST_CONFIG) : 0;
}

/* ---- the device, as a line of the table has it ---- */

static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	if (stat(a, &x) || stat(b, &y))
		return false;
	if (S_ISBLK(x.st_mode) && S_ISBLK(y.st_mode))
		return x.st_rdev == y.st_rdev;
	return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* "UUID=…" as the path where udev has it; a path as it is. */
static bool path_of(const char *device, char *path, size_t size)
{
	static const struct {
		const char *tag, *directory;
	} places[] = {
		{ "UUID=", "by-uuid" },
		{ "LABEL=", "by-label" },
		{ "PARTUUID=", "by-partuuid" },
		{ "PARTLABEL=", "by-partlabel" },
		{ "ID=", "by-id" },
	};
	size_t i;
	int n;

	if (*device == '/')
		return snprintf(path, size, "%s", device) < (int)size;
	for (i = 0; i < ENVOL_ARRAY_SIZE(places); i++) {
		if (strncmp(device, places[i].tag, strlen(places[i].tag)) != 0)
			continue;
		n = snprintf(path, size, "/dev/disk/%s/%s", places[i].directory,
			     device + strlen(places[i].tag));
		return n < (int)size;
	}
	return false;
}

static bool is_tag(const char *device, const char *tag, const char *value)
{
	size_t len = strlen(tag);

	return value && *value && strncmp(device, tag, len) == 0 &&
	       strcasecmp(device + len, value) == 0;
}

/* @path is what holds the header. */
static bool is_device(struct crypt_device *cd, const char *path, const char *wanted)
{
	char place[1024];

	return is_tag(wanted, "UUID=", crypt_get_uuid(cd)) ||
	       is_tag(wanted, "LABEL=", crypt_get_label(cd)) ||
	       (path_of(wanted, place, sizeof(place)) && is_same_file(place, path));
}

/* The header decides: it is what is asked for a passphrase. */
static bool is_volume(struct crypt_device *cd, const struct envol_boot_volume *volume)
{
	const char *path = crypt_get_metadata_device_name(cd);

	if (!volume->id || !path != !volume->header)
		return false;
	if (!path)
		path = crypt_get_device_name(cd);
	return path && is_device(cd, path, volume->header ? volume->header : volume->device);
}

/* ---- what is said of it ---- */

static int find_line(struct envol *ev, struct crypt_device *cd,
		     const struct envol_boot_table *table,
		     const struct envol_boot_volume **line)
{
	size_t i;

	*line = NULL;
	for (i = 0; i < table->n_volumes; i++) {
		const struct envol_boot_volume *v = &table->volumes[i];

		if (!is_volume(cd, v))
			continue;
		if (*line && strcasecmp((*line)->id, v->id) != 0)
			return envol_error(ev, -EKEYREJECTED,
					   "%s: lines %u and %u of " TRUST_VOLUMES " both have it, and pin different volumes",
					   crypt_get_device_name(cd),
					   (*line)->line, v->line);
		if (!*line)
			*line = v;
	}
	return 0;
}

/* Boot scripts may have a terminal for their input, but are not in its foreground. */
static bool is_person_there(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO) &&
	       tcgetpgrp(STDIN_FILENO) == getpgrp();
}

static int nothing_said(struct envol *ev, struct crypt_device *cd,
			const struct envol_boot_table *table)
{
	const char *uuid = crypt_get_uuid(cd);

	if (table->n_defects)
		return envol_error(ev, -EACCES,
				   "%s: no line of " TRUST_VOLUMES " has it; of those that are wrong this is one: %s",
				   crypt_get_device_name(cd),
				   table->defects[0].sentence);
	return envol_error(ev, -EACCES,
			   "%s: nobody has said whose volume it is and which KEKs may be asked, which without a person takes a line of " TRUST_VOLUMES ": NAME UUID=%s id=FINGERPRINT kek=URI",
			   crypt_get_device_name(cd), uuid ? uuid : "");
}

int envol_trust_load(struct envol *ev, struct crypt_device *cd, struct trust *trust)
{
	const struct envol_boot_volume *line = NULL;
	int err = envol_trust_config(ev);

	trust->source.device = crypt_get_device_name(cd);
	if (!err && is_there(TRUST_VOLUMES))
		err = envol_boot_load(ev, TRUST_VOLUMES, &trust->table);
	if (!err)
		err = find_line(ev, cd, &trust->table, &line);
	if (err)
		return err;
	if (line) {
		trust->source.keks = (const char *const *)line->keks;
		trust->source.n_keks = line->n_keks;
		trust->source.id = line->id;
		trust->source.unattended = true;
		return 0;
	}
	return is_person_there() ? 0 : nothing_said(ev, cd, &trust->table);
}
