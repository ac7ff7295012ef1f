/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request to the provider that serves it. */
#pragma once

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/provider/message.h"

/* Fill @reply, its error and sentence included. */
void envol_operate(struct envol *ev, const struct envol_request *request,
		   struct envol_deadline deadline, struct envol_reply *reply);
