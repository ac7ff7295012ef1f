// SPDX-License-Identifier: GPL-2.0-or-later
/* With the kernel's own keyrings; the ids are of this process alone. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/provider/keyvault/token_cache.h"

static struct envol *ev;
static struct envol_secret token = ENVOL_SECRET_INIT;
static struct envol_secret found = ENVOL_SECRET_INIT;
static struct envol_token_cache cache = ENVOL_TOKEN_CACHE_INIT;
static char state[] = "/tmp/envol-tokens-XXXXXX";

static void setup(void)
{
	CHECK_OK(envol_new(&ev));
	CHECK(mkdtemp(state));
	CHECK_OK(envol_set_state(ev, state));
	snprintf((char *)cache.id, sizeof(cache.id), "%d", getpid());
	CHECK_OK(envol_token_cache_open(ev, &cache));
	CHECK(cache.kek.data);
	CHECK_OK(envol_secret_copy(ev, &token, (const uint8_t *)"ey.first", 8));
}

static void drop(void)
{
	envol_token_cache_drop(&cache);
}

static void finish(void)
{
	char path[64];

	drop();
	envol_token_cache_close(&cache);
	snprintf(path, sizeof(path), "%s/tokens.key", state);
	unlink(path);
	rmdir(state);
}

static int find(void)
{
	envol_secret_wipe(&found);
	return envol_token_cache_find(ev, &cache, &found);
}

/* A secret does not survive a fork: the child opens its own. */
static void reopen(void)
{
	envol_token_cache_close(&cache);
	CHECK_OK(envol_token_cache_open(ev, &cache));
}

TEST(a_token_is_shared_with_other_processes)
{
	int status;

	setup();
	CHECK_ERR(find(), -ENOKEY);
	if (fork() == 0) {
		reopen();
		CHECK_OK(envol_secret_copy(ev, &found,
					   (const uint8_t *)"ey.first", 8));
		envol_token_cache_keep(ev, &cache, &found, 60);
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
		reopen();
		_exit(find() ? 2 : 0);
	}
	CHECK(wait(&status) > 0);
	CHECK_EQ(status, 0);
	drop();
	CHECK_ERR(find(), -ENOKEY);
	finish();
}

TEST(a_newer_token_takes_the_place_of_the_old)
{
	setup();
	envol_token_cache_keep(ev, &cache, &token, 60);
	token.data[3] = 'F';
	envol_token_cache_keep(ev, &cache, &token, 60);
	CHECK_OK(find());
	CHECK_MEM_EQ(found.data, "ey.First", 8);
	drop();
	CHECK_ERR(find(), -ENOKEY);
	drop();
	finish();
}

TEST(a_token_goes_at_its_time)
{
	setup();
	envol_token_cache_keep(ev, &cache, &token, 1);
	CHECK_OK(find());
	usleep(2100000);
	CHECK_ERR(find(), -ENOKEY);
	envol_token_cache_keep(ev, &cache, &token, 60);
	CHECK_OK(find());
	finish();
}

/* What a process of the same user could do, which has the keyring but not the file. */
static void copy_payload(const struct envol_token_cache *from,
			 const struct envol_token_cache *to)
{
	char description[64] = "envol:token:", payload[512];
	long serial, len;

	envol_hex_encode(description + 12, from->id, sizeof(from->id));
	serial = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING,
			 "user", description, 0);
	CHECK(serial >= 0);
	len = syscall(SYS_keyctl, KEYCTL_READ, serial, payload,
		      sizeof(payload));
	CHECK(len > 0 && len < (long)sizeof(payload));
	/* It reads no token there. */
	CHECK(!memmem(payload, len, "ey.first", 8));
	envol_hex_encode(description + 12, to->id, sizeof(to->id));
	CHECK(syscall(SYS_add_key, "user", description, payload, len,
		      KEY_SPEC_USER_KEYRING) >= 0);
}

