/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One operation on a KEK, whatever process and however many tries it takes: here
 * are the deadline, the retries, the error's context and the audit record.
 */
#pragma once

#include "userspace/lib/provider/message.h"

/*
 * Run request->operation on request->uri with what the request has for it; the
 * handle's settings are filled in here. @reply must be empty. Returns the
 * provider's error or one of envol_child_run(), with a sentence.
 */
int envol_run_request(struct envol *ev, struct envol_request *request,
		      struct envol_reply *reply) _must_check_;
