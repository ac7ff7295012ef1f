/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the Azure Arc agent makes sure that who asks it for a token is privileged on the
 * machine: it names a file that only such a process can read, whose content is to
 * be shown. It is not to make us read any other file, so little of what it says counts.
 */
#pragma once

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

#define ENVOL_ARC_DIRECTORY "/var/opt/azcmagent/tokens"
#define ENVOL_ARC_NAME_SIZE 128
#define ENVOL_ARC_FILE_MAX  4096

/*
 * The name of the file in that directory, from the agent's WWW-Authenticate header.
 * -EPROTO for another scheme, another directory, and a name that is no NAME.key.
 */
int envol_arc_name(struct envol *ev, const char *challenge,
		   char name[ENVOL_ARC_NAME_SIZE]) _must_check_;

/*
 * Its content, into an empty secret. -EPERM, with who may read it; -EPROTO for
 * what is a link, no file, empty, too large or not one printable word.
 */
int envol_arc_read(struct envol *ev, const char *directory, const char *name,
		   struct envol_secret *content) _must_check_;
