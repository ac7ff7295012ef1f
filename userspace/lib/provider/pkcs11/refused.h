/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PINs of files that a token refused: three strikes lock a real one, so that none is
 * offered twice. What is remembered, in STATE/pkcs11, tells one writing of a file from
 * another (its inode and the time it was changed), and nothing of the PIN, its
 * length neither.
 */
#pragma once

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/provider/pkcs11/module.h"

struct envol_pkcs11_refused {
	int dir;	/* locked while a PIN is tried; -1: nothing can be remembered */
	char name[40];
	char file[512];	/* that was refused, when; "" */
};

/*
 * -ENOANO if the PIN in @file was refused by @token before. Until the close no other
 * process tries one, so that eight of them at once are one strike.
 */
int envol_pkcs11_refused_open(struct envol *ev,
			      const struct envol_pkcs11_token *token,
			      const char *file, struct envol_deadline deadline,
			      struct envol_pkcs11_refused *refused) _must_check_;

/* It was: say so behind the recorded sentence, and remember. */
void envol_pkcs11_refused_note(struct envol *ev,
			       const struct envol_pkcs11_refused *refused,
			       const char *file);
void envol_pkcs11_refused_close(struct envol_pkcs11_refused *refused);

/* A PIN was accepted: what was remembered of @token is history. */
void envol_pkcs11_refused_forget(struct envol *ev,
				 const struct envol_pkcs11_token *token);
