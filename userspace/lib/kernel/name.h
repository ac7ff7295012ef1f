/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What mappings and their kernel keys are called. Pure. */
#pragma once

#include "userspace/lib/internal.h"

#define ENVOL_NAME_UUID_SIZE 129	/* of a device-mapper UUID with its NUL */
#define ENVOL_NAME_UUID_PREFIX "CRYPT-LUKS2-"
#define ENVOL_NAME_MAX 83		/* bytes of a mapping's name: what such a UUID leaves for it */
#define ENVOL_NAME_KEY_PREFIX "envol:"
#define ENVOL_NAME_KEY_SIZE 128		/* of a key's description with its NUL */
#define ENVOL_NAME_LUKS_UUID_SIZE 37	/* 8-4-4-4-12 hex digits and a NUL */

/*
 * -EINVAL, and the limit in the sentence, for what can't be a mapping's name: empty,
 * longer than ENVOL_NAME_MAX, with other characters than A-Z a-z 0-9 # + - . : = @ _
 * (udev and device-mapper would write them as escapes), "control" or only dots.
 */
int envol_name_check(struct envol *ev, const char *name) _must_check_;

/*
 * The device-mapper UUID that stock tools give the mapping of a LUKS2 volume.
 * @name has been checked; -EINVAL for a @luks_uuid of another form.
 */
int envol_name_uuid(struct envol *ev, const char *luks_uuid, const char *name,
		    char uuid[ENVOL_NAME_UUID_SIZE]) _must_check_;

/* The LUKS UUID in a mapping's, with its dashes; false if it is no LUKS2 mapping's. */
bool envol_name_luks_uuid(const char *uuid,
			  char luks_uuid[ENVOL_NAME_LUKS_UUID_SIZE]);

/*
 * The description of a mapping's kernel key. The name is in it so that two mappings
 * of one UUID (a volume and its snapshot) have two keys in one keyring.
 */
void envol_name_key(const char *luks_uuid, const char *name,
		    char description[ENVOL_NAME_KEY_SIZE]);
