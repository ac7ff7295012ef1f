/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* application/x-www-form-urlencoded: the body of a request for a token, which is a secret. */
#pragma once

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

struct envol_form {
	struct envol_secret text;
	size_t used;
};

#define ENVOL_FORM_INIT { 0 }
#define _cleanup_form_ _cleanup_(envol_form_free)
void envol_form_free(struct envol_form *form);

/* -EMSGSIZE where it grows beyond ENVOL_SECRET_MAX, -ENOMEM. */
int envol_form_add(struct envol *ev, struct envol_form *form, const char *name,
		   const char *value) _must_check_;
int envol_form_add_secret(struct envol *ev, struct envol_form *form,
			  const char *name, const struct envol_secret *value)
	_must_check_;

/* The same of what is no secret, for a URL: malloc'ed, NULL where memory is short. */
char *envol_form_escape(const char *text) _must_check_;
