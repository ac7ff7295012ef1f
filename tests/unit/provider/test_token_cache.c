// SPDX-License-Identifier: GPL-2.0-or-later
/* With the kernel's own keyrings; the ids are of this process alone. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>

#include "tests/harness/test.h"
#include "userspace/lib/provider/keyvault/token_cache.h"
#include "userspace/lib/util/secret.h"

static struct envol *ev;
static struct envol_secret token = ENVOL_SECRET_INIT;
static struct envol_secret found = ENVOL_SECRET_INIT;
static uint8_t id[ENVOL_TOKEN_CACHE_ID_SIZE];

static void setup(void)
{
	CHECK_OK(envol_new(&ev));
	snprintf((char *)id, sizeof(id), "%d", getpid());
	CHECK_OK(envol_secret_copy(ev, &token, (const uint8_t *)"ey.first", 8));
}

static int find(void)
{
	envol_secret_wipe(&found);
	return envol_token_cache_find(ev, id, &found);
}

TEST(a_token_is_shared_with_other_processes)
{
	int status;

	setup();
	CHECK_ERR(find(), -ENOKEY);
	if (fork() == 0) {
		CHECK_OK(envol_secret_copy(ev, &found,
					   (const uint8_t *)"ey.first", 8));
		envol_token_cache_keep(ev, id, &found, 60);
		_exit(0);
	}
	CHECK(wait(&status) > 0 && status == 0);
	CHECK_OK(find());
	CHECK_EQ(found.len, token.len);
	CHECK_MEM_EQ(found.data, token.data, token.len);

	/* A session that has nothing to do with ours, as those of system services. */
	if (fork() == 0) {
		if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
			_exit(1);
		_exit(find() ? 2 : 0);
	}
	CHECK(wait(&status) > 0);
	CHECK_EQ(status, 0);
	envol_token_cache_drop(id);
	CHECK_ERR(find(), -ENOKEY);
}

TEST(a_newer_token_takes_the_place_of_the_old)
{
	setup();
	envol_token_cache_keep(ev, id, &token, 60);
	token.data[3] = 'F';
	envol_token_cache_keep(ev, id, &token, 60);
	CHECK_OK(find());
	CHECK_MEM_EQ(found.data, "ey.First", 8);
	envol_token_cache_drop(id);
	CHECK_ERR(find(), -ENOKEY);
	envol_token_cache_drop(id);
}

TEST(a_token_goes_at_its_time)
{
	setup();
	envol_token_cache_keep(ev, id, &token, 1);
	CHECK_OK(find());
	usleep(2100000);
	CHECK_ERR(find(), -ENOKEY);
	envol_token_cache_keep(ev, id, &token, 60);
	CHECK_OK(find());
	envol_token_cache_drop(id);
}

TEST(ids_are_not_mixed_up)
{
	setup();
	envol_token_cache_keep(ev, id, &token, 60);
	id[ENVOL_TOKEN_CACHE_ID_SIZE - 1] ^= 1;
	CHECK_ERR(find(), -ENOKEY);
	id[ENVOL_TOKEN_CACHE_ID_SIZE - 1] ^= 1;
	CHECK_OK(find());
	envol_token_cache_drop(id);
}

TEST(what_fits_into_no_header_is_no_token)
{
	setup();
	token.data[2] = '\r';
	envol_token_cache_keep(ev, id, &token, 60);
	CHECK_ERR(find(), -ENOKEY);
	CHECK(!found.data);
	envol_token_cache_drop(id);
}

TEST(another_user_finds_nothing)
{
	int status;

	if (geteuid() != 0)
		test_skip("not root");
	setup();
	envol_token_cache_keep(ev, id, &token, 60);
	if (fork() == 0) {
		if (setresgid(65534, 65534, 65534) ||
		    setresuid(65534, 65534, 65534))
			_exit(1);
		_exit(find() == -ENOKEY ? 0 : 2);
	}
	CHECK(wait(&status) > 0);
	CHECK_EQ(status, 0);
	envol_token_cache_drop(id);
}

/* As in a container whose seccomp profile forbids keyrings, or on a kernel without. */
static void forbid_keyrings(int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_keyctl, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_add_key, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = TEST_ARRAY_SIZE(code),
				      .filter = code };

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

TEST(without_keyrings_nothing_is_kept_and_nothing_fails)
{
	setup();
	forbid_keyrings(EPERM);
	envol_token_cache_keep(ev, id, &token, 60);
	CHECK_ERR(find(), -EOPNOTSUPP);
	envol_token_cache_drop(id);
}

TEST(a_kernel_without_keyrings)
{
	setup();
	forbid_keyrings(ENOSYS);
	envol_token_cache_keep(ev, id, &token, 60);
	CHECK_ERR(find(), -EOPNOTSUPP);
}
