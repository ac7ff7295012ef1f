/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages over a stream socket, whole and by a deadline. A secret goes from and
 * to the memory it lives in; between the two processes only the kernel holds it.
 */
#pragma once

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/provider/message.h"

/* One message as it came: @body is for the decoder that @kind names. */
struct envol_channel_message {
	enum envol_message_kind kind;
	struct envol_blob body;
	struct envol_secret secrets[ENVOL_MESSAGE_SECRETS];
};

#define ENVOL_CHANNEL_MESSAGE_INIT { 0 }
#define _cleanup_message_ _cleanup_(envol_channel_free_message)
void envol_channel_free_message(struct envol_channel_message *message);

/*
 * -EPIPE where the other end is gone, -ETIMEDOUT, -errno; no sentence, since only
 * the caller knows who that is. @secrets NULL: none.
 */
int envol_channel_send(int fd, enum envol_message_kind kind,
		       const struct envol_blob *body,
		       const struct envol_secret secrets[ENVOL_MESSAGE_SECRETS],
		       struct envol_deadline deadline) _must_check_;

/*
 * The next message into an empty @message. -EPIPE where the other end is gone
 * before or amidst one, -EBADMSG for what is none, -ETIMEDOUT; -ENOMEM, with a
 * sentence, where there is no memory for it.
 */
int envol_channel_receive(struct envol *ev, int fd,
			  struct envol_channel_message *message,
			  struct envol_deadline deadline) _must_check_;
