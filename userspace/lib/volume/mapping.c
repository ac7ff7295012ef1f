// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/kernel/block.h"
#include "userspace/lib/metadata/header.h"
#include "userspace/lib/volume/mapping.h"

void envol_mapping_free(struct envol_mapping *mapping)
{
	envol_dm_free_target(&mapping->line);
	envol_target_free_info(&mapping->table);
	free(mapping->device);
	envol_run_free(&mapping->known);
	*mapping = (struct envol_mapping)ENVOL_MAPPING_INIT;
}

static bool is_our_key(const char *description)
{
	return description &&
	       strncmp(description, ENVOL_NAME_KEY_PREFIX,
		       strlen(ENVOL_NAME_KEY_PREFIX)) == 0;
}

/* One of crypt whose key is not ours: stock tools opened it, or the key was wiped. */
static int check_header(struct envol *ev, const struct envol_mapping *m)
{
	_cleanup_header_ struct envol_header *h = NULL;
	char message[ENVOL_MESSAGE_SIZE];

	if (!m->device)
		return envol_error(ev, -EMEDIUMTYPE,
				   "mapping %s: the device under it is gone, and nothing else says that it is a volume of envol",
				   m->name);
	if (!envol_header_open(ev, m->device, NULL, &h))
		return 0;
	strcpy(message, ev->message);
	return envol_error(ev, -EMEDIUMTYPE,
			   "mapping %s is not one of envol: %s", m->name,
			   message);
}

static int read_table(struct envol *ev, struct envol_mapping *m)
{
	unsigned int major, minor;
	int err;

	if (!m->info.live_table)
		return 0;
	err = envol_dm_table(ev, m->name, &m->line);
	if (!err)
		err = envol_target_parse(ev, &m->line, &m->table);
	if (err == -EMEDIUMTYPE)
		return envol_error_while(ev, err, "mapping %s", m->name);
	if (!err)
		err = envol_dm_lower(ev, m->name, &major, &minor);
	if (err)
		return err;
	err = envol_block_path(ev, major, minor, &m->device);
	return err == -ENODEV ? 0 : err;
}

static void name_key(struct envol_mapping *m)
{
	if (is_our_key(m->table.key_description) &&
	    strlen(m->table.key_description) < sizeof(m->key))
		strcpy(m->key, m->table.key_description);
	else
		envol_name_key(m->luks_uuid, m->name, m->key);
}

static int find(struct envol *ev, const char *name, struct envol_mapping *m)
{
	bool is_remembered;
	int err = envol_dm_info(ev, name, &m->info);

	if (err)
		return err;
	snprintf(m->name, sizeof(m->name), "%s", name);
	if (!envol_name_luks_uuid(m->info.uuid, m->luks_uuid))
		return envol_error(ev, -EMEDIUMTYPE,
				   "mapping %s is not one of envol: its UUID is \"%s\"",
				   name, m->info.uuid);
	err = read_table(ev, m);
	if (err)
		return err;
	name_key(m);
	is_remembered = envol_run_recall(ev, name, m->info.uuid, &m->known);
	if (!m->info.live_table || is_remembered ||
	    strcmp(m->line.type, ENVOL_TARGET_NAME) == 0 ||
	    is_our_key(m->table.key_description))
		return 0;
	return check_header(ev, m);
}

int envol_mapping_find(struct envol *ev, const char *name,
		       struct envol_mapping *mapping)
{
	int err = find(ev, name, mapping);

	if (err)
		envol_mapping_free(mapping);
	return err;
}

int envol_mapping_key_state(struct envol *ev, const struct envol_mapping *m,
			    char **state)
{
	_cleanup_dm_target_ struct envol_dm_target status = ENVOL_DM_TARGET_INIT;
	int err;

	if (strcmp(m->line.type, ENVOL_TARGET_NAME) != 0) {
		*state = strdup(m->table.key_description ?
					ENVOL_STATUS_KEY_READY :
					ENVOL_STATUS_KEY_WIPED);
	} else {
		err = envol_dm_status(ev, m->name, &status);
		if (err)
			return err;
		*state = envol_target_status(&status, ENVOL_STATUS_KEY);
	}
	return *state ? 0 : envol_error(ev, -ENOMEM,
					"mapping %s does not tell its key's state",
					m->name);
}
