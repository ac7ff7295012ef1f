// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/volume/info.h"

_Static_assert(sizeof(((struct envol_volume_info *)0)->volume_id) ==
		       2 * ENVOL_SEALED_ID_SIZE + 1,
	       "a volume id as text");

void envol_info_init(struct envol_volume_info *info)
{
	*info = (struct envol_volume_info){ .opened_by = -1 };
}

static void free_wraps(struct envol_volume_info *info)
{
	unsigned int part;
	size_t i;

	for (i = 0; info->wraps && i < info->n_wraps; i++)
		for (part = 0; part < info->wraps[i].n_parts; part++) {
			free(info->wraps[i].parts[part].uri);
			free(info->wraps[i].parts[part].version);
			free(info->wraps[i].parts[part].algorithm);
		}
	free(info->wraps);
	info->wraps = NULL;
	info->n_wraps = 0;
}

void envol_volume_info_free(struct envol_volume_info *info)
{
	free_wraps(info);
	free(info->device);
	free(info->header);
	free(info->uuid);
	free(info->label);
	free(info->cipher);
	free(info->name);
	free(info->target);
	free(info->engine);
	free(info->key_state);
	free(info->statistics);
	envol_info_init(info);
}

/* NULL stands for what is not known. */
static bool set(char **field, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return false;
	free(*field);
	*field = copy;
	return true;
}

static bool add_wrap(struct envol_wrap_info *to,
		     const struct envol_token_wrap *wrap)
{
	unsigned int i;

	to->created = wrap->created;
	to->retiring = wrap->retiring;
	to->proved = wrap->proved;
	to->unprotected = wrap->unprotected;
	to->n_parts = wrap->n_parts;
	for (i = 0; i < wrap->n_parts; i++)
		if (!set(&to->parts[i].uri, wrap->parts[i].uri) ||
		    !set(&to->parts[i].version, wrap->parts[i].version) ||
		    !set(&to->parts[i].algorithm, wrap->parts[i].algorithm))
			return false;
	return true;
}

static bool add_wraps(struct envol_volume_info *info,
		      const struct envol_token *token)
{
	uint32_t i;

	free_wraps(info);
	info->wraps = calloc(token->n_wraps + 1, sizeof(*info->wraps));
	if (!info->wraps)
		return false;
	info->n_wraps = token->n_wraps;
	for (i = 0; i < token->n_wraps; i++)
		if (!add_wrap(&info->wraps[i], &token->wraps[i]))
			return false;
	return true;
}

int envol_info_add_header(struct envol *ev, struct envol_volume_info *info,
			  const struct envol_header *h,
			  const struct envol_unwrapped *how)
{
	const struct envol_header_info *header = envol_header_info(h);
	const struct envol_token *token = envol_header_token(h);

	if (!set(&info->device, header->device) ||
	    !set(&info->header, header->header) ||
	    !set(&info->uuid, header->uuid) ||
	    !set(&info->label, header->label) ||
	    !set(&info->cipher, header->cipher) || !add_wraps(info, token))
		return envol_error(ev, -ENOMEM, "out of memory");
	info->key_size = header->key_size;
	info->sector_size = header->sector_size;
	info->data_offset = header->data_offset;
	info->data_size = header->data_size;
	info->generation = token->generation;
	envol_hex_encode(info->volume_id, token->volume_id,
			 sizeof(token->volume_id));
	info->discards = header->discards;
	info->recovery = header->recovery;
	if (how) {
		info->opened_by = how->wrap;
		memcpy(info->fingerprint, how->fingerprint,
		       sizeof(info->fingerprint));
	}
	return 0;
}

static int add_status(struct envol *ev, struct envol_volume_info *info,
		      const struct envol_mapping *m)
{
	_cleanup_dm_target_ struct envol_dm_target status = ENVOL_DM_TARGET_INIT;
	int err;

	free(info->key_state);
	info->key_state = NULL;
	err = envol_mapping_key_state(ev, m, &info->key_state);
	if (err || strcmp(m->line.type, ENVOL_TARGET_NAME) != 0)
		return err;
	err = envol_dm_status(ev, m->name, &status);
	if (err)
		return err;
	free(info->engine);
	info->engine = envol_target_status(&status, ENVOL_STATUS_ENGINE);
	free(info->statistics);
	info->statistics = envol_target_statistics(&status);
	return 0;
}

int envol_info_add_mapping(struct envol *ev, struct envol_volume_info *info,
			   const struct envol_mapping *m)
{
	const struct envol_target_info *table = &m->table;

	info->suspended = m->info.suspended;
	info->read_only = m->info.read_only;
	info->in_use = m->info.open_count > 0;
	if (!envol_run_is_throwaway(&m->known))
		memcpy(info->fingerprint, m->known.fingerprint,
		       sizeof(info->fingerprint));
	if (!set(&info->name, m->name) || !set(&info->uuid, m->luks_uuid))
		return envol_error(ev, -ENOMEM, "out of memory");
	if (!m->line.params)
		return 0;
	if (!set(&info->target, m->line.type) ||
	    !set(&info->device, m->device) || !set(&info->header, m->known.header) ||
	    !set(&info->cipher, table->cipher))
		return envol_error(ev, -ENOMEM, "out of memory");
	info->key_size = table->key_size;
	info->sector_size = table->sector_size;
	info->data_offset = table->start_sector * ENVOL_TABLE_SECTOR;
	info->data_size = m->line.len_sectors * ENVOL_TABLE_SECTOR;
	return add_status(ev, info, m);
}
