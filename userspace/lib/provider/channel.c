// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/channel.h"

void envol_channel_free_message(struct envol_channel_message *message)
{
	size_t i;

	envol_blob_free(&message->body);
	for (i = 0; i < ENVOL_MESSAGE_SECRETS; i++)
		envol_secret_wipe(&message->secrets[i]);
}

/* 0 once @fd is ready, or gone, which the next call on it will tell. */
static int wait_for(int fd, short events, struct envol_deadline deadline)
{
	struct pollfd pfd = { fd, events, 0 };
	int n;

	do {
		int left = envol_deadline_left_ms(deadline);

		if (left == 0)
			return -ETIMEDOUT;
		n = poll(&pfd, 1, left);
	} while (n == 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

static int gone(int err)
{
	return err == -ECONNRESET ? -EPIPE : err;
}

/* Drop the first @n bytes of what is still to be sent, and what is empty then. */
static void advance(struct msghdr *msg, size_t n)
{
	while (msg->msg_iovlen && n >= msg->msg_iov->iov_len) {
		n -= msg->msg_iov->iov_len;
		msg->msg_iov++;
		msg->msg_iovlen--;
	}
	if (n) {
		msg->msg_iov->iov_base = (uint8_t *)msg->msg_iov->iov_base + n;
		msg->msg_iov->iov_len -= n;
	}
}

static int send_all(int fd, struct msghdr *msg, struct envol_deadline deadline)
{
	advance(msg, 0);
	while (msg->msg_iovlen) {
		ssize_t n = sendmsg(fd, msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		int err;

		if (n >= 0) {
			advance(msg, n);
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return gone(-errno);
		err = wait_for(fd, POLLOUT, deadline);
		if (err)
			return err;
	}
	return 0;
}

int envol_channel_send(int fd, enum envol_message_kind kind,
		       const struct envol_blob *body,
		       const struct envol_secret secrets[ENVOL_MESSAGE_SECRETS],
		       struct envol_deadline deadline)
{
	struct envol_message_head head = { .kind = kind, .body_len = body->len };
	struct iovec parts[2 + ENVOL_MESSAGE_SECRETS];
	uint8_t bytes[ENVOL_MESSAGE_HEAD_SIZE];
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = 2 };
	size_t i;

	parts[0] = (struct iovec){ bytes, sizeof(bytes) };
	parts[1] = (struct iovec){ body->data, body->len };
	for (i = 0; secrets && i < ENVOL_MESSAGE_SECRETS; i++) {
		head.secret_lens[i] = secrets[i].len;
		parts[msg.msg_iovlen++] =
			(struct iovec){ secrets[i].data, secrets[i].len };
	}
	envol_message_encode_head(bytes, &head);
	return send_all(fd, &msg, deadline);
}

static int receive_all(int fd, uint8_t *data, size_t len,
		       struct envol_deadline deadline)
{
	while (len) {
		ssize_t n = recv(fd, data, len, MSG_DONTWAIT);
		int err;

		if (n > 0) {
			data += n;
			len -= n;
			continue;
		}
		if (n == 0)
			return -EPIPE;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return gone(-errno);
		err = wait_for(fd, POLLIN, deadline);
		if (err)
			return err;
	}
	return 0;
}

/* In pieces: what the other end says of a length costs no memory before it comes. */
static int receive_body(struct envol *ev, int fd, struct envol_blob *body,
			size_t len, struct envol_deadline deadline)
{
	uint8_t piece[4096];

	while (len) {
		size_t part = len < sizeof(piece) ? len : sizeof(piece);
		int err = receive_all(fd, piece, part, deadline);

		if (err)
			return err;
		err = envol_blob_append(body, piece, part);
		if (err)
			return envol_error(ev, err,
					   "out of memory for a message");
		len -= part;
	}
	return 0;
}

int envol_channel_receive(struct envol *ev, int fd,
			  struct envol_channel_message *message,
			  struct envol_deadline deadline)
{
	uint8_t bytes[ENVOL_MESSAGE_HEAD_SIZE];
	struct envol_message_head head;
	size_t i;
	int err;

	err = receive_all(fd, bytes, sizeof(bytes), deadline);
	if (!err)
		err = envol_message_decode_head(&head, bytes);
	if (!err)
		err = receive_body(ev, fd, &message->body, head.body_len,
				   deadline);
	for (i = 0; !err && i < ENVOL_MESSAGE_SECRETS; i++) {
		struct envol_secret *secret = &message->secrets[i];

		if (head.secret_lens[i] == 0)
			continue;
		err = envol_secret_alloc(ev, secret, head.secret_lens[i]);
		if (!err)
			err = receive_all(fd, secret->data, secret->len,
					  deadline);
	}
	if (!err)
		message->kind = head.kind;
	return err;
}
