// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program of somebody else's that loads the plugin $PLUGIN: what is its own is afterwards
 * as it was before, whether the plugin opens $DEVICE or not. test_host makes a place for it.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/token/plugin.h"

#define PASSPHRASE_SIZE 64
#define THREADS 8
#define ROUNDS 4

extern char **environ;

static struct {
	void *handle;
	__typeof__(&cryptsetup_token_open) open;
	__typeof__(&cryptsetup_token_buffer_free) buffer_free;
} plugin;

static void load(void)
{
	const char *path = getenv("PLUGIN");

	plugin.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!plugin.handle)
		FAIL("%s", dlerror());
	plugin.open = dlvsym(plugin.handle, CRYPT_TOKEN_ABI_OPEN,
			     CRYPT_TOKEN_ABI_VERSION1);
	plugin.buffer_free = dlvsym(plugin.handle, CRYPT_TOKEN_ABI_BUFFER_FREE,
				    CRYPT_TOKEN_ABI_VERSION1);
	CHECK(plugin.open && plugin.buffer_free);
}

static void listen_to_nothing(int level, const char *message, void *data)
{
}

static struct crypt_device *read_header(void)
{
	struct crypt_device *cd;

	CHECK_OK(crypt_init(&cd, getenv("DEVICE")));
	crypt_set_log_callback(cd, listen_to_nothing, NULL);
	CHECK_OK(crypt_load(cd, CRYPT_LUKS2, NULL));
	return cd;
}

/* What it gives for the device: 0 or its error, the bytes in @text. */
static int ask(char text[PASSPHRASE_SIZE])
{
	struct crypt_device *cd = read_header();
	char *buffer = NULL;
	size_t len = 0;
	int err = plugin.open(cd, 0, &buffer, &len, NULL);

	if (err) {
		CHECK(!buffer && !len);
	} else {
		CHECK_EQ(len, PASSPHRASE_SIZE);
		memcpy(text, buffer, len);
		plugin.buffer_free(buffer, len);
	}
	crypt_free(cd);
	return err;
}

/* ---- what is the program's own ---- */

struct own {
	int n_fds;
	struct {
		void (*handler)(int);
		int flags;
	} signals[NSIG];
	bool is_blocked[NSIG];
	mode_t umask;
	char directory[256];
	char **environ;
	struct rlimit limits[RLIM_NLIMITS];
	CRYPTO_malloc_fn malloc;
	CRYPTO_realloc_fn realloc;
	CRYPTO_free_fn free;
};

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	CHECK(dir != NULL);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void look(struct own *own)
{
	struct sigaction action;
	sigset_t mask;
	int i;

	memset(own, 0, sizeof(*own));
	own->n_fds = count_fds();
	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (i = 1; i < NSIG; i++) {
		if (sigaction(i, NULL, &action))
			continue;
		own->signals[i].handler = action.sa_handler;
		own->signals[i].flags = action.sa_flags;
		own->is_blocked[i] = sigismember(&mask, i) == 1;
	}
	own->umask = umask(0);
	umask(own->umask);
	CHECK(getcwd(own->directory, sizeof(own->directory)) != NULL);
	own->environ = environ;
	for (i = 0; i < RLIM_NLIMITS; i++)
		getrlimit(i, &own->limits[i]);
	CRYPTO_get_mem_functions(&own->malloc, &own->realloc, &own->free);
}

