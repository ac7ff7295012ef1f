/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the plugin says goes to the log of the program that it is in, and begins with "envol: ". */
#pragma once

#include <libcryptsetup.h>

#include "userspace/include/envol.h"
#include "userspace/token/trust.h"

/* For envol_set_log(), with the context as its data. */
void envol_say_line(enum envol_log_level level, const char *line, void *cd);

/* Why nothing is handed out, and what to do about it. */
void envol_say_failed(struct crypt_device *cd, int err, const char *sentence);

/* Whose volume it is; to a person, that nothing but his eyes has checked that. */
void envol_say_opened(struct crypt_device *cd, const struct trust *trust,
		      const char *fingerprint);
