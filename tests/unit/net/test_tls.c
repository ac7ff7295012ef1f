// SPDX-License-Identifier: GPL-2.0-or-later
/* Servers that are not there, or say nothing, or no TLS. Real ones: tests/kmip. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/net/connect.h"
#include "userspace/lib/net/tls.h"

static struct envol *ev;
static char top[64];

static const char *in_top(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	return path;
}

static void setup(void)
{
	char command[512];

	strcpy(top, "/tmp/envol-tls-XXXXXX");
	CHECK(mkdtemp(top));
	CHECK_OK(envol_new(&ev));
	snprintf(command, sizeof(command),
		 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ca -keyout %s/key -out %s/ca 2>/dev/null",
		 top, top);
	CHECK_EQ(system(command), 0);
}

static void teardown(void)
{
	char command[128];

	envol_free(ev);
	snprintf(command, sizeof(command), "rm -r %s", top);
	CHECK_EQ(system(command), 0);
}

static int listen_on(uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(s >= 0);
	CHECK_OK(bind(s, (struct sockaddr *)&at, sizeof(at)));
	CHECK_OK(listen(s, 4));
	CHECK_OK(getsockname(s, (struct sockaddr *)&at, &len));
	*port = ntohs(at.sin_port);
	return s;
}

static int open_to(uint16_t port, unsigned int timeout_ms)
{
	const struct envol_tls_options options = { .ca_file = in_top("ca") };
	struct envol_tls *tls = NULL;
	int err;

	err = envol_tls_open(ev, "127.0.0.1", port, &options,
			     envol_deadline_in(timeout_ms), &tls);
	envol_tls_close(tls);
	return err;
}

/* A server that says @text, as it is, and closes or stays; its process. */
static pid_t serve(int listening, const char *text, bool stays)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		int s = accept(listening, NULL, NULL);
		char rest[4096];

		if (recv(s, rest, sizeof(rest), 0) < 0)
			_exit(1);
		if (*text && send(s, text, strlen(text), MSG_NOSIGNAL) < 0)
			_exit(1);
		while (stays)
			pause();
		_exit(0);
	}
	return pid;
}

TEST(a_port_without_a_server_is_unreachable)
{
	uint16_t port;
	int s;

	setup();
	s = listen_on(&port);
	close(s);
	CHECK_ERR(open_to(port, 5000), -EHOSTUNREACH);
	CHECK_STR_HAS(envol_error_message(ev), "127.0.0.1 port");
	CHECK_STR_HAS(envol_error_message(ev), "refused");
	teardown();
}

TEST(a_name_that_is_not_there_is_unreachable)
{
	int fd;

	setup();
	CHECK_ERR(envol_connect_tcp(ev, "nobody.invalid", 1, envol_deadline_in(20000), &fd),
		  -EHOSTUNREACH);
	CHECK_STR_HAS(envol_error_message(ev), "nobody.invalid: the name is not found");
	teardown();
}

TEST(a_server_that_says_nothing_ends_with_the_deadline)
{
	int64_t began;
	uint16_t port;

	setup();
	listen_on(&port);
	began = envol_deadline_now_ms();
	CHECK_ERR(open_to(port, 300), -ETIMEDOUT);
	CHECK(envol_deadline_now_ms() - began < 3000);
	CHECK_STR_HAS(envol_error_message(ev), "127.0.0.1 did not answer in time");
	teardown();
}

TEST(a_server_that_hangs_up_is_unreachable)
{
	uint16_t port;
	int s;

	setup();
	s = listen_on(&port);
	serve(s, "", false);
	CHECK_ERR(open_to(port, 5000), -EHOSTUNREACH);
	CHECK_STR_HAS(envol_error_message(ev), "connection was lost");
	teardown();
}

TEST(what_is_no_tls_is_a_fault_of_the_protocol)
{
	uint16_t port;
	pid_t pid;
	int s;

	setup();
	s = listen_on(&port);
	pid = serve(s, "HTTP/1.0 400 Bad Request\r\n\r\n", true);
	CHECK_ERR(open_to(port, 5000), -EPROTO);
	CHECK_STR_HAS(envol_error_message(ev), "TLS");
	kill(pid, SIGKILL);
	teardown();
}

TEST(files_that_are_none_are_named)
{
	struct envol_tls_options options = { .ca_file = "/nonexistent/ca.pem" };
	struct envol_secret none = { .data = (uint8_t *)"none", .len = 4 };
	struct envol_tls *tls;

	setup();
	CHECK_ERR(envol_tls_open(ev, "127.0.0.1", 1, &options, envol_deadline_in(1000), &tls),
		  -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "ca_file /nonexistent/ca.pem");
	options.ca_file = "/etc/passwd";
	CHECK_ERR(envol_tls_open(ev, "127.0.0.1", 1, &options, envol_deadline_in(1000), &tls),
		  -EINVAL);
	options.ca_file = strdup(in_top("ca"));
	options.certificate_file = "/etc/passwd";
	CHECK_ERR(envol_tls_open(ev, "127.0.0.1", 1, &options, envol_deadline_in(1000), &tls),
		  -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "certificate_file /etc/passwd");
	options.certificate_file = options.ca_file;
	options.key = &none;
	options.key_file = "/a.key";
	CHECK_ERR(envol_tls_open(ev, "127.0.0.1", 1, &options, envol_deadline_in(1000), &tls),
		  -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "key_file /a.key: no private key");
	free((char *)options.ca_file);
	teardown();
}
