// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/kmip/peer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"

static const char *need(const char *variable)
{
	const char *value = getenv(variable);

	if (!value)
		FAIL("%s is not set: this is run by tests/kmip/run", variable);
	return value;
}

const char *peer_address(void)
{
	return need("ENVOL_KMIP_ADDRESS");
}

const char *peer_file(const char *name)
{
	static char paths[4][256];
	static unsigned int n;
	char *path = paths[n++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", need("ENVOL_KMIP"), name);
	return path;
}

void peer_set(struct envol *ev, const char *key, const char *value)
{
	CHECK_OK(envol_set_provider(ev, "kmip", NULL, key, value));
}

void peer_configure(struct envol *ev)
{
	peer_set(ev, "ca_file", peer_file("ca.pem"));
	peer_set(ev, "certificate_file", peer_file("client.pem"));
	peer_set(ev, "key_file", peer_file("client.key"));
	/* A server is listed if it has a section. */
	CHECK_OK(envol_set_provider(ev, "kmip", peer_address(), "ca_file",
				    peer_file("ca.pem")));
}

void peer_new_names(char uri[PEER_URI_SIZE], char other_uri[PEER_URI_SIZE])
{
	int pid = getpid();

	snprintf(uri, PEER_URI_SIZE, "kmip://%s/?name=disk-%d", peer_address(), pid);
	snprintf(other_uri, PEER_URI_SIZE, "kmip://%s/?name=other-%d", peer_address(), pid);
}

/* It ends with its standard input: also where this test is killed. */
void peer_start(struct peer_double *peer, const char *options)
{
	int in[2], out[2];
	char command[512], port[16] = "";
	FILE *says;

	CHECK_OK(pipe(in));
	CHECK_OK(pipe(out));
	snprintf(command, sizeof(command), "exec /usr/bin/python3 tests/kmip/double.py %s %s",
		 need("ENVOL_KMIP"), options);
	peer->pid = fork();
	CHECK(peer->pid >= 0);
	if (peer->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close_range(3, ~0u, 0);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	says = fdopen(out[0], "r");
	CHECK(says);
	if (!fgets(port, sizeof(port), says))
		FAIL("no double: %s", command);
	fclose(says);
	peer->stdin_fd = in[1];
	snprintf(peer->address, sizeof(peer->address), "127.0.0.1:%d", atoi(port));
}

void peer_stop(struct peer_double *peer)
{
	close(peer->stdin_fd);
	CHECK(waitpid(peer->pid, NULL, 0) == peer->pid);
}

void peer_run(char *line, size_t size, const char *fmt, ...)
{
	char command[1024];
	va_list args;
	FILE *out;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	out = popen(command, "r");
	CHECK(out);
	if (!fgets(line, (int)size, out))
		*line = 0;
	line[strcspn(line, "\n")] = 0;
	if (pclose(out))
		FAIL("failed: %s", command);
}
