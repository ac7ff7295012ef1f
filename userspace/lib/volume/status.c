// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/kernel/block.h"
#include "userspace/lib/volume/device.h"
#include "userspace/lib/volume/info.h"
#include "userspace/lib/volume/mapping.h"

/* What the header adds to a mapping; where there is none to be read, the table has to do. */
static int add_header(struct envol *ev, const struct envol_mapping *m,
		      struct envol_volume_info *info)
{
	_cleanup_header_ struct envol_header *h = NULL;

	if (!m->device)
		return 0;
	if (envol_header_open(ev, m->device, m->known.header, &h)) {
		envol_log_info(ev, "mapping %s: %s", m->name,
			       envol_error_message(ev));
		return 0;
	}
	/* A header that was replaced since is not this mapping's. */
	if (strcmp(envol_header_info(h)->uuid, m->luks_uuid) != 0)
		return 0;
	return envol_info_add_header(ev, info, h, NULL);
}

/* The table comes last: it is what is, the header what should be. */
static int tell_mapping(struct envol *ev, const char *name,
			struct envol_volume_info *info)
{
	_cleanup_mapping_ struct envol_mapping m = ENVOL_MAPPING_INIT;
	int err = envol_mapping_find(ev, name, &m);

	if (!err)
		err = add_header(ev, &m, info);
	return err ? err : envol_info_add_mapping(ev, info, &m);
}

/* The volume's mapping on the device, if there is one. */
static int add_mapping_on(struct envol *ev, const struct envol_block *block,
			  struct envol_volume_info *info)
{
	_cleanup_dm_names_ char **names = NULL;
	char **name;
	int err;

	err = envol_block_mappings(ev, block->major, block->minor, &names);
	for (name = names; !err && *name && !info->name; name++) {
		_cleanup_mapping_ struct envol_mapping m = ENVOL_MAPPING_INIT;

		if (!envol_mapping_find(ev, *name, &m))
			err = envol_info_add_mapping(ev, info, &m);
	}
	return err;
}

static int tell_device(struct envol *ev, const char *path, const char *header,
		       struct envol_volume_info *info)
{
	_cleanup_device_ struct envol_device device = ENVOL_DEVICE_INIT;
	_cleanup_header_ struct envol_header *h = NULL;
	struct envol_block block;
	int err = envol_header_open(ev, path, header, &h);

	if (!err)
		err = envol_info_add_header(ev, info, h, NULL);
	if (!err)
		err = envol_device_open(ev, path, O_RDONLY, &device);
	/* An image file has no mapping. */
	if (err || device.is_file)
		return err;
	err = envol_block_look(ev, device.fd, path, &block);
	return err ? err : add_mapping_on(ev, &block, info);
}

/* "data" and /dev/mapper/data are a mapping, if there is one. */
static const char *mapping_name(const char *name_or_device)
{
	static const char directory[] = "/dev/mapper/";

	if (strncmp(name_or_device, directory, strlen(directory)) == 0)
		name_or_device += strlen(directory);
	return strchr(name_or_device, '/') ? NULL : name_or_device;
}

int envol_volume_status(struct envol *ev, const char *name_or_device,
			const char *header, struct envol_volume_info *info)
{
	const char *name = header ? NULL : mapping_name(name_or_device);
	int err = -ENODEV;

	envol_info_init(info);
	if (name && !envol_name_check(ev, name))
		err = tell_mapping(ev, name, info);
	/* A volume may lie on a mapping of something else: an LVM volume is one. */
	if (err == -ENODEV || err == -EMEDIUMTYPE || err == -EOPNOTSUPP ||
	    err == -EACCES) {
		if (!name || faccessat(AT_FDCWD, name_or_device, F_OK,
				       AT_SYMLINK_NOFOLLOW) == 0)
			err = tell_device(ev, name_or_device, header, info);
		else if (err == -ENODEV)
			err = envol_error(ev, err,
					  "no mapping and no device %s",
					  name_or_device);
	}
	if (!err)
		return 0;
	envol_volume_info_free(info);
	return envol_error_while(ev, err, "status of %s", name_or_device);
}

/* ---- all ---- */

static void free_infos(struct envol_volume_info *infos, size_t n)
{
	size_t i;

	for (i = 0; infos && i < n; i++)
		envol_volume_info_free(&infos[i]);
	free(infos);
}

int envol_volume_list(struct envol *ev, struct envol_volume_info **infos,
		      size_t *n_infos)
{
	_cleanup_dm_names_ char **names = NULL;
	struct envol_volume_info *out;
	size_t i, n = 0;
	int err = envol_dm_list(ev, &names);

	if (err)
		return err;
	for (i = 0; names[i]; i++)
		;
	out = calloc(i + 1, sizeof(*out));
	if (!out)
		return envol_error(ev, -ENOMEM, "out of memory");
	for (i = 0; names[i]; i++) {
		envol_info_init(&out[n]);
		err = tell_mapping(ev, names[i], &out[n]);
		if (!err) {
			n++;
			continue;
		}
		envol_volume_info_free(&out[n]);
		if (err == -ENOMEM) {
			free_infos(out, n);
			return err;
		}
		/* Not a volume's, gone meanwhile, or one that can't be read: the others can. */
		envol_log_debug(ev, "%s", envol_error_message(ev));
	}
	*infos = out;
	*n_infos = n;
	return 0;
}
