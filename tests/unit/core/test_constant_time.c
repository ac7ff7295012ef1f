// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The portable code neither branches on nor addresses memory by a secret. Keys, data and
 * tweaks are declared undefined to valgrind's memcheck, which follows every bit
 * that comes from them and reports each jump and each address made of one.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <valgrind/memcheck.h>

#include "tests/unit/core/engines.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

#define LEN 1024
#define FOUND 99

/* Run the test @name of this program under valgrind; 0, or FOUND for a report. */
static int run_under_valgrind(const char *name)
{
	char self[4096] = { 0 };
	int status;
	pid_t pid;

	CHECK(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execlp("valgrind", "valgrind", "-q", "--error-exitcode=99",
		       "--leak-check=no", self, name, NULL);
		_exit(errno == ENOENT ? 98 : 97);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	if (WEXITSTATUS(status) == 98)
		FAIL("valgrind is not installed: install Debian's valgrind");
	/* the harness runs the test in a child that exits with FOUND, and fails itself with 1 */
	CHECK(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 1);
	return WEXITSTATUS(status) ? FOUND : 0;
}

static void declare_secret(void *p, size_t len)
{
	VALGRIND_MAKE_MEM_UNDEFINED(p, len);
}

/* The schedule is as secret as the key was; the number of rounds is not. */
static void declare_schedule_secret(struct envol_aes_key *key)
{
	u32 rounds = key->rounds;

	declare_secret(key, sizeof(*key));
	key->rounds = rounds;
}

static void use_secrets(void)
{
	static u8 raw[ENVOL_XTS_KEY_256], data[LEN], t[16];
	struct envol_xts_key key;
	size_t len;

	for (len = ENVOL_XTS_KEY_128; len <= ENVOL_XTS_KEY_256; len += 32) {
		fill_random(raw, sizeof(raw), len);
		declare_secret(raw, sizeof(raw));
		envol_aes_expand(&key.data, raw, len / 2, 0);
		envol_aes_expand(&key.tweak, raw + len / 2, len / 2, 0);
		declare_schedule_secret(&key.data);
		declare_schedule_secret(&key.tweak);
		declare_secret(data, sizeof(data));
		envol_xts_encrypt(&envol_xts_generic, &key, data, data, LEN, 512, 7, 1);
		envol_xts_decrypt(&envol_xts_generic, &key, data, data, LEN, 512, 7, 1);
		envol_xts_start(&envol_xts_generic, &key, t, 7);
		envol_xts_encrypt_part(&envol_xts_generic, &key, t, data, data, 80);
		envol_xts_decrypt_part(&envol_xts_generic, &key, t, data, data, 80);
		envol_xts_wipe_key(&key);
	}
}

static const u8 table[256] = { 1, 2, 3 };
static volatile u8 sink;

/* What must be found: a table indexed by a secret, a branch on one. */
static void leak_by_address(void)
{
	u8 secret = 7;

	declare_secret(&secret, 1);
	sink = table[secret];
}

static void leak_by_branch(void)
{
	u8 secret = 7;

	declare_secret(&secret, 1);
	if (secret & 1)
		sink = 1;
}

#define CONSTANT_TIME_TEST(id, body, want)                                    \
	TEST(id)                                                              \
	{                                                                     \
		if (SANITIZED)                                                \
			test_skip("a sanitized program does not run under valgrind"); \
		else if (RUNNING_ON_VALGRIND)                                 \
			body();                                               \
		else                                                          \
			CHECK_EQ(run_under_valgrind(#id), want);              \
	}

CONSTANT_TIME_TEST(constant_time_generic, use_secrets, 0)
CONSTANT_TIME_TEST(control_finds_secret_address, leak_by_address, FOUND)
CONSTANT_TIME_TEST(control_finds_secret_branch, leak_by_branch, FOUND)