/* The directory and the signals that the program had set are among it. */
static void set_up(void)
{
	CHECK(chdir("/usr") == 0);
	umask(0007);
	CHECK(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
	CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
}

TEST(nothing_of_the_program_is_changed)
{
	char text[PASSPHRASE_SIZE];
	struct own before, after;
	int status;
	pid_t child;

	set_up();
	child = fork();
	if (child == 0)
		_exit(7);
	/* The first load of the libraries opens what stays open: that is libcryptsetup's. */
	crypt_free(read_header());
	look(&before);
	load();
	CHECK_OK(ask(text));
	dlclose(plugin.handle);
	look(&after);
	CHECK_MEM_EQ(&before, &after, sizeof(before));
	/* Its child is still there to be waited for, and there is no other. */
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(WEXITSTATUS(status), 7);
	CHECK(waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD);
}

TEST(nor_when_it_refuses)
{
	char text[PASSPHRASE_SIZE];
	struct own before, after;
	int i;

	set_up();
	load();
	CHECK(rename("/etc/envol/volumes", "/etc/envol/away") == 0);
	(void)ask(text);
	look(&before);
	for (i = 0; i < 20; i++)
		CHECK_ERR(ask(text), -ENOENT);
	look(&after);
	CHECK(rename("/etc/envol/away", "/etc/envol/volumes") == 0);
	CHECK_MEM_EQ(&before, &after, sizeof(before));
}

static void ignore(int signal)
{
}

/* systemd ignores SIGCHLD in some programs; others are interrupted by it. */
TEST(programs_that_reap_by_themselves)
{
	const struct sigaction interrupts = { .sa_handler = ignore };
	char text[PASSPHRASE_SIZE], again[PASSPHRASE_SIZE];

	load();
	CHECK_OK(ask(text));
	CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	CHECK_OK(ask(again));
	CHECK_MEM_EQ(text, again, sizeof(text));
	CHECK(sigaction(SIGCHLD, &interrupts, NULL) == 0);
	CHECK_OK(ask(again));
	CHECK_MEM_EQ(text, again, sizeof(text));
}

TEST(standard_descriptors_may_be_closed)
{
	char text[PASSPHRASE_SIZE];
	int i, out = fcntl(1, F_DUPFD_CLOEXEC, 10), err;

	load();
	for (i = 0; i < 3; i++)
		close(i);
	err = ask(text);
	CHECK(dup2(out, 1) == 1);
	CHECK_OK(err);
}

static void *ask_often(void *data)
{
	char *text = data, again[PASSPHRASE_SIZE];
	int i;

	CHECK_OK(ask(text));
	for (i = 1; i < ROUNDS; i++) {
		CHECK_OK(ask(again));
		CHECK_MEM_EQ(text, again, PASSPHRASE_SIZE);
	}
	return NULL;
}

TEST(threads_may_ask_at_once)
{
	static char texts[THREADS][PASSPHRASE_SIZE];
	pthread_t threads[THREADS];
	int i;

	load();
	/* libcryptsetup's own first call is not for several threads. */
	crypt_free(read_header());
	for (i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, ask_often, texts[i]), 0);
	for (i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	for (i = 1; i < THREADS; i++)
		CHECK_MEM_EQ(texts[0], texts[i], PASSPHRASE_SIZE);
}

/* The flags of the mapping that has @address, or "". */
static void flags_of(const void *address, char flags[256])
{
	unsigned long from, to, at = (unsigned long)address;
	bool is_it = false;
	char line[512];
	FILE *maps = fopen("/proc/self/smaps", "r");

	*flags = 0;
	CHECK(maps != NULL);
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			is_it = from <= at && at < to;
		else if (is_it && strncmp(line, "VmFlags:", 8) == 0)
			snprintf(flags, 256, "%.250s", line);
	}
	fclose(maps);
}

TEST(what_it_hands_out_is_locked_and_goes_when_it_is_freed)
{
	struct crypt_device *cd;
	char flags[256], *buffer;
	size_t len;

	load();
	cd = read_header();
	CHECK_OK(plugin.open(cd, 0, &buffer, &len, NULL));
	flags_of(buffer, flags);
	CHECK_STR_HAS(flags, " lo");
	CHECK_STR_HAS(flags, " dd");
	CHECK_STR_HAS(flags, " wf");
	plugin.buffer_free(buffer, len);
	flags_of(buffer, flags);
	CHECK_STR_EQ(flags, "");
	crypt_free(cd);
}

TEST(a_program_that_may_lock_nothing_gets_nothing)
{
	const struct rlimit none = { 0, 0 };
	struct crypt_device *cd;
	char *buffer = NULL;
	size_t len;

	load();
	cd = read_header();
	CHECK(setgid(65534) == 0 && setuid(65534) == 0);
	CHECK(setrlimit(RLIMIT_MEMLOCK, &none) == 0);
	CHECK_ERR(plugin.open(cd, 0, &buffer, &len, NULL), -ENOENT);
	CHECK(!buffer);
	crypt_free(cd);
}

TEST(another_tokens_number_gets_nothing)
{
	struct crypt_device *cd;
	char *buffer = NULL;
	size_t len;

	load();
	cd = read_header();
	CHECK_ERR(plugin.open(cd, 1, &buffer, &len, NULL), -ENOENT);
	CHECK(!buffer);
	crypt_free(cd);
}
