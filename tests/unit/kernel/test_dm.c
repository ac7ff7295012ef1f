// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said where device-mapper can't be had; what it does is for the guests. */
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/lib/kernel/dm.h"

#define CONTROL "/dev/mapper/control"
#define NOBODY 65534

static struct envol *ev;

/* A /dev of this process alone, with a control node that only root may use, or none. */
static void setup(mode_t control)
{
	if (geteuid() != 0)
		test_skip("a /dev of one's own needs root");
	CHECK_OK(envol_new(&ev));
	CHECK_EQ(unshare(CLONE_NEWNS), 0);
	CHECK_EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	CHECK_EQ(mount("none", "/dev", "tmpfs", 0, "mode=755"), 0);
	CHECK_EQ(mkdir("/dev/mapper", 0755), 0);
	if (control)
		CHECK_EQ(mknod(CONTROL, S_IFCHR | control, makedev(10, 236)), 0);
	CHECK_EQ(setgroups(0, NULL), 0);
	CHECK_EQ(setgid(NOBODY), 0);
	CHECK_EQ(setuid(NOBODY), 0);
}

TEST(another_user_than_root_is_told_that_it_is_roots)
{
	struct envol_dm_info info;
	char **names;

	setup(0600);
	CHECK_ERR(envol_dm_list(ev, &names), -EACCES);
	CHECK_STR_HAS(envol_error_message(ev), "device-mapper is root's");
	CHECK_STR_HAS(envol_error_message(ev), "Permission denied");
	CHECK_ERR(envol_dm_info(ev, "data", &info), -EACCES);
	CHECK_ERR(envol_dm_remove(ev, "data"), -EACCES);
	CHECK_ERR(envol_dm_create(ev, "data", "CRYPT-LUKS2-x-data"), -EACCES);
	envol_free(ev);
}

TEST(a_kernel_without_it_is_no_question_of_permissions)
{
	char **names;

	setup(0);
	CHECK_ERR(envol_dm_list(ev, &names), -EOPNOTSUPP);
	CHECK_STR_HAS(envol_error_message(ev), "no device-mapper to talk to");
	CHECK_ERR(envol_dm_list(ev, &names), -EOPNOTSUPP);
	CHECK_STR_HAS(envol_error_message(ev), "No such file");
	envol_free(ev);
}
