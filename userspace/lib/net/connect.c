// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/net/connect.h"

int envol_connect_wait(int fd, short events, struct envol_deadline deadline)
{
	struct pollfd pfd = { fd, events, 0 };
	int left, n;

	do {
		left = envol_deadline_left_ms(deadline);
		n = left ? poll(&pfd, 1, left) : 0;
	} while (left && (n == 0 || (n < 0 && errno == EINTR)));
	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

static int resolve(struct envol *ev, const char *host, uint16_t port,
		   struct addrinfo **found)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					.ai_flags = AI_ADDRCONFIG };
	const struct addrinfo plain = { .ai_socktype = SOCK_STREAM };
	size_t len = strlen(host);
	char name[256], service[8];
	int err;

	if (*host == '[' && len > 2) {
		host++;
		len -= 2;
	}
	snprintf(name, sizeof(name), "%.*s", (int)len, host);
	snprintf(service, sizeof(service), "%u", port);
	err = getaddrinfo(name, service, &hints, found);
	/* A host that has nothing but a loopback device has no configured address. */
	if (err == EAI_NONAME || err == EAI_ADDRFAMILY || err == EAI_NODATA)
		err = getaddrinfo(name, service, &plain, found);
	if (err)
		return envol_error(ev, -EHOSTUNREACH,
				   "%s: the name is not found: %s", name,
				   err == EAI_SYSTEM ? strerror(errno) :
						       gai_strerror(err));
	return 0;
}

static int connect_to(const struct addrinfo *to, struct envol_deadline deadline,
		      int *fd)
{
	_cleanup_close_ int s = socket(to->ai_family,
				       SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(int);
	int err = 0, one = 1;

	if (s < 0)
		return -errno;
	/* A request is one write, and its answer is waited for. */
	if (setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		return -errno;
	if (connect(s, to->ai_addr, to->ai_addrlen) && errno != EINPROGRESS)
		return -errno;
	err = envol_connect_wait(s, POLLOUT, deadline);
	if (err)
		return err;
	if (getsockopt(s, SOL_SOCKET, SO_ERROR, &err, &len))
		return -errno;
	if (err)
		return -err;
	*fd = take_fd(&s);
	return 0;
}

static struct envol_deadline share(struct envol_deadline deadline, unsigned int users)
{
	return users > 1 ? envol_deadline_in(envol_deadline_left_ms(deadline) / users) :
			   deadline;
}

int envol_connect_tcp(struct envol *ev, const char *host, uint16_t port,
		      struct envol_deadline deadline, int *fd)
{
	struct addrinfo *found = NULL, *it;
	unsigned int left = 0;
	int err = resolve(ev, host, port, &found);

	if (err)
		return err;
	for (it = found; it; it = it->ai_next)
		left++;
	err = -EHOSTUNREACH;
	for (it = found; it; it = it->ai_next) {
		err = connect_to(it, share(deadline, left--), fd);
		if (!err)
			break;
	}
	freeaddrinfo(found);
	if (err == -ETIMEDOUT && envol_deadline_left_ms(deadline) == 0)
		return envol_error(ev, -ETIMEDOUT,
				   "%s port %u did not answer in time", host, port);
	return err ? envol_error(ev, -EHOSTUNREACH, "connect to %s port %u: %s",
				 host, port, strerror(-err)) : 0;
}
