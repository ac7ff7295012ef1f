// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "userspace/cli/harden.h"

extern char **environ;

/*
 * What is kept, by the beginning of its name: the terminal and the language, where
 * identities and proxies of cloud services are announced, and what sanitizers or a
 * guest need. SSLKEYLOGFILE, OPENSSL_CONF, MALLOC_… and the like go.
 */
static const char *const kept[] = {
	"TERM=", "LANG=", "LC_", "TZ=", "HOME=", "AZURE_", "IDENTITY_", "IMDS_",
	"MSI_", "https_proxy=", "HTTPS_PROXY=", "no_proxy=", "NO_PROXY=",
	"CREDENTIALS_DIRECTORY=", "NOTIFY_SOCKET=",
	"DM_DISABLE_UDEV=", "ASAN_OPTIONS=", "LSAN_OPTIONS=", "UBSAN_OPTIONS=",
};

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "envol: error: %s: %m\n", what);
	exit(1);
}

static int is_kept(const char *variable)
{
	size_t i;

	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strncmp(variable, kept[i], strlen(kept[i])) == 0)
			return 1;
	return 0;
}

static void clean_environment(void)
{
	char **from, **to;

	for (from = to = environ; *from; from++)
		if (is_kept(*from))
			*to++ = *from;
	*to = NULL;
	if (setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1))
		give_up("set PATH");
}

/*
 * A descriptor 0, 1 or 2 that is closed would become that of a device. What takes its
 * place can be neither read nor written, as it was: an answer that nobody gets is
 * an error.
 */
static void open_standard_descriptors(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			give_up("open /dev/null");
}

void envol_harden_process(void)
{
	const struct rlimit none = { 0, 0 };

	open_standard_descriptors();
	if (getauxval(AT_SECURE)) {
		fprintf(stderr, "envol: error: it is not made to be set-user-ID\n");
		exit(1);
	}
	if (setrlimit(RLIMIT_CORE, &none))
		give_up("forbid core dumps");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		give_up("forbid tracing");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		give_up("forbid new privileges");
	umask(077);
	/* A pipe without a reader is an error of writing, told like any other. */
	signal(SIGPIPE, SIG_IGN);
	clean_environment();
}
