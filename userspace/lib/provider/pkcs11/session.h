/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session with a token, logged in as its user. */
#pragma once

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/provider/pkcs11/module.h"

struct envol_pkcs11_session {
	struct envol *ev;
	struct envol_deadline deadline;
	struct envol_pkcs11_token token;
	CK_SESSION_HANDLE handle;
	bool is_open, is_writable;
	CK_RV rv;	/* what the token said last, to tell a lost session by */
	struct envol_secret pin;	/* that was accepted; empty: none was needed */
};

/*
 * With the token in session->token, which is then the session's. -ENOANO where a PIN
 * is needed or was refused, -EACCES where it is locked or has expired; else errors
 * of the token.
 */
int envol_pkcs11_session_open(struct envol_pkcs11_session *session)
	_must_check_;

/* After an error: an operation may have been left behind, or the session be gone. */
int envol_pkcs11_session_reopen(struct envol_pkcs11_session *session)
	_must_check_;
void envol_pkcs11_session_close(struct envol_pkcs11_session *session);

/* Of the token's own generator, into @bytes, which has its size. -EOPNOTSUPP: it has none. */
int envol_pkcs11_session_random(struct envol_pkcs11_session *session,
				struct envol_secret *bytes) _must_check_;

/* Keys that want the PIN for each use: between the operation's start and its end. */
int envol_pkcs11_session_confirm(struct envol_pkcs11_session *session)
	_must_check_;
