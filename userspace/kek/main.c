// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One operation of one provider in a process of its own, of a program that has this
 * provider alone. libenvol starts it with a socket as file descriptor 3, sends one
 * request, takes one reply, and both ends are closed. It ends at once when the other end goes away or
 * the time that the request allows is over, whatever a library is doing then.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "userspace/kek/harden.h"
#include "userspace/kek/operate.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/channel.h"

#define REQUEST_FD 3
#define REQUEST_MS 10000	/* for the request to arrive */
#define REPLY_MS   10000	/* for the reply to be taken */
#define LATE_MS	   1000		/* the caller ends us at its deadline; here is what does if it can't */
#define EXIT_USAGE 2

static bool is_run_by_library(void)
{
	int domain, type;
	socklen_t len = sizeof(int);

	return getsockopt(REQUEST_FD, SOL_SOCKET, SO_DOMAIN, &domain, &len) ==
		       0 && domain == AF_UNIX &&
	       getsockopt(REQUEST_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_STREAM;
}

static struct envol_deadline until;

/* The other end says nothing after its request: what happens there is its end. */
static void *end_with_caller(void *unused)
{
	struct pollfd pfd = { REQUEST_FD, POLLRDHUP, 0 };
	int left, n;

	do {
		left = envol_deadline_left_ms(until);
		n = left ? poll(&pfd, 1, left) : 0;
	} while (left && (n == 0 || (n < 0 && errno == EINTR)));
	_exit(0);
}

static int watch_caller(struct envol *ev, struct envol_deadline deadline)
{
	pthread_t thread;
	int err;

	until = deadline;
	err = pthread_create(&thread, NULL, end_with_caller, NULL);
	if (err)
		return envol_error_errno(ev, -err, "start a thread");
	pthread_detach(thread);
	return 0;
}

static void send_log(enum envol_log_level level, const char *line, void *unused)
{
	_cleanup_blob_ struct envol_blob body = ENVOL_BLOB_INIT;

	/* A line that is lost is no reason to fail. */
	if (envol_message_encode_log(level, line, &body) ||
	    envol_channel_send(REQUEST_FD, ENVOL_MESSAGE_LOG, &body, NULL,
			       envol_deadline_in(REPLY_MS)))
		return;
}

static int take_request(struct envol *ev, struct envol_request *request)
{
	_cleanup_message_ struct envol_channel_message message =
		ENVOL_CHANNEL_MESSAGE_INIT;
	size_t i;
	int err;

	err = envol_channel_receive(ev, REQUEST_FD, &message,
				    envol_deadline_in(REQUEST_MS));
	if (!err && message.kind != ENVOL_MESSAGE_REQUEST)
		err = -EBADMSG;
	if (!err)
		err = envol_message_decode_request(request, message.body.data,
						   message.body.len);
	if (err == -ENOMEM && *ev->message)
		return err;
	if (err)
		return envol_error_errno(ev, err, "take the request");
	for (i = 0; i < ENVOL_MESSAGE_SECRETS; i++)
		envol_secret_move(&request->secrets[i], &message.secrets[i]);
	return 0;
}

static int configure(struct envol *ev, const struct envol_request *request)
{
	int err;

	envol_set_log(ev, send_log, NULL, request->log_level);
	err = envol_set_keystore(ev, request->keystore);
	if (!err)
		err = envol_set_state(ev, request->state);
	if (!err)
		err = envol_set_tpm(ev, request->tpm);
	if (!err)
		err = envol_set_kek_directory(ev, request->kek_directory);
	if (!err && envol_settings_copy(&ev->settings, &request->settings, ""))
		err = envol_error(ev, -ENOMEM, "out of memory");
	return err;
}

/* A tenth, up to half a second, is left for an error of the provider's own to get through. */
static struct envol_deadline provider_deadline(uint32_t left_ms)
{
	uint32_t margin = left_ms / 10;

	return envol_deadline_in(left_ms - (margin < 500 ? margin : 500));
}

static void serve(struct envol *ev, struct envol_reply *reply)
{
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	int err;

	err = envol_harden_process(ev, REQUEST_FD);
	if (!err)
		err = take_request(ev, &request);
	if (!err)
		err = configure(ev, &request);
	if (!err)
		err = watch_caller(ev, envol_deadline_in(request.left_ms + LATE_MS));
	if (!err) {
		envol_secret_move(&ev->request_pin,
				  &request.secrets[ENVOL_MESSAGE_PIN]);
		envol_operate(ev, &request, provider_deadline(request.left_ms),
			      reply);
		return;
	}
	reply->err = err;
	reply->sentence = strdup(ev->message);
}

static int answer(const struct envol_reply *reply)
{
	static const struct envol_secret none[ENVOL_MESSAGE_SECRETS];
	_cleanup_blob_ struct envol_blob body = ENVOL_BLOB_INIT;
	struct envol_reply too_long = { .err = -EMSGSIZE,
					.sentence = (char *)"the answer of the provider is too long" };
	const struct envol_secret *secrets = reply->err ? none : reply->secrets;

	if (envol_message_encode_reply(reply, &body)) {
		envol_blob_free(&body);
		secrets = none;
		if (envol_message_encode_reply(&too_long, &body))
			return 1;
	}
	return envol_channel_send(REQUEST_FD, ENVOL_MESSAGE_REPLY, &body,
				  secrets, envol_deadline_in(REPLY_MS)) ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct envol_reply reply = ENVOL_REPLY_INIT;
	struct envol *ev;
	int status;

	if (argc != 1 || !is_run_by_library()) {
		fprintf(stderr,
			"%s: this is run by envol, with a socket as file descriptor 3, and does nothing by hand; see envol(8)\n",
			argc ? argv[0] : "kek");
		return EXIT_USAGE;
	}
	if (envol_new(&ev))
		return 1;
	serve(ev, &reply);
	envol_free(ev);
	status = answer(&reply);
	envol_message_free_reply(&reply);
	/* Not exit(): a thread of a library may be at work, under which handlers would take it down. */
	_exit(status);
}
