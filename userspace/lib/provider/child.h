/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The program of a provider, run for one request. It is started with an empty
 * environment, default signals and a socket as file descriptor 3; what it does
 * with them is told in userspace/kek/main.c.
 */
#pragma once

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/provider/message.h"

/*
 * Ask the program of @scheme for @request and take the answer into @reply, which must
 * be empty. 0 if there is one, be it an error of its own (reply->err). Else, with a
 * sentence: -ETIMEDOUT where the deadline passed, -EIO for a process that ended without an
 * answer, -EINTR for one that was interrupted, -EPROTO for an answer that is
 * none, -ENOPKG for a program that is not installed, -ENOEXEC for one that can't be
 * run, -ENOMEM. The process has ended in any case.
 */
int envol_child_run(struct envol *ev, const char *scheme,
		    const struct envol_request *request,
		    struct envol_deadline deadline, struct envol_reply *reply)
	_must_check_;

/* Whom the program of another provider asks as well, to unseal what it needs. */
#define ENVOL_CHILD_SEALER "service"

/* The same to sign with a key in a token. */
#define ENVOL_CHILD_SIGNER "pkcs11"

bool envol_child_is_installed(struct envol *ev, const char *scheme);
