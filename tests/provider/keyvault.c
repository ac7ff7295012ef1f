// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/provider/keyvault.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"

#define PROGRAM "tests/keyvault/start"

static void wait_until_ready(int fd)
{
	char text[8192];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0) {
		len += n;
		text[len] = 0;
		if (strstr(text, "\nready\n"))
			return;
	}
	FAIL("the double of Key Vault does not start");
}

const char *keyvault_fact(const struct keyvault *keyvault, const char *name)
{
	static char line[512];
	size_t len = strlen(name);
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/facts", keyvault->directory);
	f = fopen(path, "r");
	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, len) != 0 || line[len] != '=')
			continue;
		fclose(f);
		line[strcspn(line, "\n")] = 0;
		return line + len + 1;
	}
	FAIL("the double knows no fact %s", name);
}

static void set(struct place *place, const char *key, const char *value)
{
	CHECK_OK(envol_set_provider(place->ev, "https", NULL, key, value));
}

void keyvault_start(struct keyvault *keyvault, struct place *place)
{
	int ends[2];

	snprintf(keyvault->directory, sizeof(keyvault->directory), "%s",
		 place_path(place, "double"));
	CHECK(pipe(ends) == 0);
	keyvault->pid = fork();
	if (keyvault->pid == 0) {
		dup2(ends[1], 1);
		close(ends[0]);
		close(ends[1]);
		execl(PROGRAM, PROGRAM, keyvault->directory, NULL);
		_exit(127);
	}
	close(ends[1]);
	wait_until_ready(ends[0]);
	close(ends[0]);
	set(place, "ca_file", keyvault_fact(keyvault, "CA"));
	set(place, "proxy", keyvault_fact(keyvault, "PROXY"));
	set(place, "identity", "secret");
	set(place, "tenant", keyvault_fact(keyvault, "TENANT"));
	set(place, "client_id", keyvault_fact(keyvault, "CLIENT_ID"));
	set(place, "client_secret_file", keyvault_fact(keyvault, "SECRET_FILE"));
	set(place, "key_size", "2048");
}

void keyvault_stop(struct keyvault *keyvault)
{
	kill(keyvault->pid, SIGTERM);
	CHECK(waitpid(keyvault->pid, NULL, 0) == keyvault->pid);
}

void keyvault_tell(const struct keyvault *keyvault, const char *fmt, ...)
{
	char command[1024];
	va_list args;
	int len;

	len = snprintf(command, sizeof(command),
		       "tests/keyvault/tell %s ",
		       keyvault_fact(keyvault, "CONTROL"));
	va_start(args, fmt);
	vsnprintf(command + len, sizeof(command) - len, fmt, args);
	va_end(args);
	strcat(command, " >/dev/null");
	CHECK_EQ(system(command), 0);
}
