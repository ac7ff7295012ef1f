// SPDX-License-Identifier: GPL-2.0-or-later
/* The claims of secret.h, held against the kernel's view of the mapping. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/secret.h"

static struct envol *handle(void)
{
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	return ev;
}

/* Permissions and VmFlags of the mapping that holds @p. */
static void smaps_of(const void *p, char perms[5], char flags[512])
{
	unsigned long from, to, at = (unsigned long)p;
	char line[512], found[5];
	bool here = false;
	FILE *f = fopen("/proc/self/smaps", "r");

	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %4s", &from, &to, found) == 3) {
			here = from <= at && at < to;
			if (here)
				memcpy(perms, found, 5);
		} else if (here && strncmp(line, "VmFlags:", 8) == 0) {
			memcpy(flags, line + 8, sizeof(line) - 8);
			fclose(f);
			return;
		}
	}
	FAIL("no mapping holds %p", p);
}

TEST(mapping_is_locked_undumped_and_wiped_on_fork)
{
	static const size_t lens[] = { 1, 64, 4096, 4097, ENVOL_SECRET_MAX };
	_cleanup_secret_ struct envol_secret s = ENVOL_SECRET_INIT;
	struct envol *ev = handle();
	char perms[5], flags[512];
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(lens); i++) {
		CHECK_OK(envol_secret_alloc(ev, &s, lens[i]));
		smaps_of(s.data, perms, flags);
		CHECK_STR_EQ(perms, "rw-p");
		CHECK_STR_HAS(flags, " lo");
		CHECK_STR_HAS(flags, " dd");
		CHECK_STR_HAS(flags, " wf");
		smaps_of(s.data + s.len, perms, flags);
		CHECK_STR_EQ(perms, "---p");
		envol_secret_wipe(&s);
		CHECK(!s.data && !s.len && !s.mapped);
	}
	envol_free(ev);
}

/* The signal that writing to @p ends a child with; 0 if it survives. */
static int signal_of_write(volatile uint8_t *p)
{
	struct rlimit none = { 0, 0 };
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGSEGV, SIG_DFL);
		*p = 1;
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(a_write_past_either_end_faults)
{
	long page = sysconf(_SC_PAGESIZE);
	_cleanup_secret_ struct envol_secret s = ENVOL_SECRET_INIT;
	struct envol *ev = handle();

	CHECK_OK(envol_secret_alloc(ev, &s, 64));
	CHECK_EQ(signal_of_write(s.data + 63), 0);
	CHECK_EQ(signal_of_write(s.data + 64), SIGSEGV);
	CHECK_EQ(signal_of_write(s.data + 64 - page - 1), SIGSEGV);
	envol_secret_truncate(&s, 10);
	CHECK_EQ(signal_of_write(s.data + 9), 0);
	CHECK_EQ(signal_of_write(s.data + 10), SIGSEGV);
	envol_free(ev);
}

TEST(a_child_sees_zeros)
{
	_cleanup_secret_ struct envol_secret s = ENVOL_SECRET_INIT;
	struct envol *ev = handle();
	int status;
	pid_t pid;

	CHECK_OK(envol_secret_copy(ev, &s, (const uint8_t *)"key", 3));
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(s.data[0] | s.data[1] | s.data[2] ? 1 : 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_MEM_EQ(s.data, "key", 3);
	envol_free(ev);
}

TEST(no_lock_no_secret)
{
	_cleanup_secret_ struct envol_secret s = ENVOL_SECRET_INIT;
	struct rlimit none = { 0, 0 };
	struct envol *ev = handle();

	CHECK_EQ(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	if (geteuid() == 0)
		CHECK_EQ(setresuid(65534, 65534, 65534), 0);
	CHECK_ERR(envol_secret_alloc(ev, &s, 32), -ENOMEM);
	CHECK_STR_HAS(envol_error_message(ev), "RLIMIT_MEMLOCK");
	CHECK(!s.data);
	envol_free(ev);
}

TEST(lengths_out_of_bounds)
{
	struct envol_secret s = ENVOL_SECRET_INIT;
	struct envol *ev = handle();

	CHECK_ERR(envol_secret_alloc(ev, &s, 0), -EINVAL);
	CHECK_ERR(envol_secret_alloc(ev, &s, ENVOL_SECRET_MAX + 1), -EINVAL);
	CHECK_ERR(envol_secret_alloc(ev, &s, SIZE_MAX), -EINVAL);
	CHECK(!s.data);
	envol_free(ev);
}

TEST(move_truncate_equal)
{
	_cleanup_secret_ struct envol_secret a = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret b = ENVOL_SECRET_INIT;
	struct envol *ev = handle();
	size_t i;

	CHECK(!envol_secret_equal(&a, &b));
	CHECK_OK(envol_secret_copy(ev, &a, (const uint8_t *)"abcdef", 6));
	CHECK_OK(envol_secret_copy(ev, &b, (const uint8_t *)"abcdef", 6));
	CHECK(envol_secret_equal(&a, &b));
	for (i = 0; i < 6; i++) {
		b.data[i] ^= 0x80;
		CHECK(!envol_secret_equal(&a, &b));
		b.data[i] ^= 0x80;
	}
	envol_secret_truncate(&b, 4);
	CHECK_EQ(b.len, 4);
	CHECK_MEM_EQ(b.data, "abcd", 4);
	CHECK_MEM_EQ(b.data - 2, "\0\0", 2);
	CHECK(!envol_secret_equal(&a, &b));

	envol_secret_move(&a, &b);
	CHECK(!b.data && !b.len);
	CHECK_EQ(a.len, 4);
	CHECK_MEM_EQ(a.data, "abcd", 4);
	envol_secret_move(&a, &a);
	CHECK_EQ(a.len, 4);
	envol_secret_truncate(&a, 0);
	CHECK(!a.data);
	envol_free(ev);
}