TEST(tokens_are_not_put_in_one_anothers_place)
{
	struct envol_token_cache other = ENVOL_TOKEN_CACHE_INIT;

	setup();
	memcpy(other.id, cache.id, sizeof(other.id));
	other.id[ENVOL_TOKEN_CACHE_ID_SIZE - 1] ^= 1;
	CHECK_OK(envol_token_cache_open(ev, &other));
	envol_token_cache_keep(ev, &cache, &token, 60);
	CHECK_ERR(envol_token_cache_find(ev, &other, &found), -ENOKEY);
	copy_payload(&cache, &other);
	CHECK_ERR(envol_token_cache_find(ev, &other, &found), -ENOKEY);
	CHECK(!found.data);
	CHECK_OK(find());
	envol_token_cache_drop(&other);
	envol_token_cache_close(&other);
	finish();
}

/* As in a container, or in the host once the initramfs is left. */
TEST(who_has_another_file_has_no_token)
{
	char path[64];

	setup();
	envol_token_cache_keep(ev, &cache, &token, 60);
	CHECK_OK(find());
	envol_token_cache_close(&cache);
	snprintf(path, sizeof(path), "%s/tokens.key", state);
	CHECK(unlink(path) == 0);
	CHECK_OK(envol_token_cache_open(ev, &cache));
	CHECK_ERR(find(), -ENOKEY);
	envol_token_cache_keep(ev, &cache, &token, 60);
	CHECK_OK(find());
	finish();
}

TEST(a_file_that_is_no_key_keeps_nothing)
{
	char path[64];

	setup();
	envol_token_cache_keep(ev, &cache, &token, 60);
	envol_token_cache_close(&cache);
	snprintf(path, sizeof(path), "%s/tokens.key", state);
	CHECK(chmod(path, 0644) == 0);
	CHECK_OK(envol_token_cache_open(ev, &cache));
	CHECK_ERR(find(), -EOPNOTSUPP);
	envol_token_cache_close(&cache);
	CHECK(chmod(path, 0600) == 0 && truncate(path, 31) == 0);
	CHECK_OK(envol_token_cache_open(ev, &cache));
	CHECK_ERR(find(), -EOPNOTSUPP);
	envol_token_cache_keep(ev, &cache, &token, 60);
	CHECK_ERR(find(), -EOPNOTSUPP);
	envol_token_cache_close(&cache);
	CHECK_OK(envol_set_state(ev, "/proc/none"));
	CHECK_OK(envol_token_cache_open(ev, &cache));
	CHECK_ERR(find(), -EOPNOTSUPP);
	finish();
}

TEST(what_fits_into_no_header_is_no_token)
{
	setup();
	token.data[2] = '\r';
	envol_token_cache_keep(ev, &cache, &token, 60);
	CHECK_ERR(find(), -ENOKEY);
	CHECK(!found.data);
	finish();
}

TEST(another_user_finds_nothing)
{
	char description[64] = "envol:token:";
	int status;

	if (geteuid() != 0)
		test_skip("not root");
	setup();
	envol_token_cache_keep(ev, &cache, &token, 60);
	envol_hex_encode(description + 12, cache.id, sizeof(cache.id));
	if (fork() == 0) {
		if (setresgid(65534, 65534, 65534) ||
		    setresuid(65534, 65534, 65534))
			_exit(1);
		_exit(syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING,
			      "user", description, 0) >= 0);
	}
	CHECK(wait(&status) > 0);
	CHECK_EQ(status, 0);
	CHECK_OK(find());
	finish();
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
	envol_token_cache_keep(ev, &cache, &token, 60);
	CHECK_ERR(find(), -EOPNOTSUPP);
	finish();
}

TEST(a_kernel_without_keyrings)
{
	setup();
	forbid_keyrings(ENOSYS);
	envol_token_cache_keep(ev, &cache, &token, 60);
	CHECK_ERR(find(), -EOPNOTSUPP);
	finish();
}
