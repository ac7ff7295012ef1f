// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Open: everything that can be refused is refused before a KEK is asked, everything
 * that the header claims is proved before the key enters the kernel.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/kernel/name.h"
#include "userspace/lib/volume/activate.h"
#include "userspace/lib/volume/info.h"
#include "userspace/lib/volume/mapping.h"
#include "userspace/lib/volume/place.h"
#include "userspace/lib/volume/unwrap.h"

/* What a header says of the data, against the device that it is to lie on. */
static int check_capacity(struct envol *ev, const struct envol_header_info *header,
			  const struct envol_device *device)
{
	if (device->size <= header->data_offset || header->data_size == 0)
		return envol_error(ev, -ENOSPC,
				   "%s has %" PRIu64
				   " bytes, but the volume's data begin at %" PRIu64,
				   header->device, device->size,
				   header->data_offset);
	if (header->data_size > device->size - header->data_offset)
		return envol_error(ev, -ENOSPC,
				   "%s has %" PRIu64
				   " bytes, but the volume reaches to %" PRIu64,
				   header->device, device->size,
				   header->data_offset + header->data_size);
	if (header->data_offset % ENVOL_TABLE_SECTOR)
		return envol_error(ev, -EBADMSG,
				   "%s: the data begin at byte %" PRIu64
				   ", inside a sector",
				   header->device, header->data_offset);
	return 0;
}

static bool pass_discards(const struct envol_volume_open *open,
			  const struct envol_header_info *header)
{
	return open->discards ? open->discards > 0 : header->discards;
}

static bool is_read_only(struct envol *ev, const struct envol_volume_open *open,
			 const struct envol_block *block)
{
	if (block->read_only && !open->read_only)
		envol_log_warning(ev, "%s is read-only, and so is mapping %s",
				  open->source.device, open->name);
	return open->read_only || block->read_only;
}

static int choose_target(struct envol *ev, const struct envol_volume_open *open,
			 const struct envol_block *block, const char **type)
{
	int err;

	err = envol_target_choose(ev, open->target, block->zoned, type);
	if (!err && open->engine && strcmp(*type, ENVOL_TARGET_NAME) != 0)
		envol_log_warning(ev,
				  "engine %s is ignored: dm-crypt has none to choose from",
				  open->engine);
	return err;
}

/* What was asked for, before anything is looked at. A test may do without a name. */
static int check_request(struct envol *ev, const struct envol_volume_open *open)
{
	int err = open->test && !open->name ? 0 : envol_name_check(ev, open->name);

	if (err || !open->engine)
		return err;
	if (open->target == ENVOL_TARGET_CRYPT)
		return envol_error(ev, -EINVAL,
				   "engine %s: dm-crypt has no engines to choose from",
				   open->engine);
	return envol_target_check_engine(ev, open->engine);
}

static int activate(struct envol *ev, const struct envol_volume_open *open,
		    struct envol_header *h,
		    const struct envol_place *place, const char *type,
		    const struct envol_secret *dek, const char *fingerprint)
{
	const struct envol_header_info *header = envol_header_info(h);
	char number[32];
	struct envol_activate_plan plan = {
		.name = open->name,
		.luks_uuid = header->uuid,
		.device = &place->device,
		.volume = h,
		.header = header->header,
		.fingerprint = fingerprint,
		.type = type,
		.len_sectors = header->data_size / ENVOL_TABLE_SECTOR,
		.read_only = is_read_only(ev, open, &place->block),
		.table = {
			.key_size = header->key_size,
			.iv_offset = header->iv_offset,
			.device = number,
			.start_sector = header->data_offset / ENVOL_TABLE_SECTOR,
			.du_size = header->sector_size,
			.engine = open->engine,
		},
	};

	/* The number stays with the device that was looked at, a path may not. */
	snprintf(number, sizeof(number), "%u:%u", place->block.major,
		 place->block.minor);
	if (pass_discards(open, header))
		plan.table.flags |= ENVOL_TABLE_ALLOW_DISCARDS;
	return envol_activate_mapping(ev, &plan, dek);
}

static int add_mapping(struct envol *ev, struct envol_volume_info *info,
		       const char *name)
{
	_cleanup_mapping_ struct envol_mapping mapping = ENVOL_MAPPING_INIT;
	int err = envol_mapping_find(ev, name, &mapping);

	return err ? err : envol_info_add_mapping(ev, info, &mapping);
}

/* The volume is open; that it can't be described must not look as if it were not. */
static void describe(struct envol *ev, const struct envol_volume_open *open,
		     const struct envol_header *h,
		     const struct envol_unwrapped *how,
		     struct envol_volume_info *info)
{
	if (!info)
		return;
	if (envol_info_add_header(ev, info, h, how) ||
	    (!open->test && add_mapping(ev, info, open->name)))
		envol_log_warning(ev, "%s: %s", open->source.device,
				  envol_error_message(ev));
}

/* All but the mapping: an image file or a volume that is open will do. */
static int test_volume(struct envol *ev, const struct envol_volume_open *open,
		       struct envol_volume_info *info)
{
	_cleanup_secret_ struct envol_secret dek = ENVOL_SECRET_INIT;
	_cleanup_header_ struct envol_header *h = NULL;
	struct envol_unwrapped how;
	int err;

	err = envol_header_open(ev, open->source.device, open->source.header, &h);
	if (!err)
		err = envol_unwrap_dek(ev, &h, &open->source, &dek, &how);
	if (!err)
		describe(ev, open, h, &how, info);
	return err;
}

static int open_volume(struct envol *ev, const struct envol_volume_open *open,
		       struct envol_volume_info *info)
{
	_cleanup_secret_ struct envol_secret dek = ENVOL_SECRET_INIT;
	_cleanup_place_ struct envol_place place = ENVOL_PLACE_INIT;
	_cleanup_header_ struct envol_header *h = NULL;
	struct envol_unwrapped how;
	const char *type;
	int err;

	err = envol_activate_clear(ev, open->name);
	if (!err)
		err = envol_place_take(ev, open->source.device, open->read_only,
				       &place);
	if (!err)
		err = envol_header_open(ev, place.device.path,
					open->source.header, &h);
	if (!err)
		err = check_capacity(ev, envol_header_info(h), &place.device);
	if (!err)
		err = choose_target(ev, open, &place.block, &type);
	if (!err)
		err = envol_unwrap_dek(ev, &h, &open->source, &dek, &how);
	if (!err)
		err = activate(ev, open, h, &place, type, &dek,
			       how.fingerprint);
	if (!err)
		describe(ev, open, h, &how, info);
	return err;
}

int envol_volume_open(struct envol *ev, const struct envol_volume_open *open,
		      struct envol_volume_info *info)
{
	int err;

	if (info)
		envol_info_init(info);
	err = check_request(ev, open);
	if (!err) {
		/* Before anything is taken: a wait that holds a device would be in others' way. */
		envol_unwrap_await_turn(ev, &open->source);
		err = open->test ? test_volume(ev, open, info) :
				   open_volume(ev, open, info);
	}
	if (!err)
		return 0;
	if (info)
		envol_volume_info_free(info);
	return envol_error_while(ev, err, "open %s", open->source.device);
}
