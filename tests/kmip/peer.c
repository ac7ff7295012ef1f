// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/kmip/peer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
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
