// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/internal.h"

static char path[] = "/tmp/envol-config-XXXXXX";
static struct envol *ev;

static void write_config(const char *text, mode_t mode)
{
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	CHECK_OK(envol_file_pwrite(fd, text, strlen(text), 0));
	CHECK_EQ(fchmod(fd, mode), 0);
	close(fd);
	CHECK_OK(envol_new(&ev));
}

/* @text gives -EINVAL and a sentence that ends with @why, behind file and line. */
static void check_refused(const char *text, unsigned int line, const char *why)
{
	char want[200];

	strcpy(path + strlen(path) - 6, "XXXXXX");
	write_config(text, 0600);
	CHECK_ERR(envol_config_load(ev, path), -EINVAL);
	snprintf(want, sizeof(want), "%s:%u: %s", path, line, why);
	CHECK_STR_EQ(envol_error_message(ev), want);
	envol_free(ev);
	unlink(path);
}

TEST(every_setting_arrives)
{
	write_config("# of this machine\n"
		     "[defaults]\n"
		     "keystore = /k\n"
		     "state = /s\n"
		     "tpm = none\n"
		     "timeout = 5\n"
		     "spread = 7\n"
		     "kek_directory = /p\n",
		     0644);
	CHECK_OK(envol_config_load(ev, path));
	CHECK_STR_EQ(ev->keystore, "/k");
	CHECK_STR_EQ(ev->state, "/s");
	CHECK_STR_EQ(ev->tpm, "none");
	CHECK_EQ(ev->timeout_ms, 5000);
	CHECK_EQ(ev->spread_ms, 7000);
	CHECK_STR_EQ(ev->kek_directory, "/p");
	envol_free(ev);
	unlink(path);
}

TEST(what_is_not_known_is_refused_with_its_line)
{
	check_refused("[defaults]\nkeystor = /k\n", 2,
		      "keystor: not known in [defaults]");
	check_refused("\n[default]\nstate = /s\n", 3,
		      "state: section [default] is neither [defaults], [watch] nor of a provider");
	check_refused("state = /s\n", 1,
		      "state: section [] is neither [defaults], [watch] nor of a provider");
	check_refused("[defaults]\nkeystore = k\n", 2,
		      "keystore directory k: not an absolute path");
	check_refused("[defaults]\ntimeout = 5s\n", 2,
		      "timeout 5s: not a number of seconds");
	check_refused("[defaults]\ntimeout =\n", 2,
		      "timeout : not a number of seconds");
	check_refused("[defaults]\ntimeout = 123456\n", 2,
		      "timeout 123456: not a number of seconds");
	check_refused("[defaults]\ntimeout = 0\n", 2,
		      "timeout of 0 ms: not 1 to 3600000 ms");
	check_refused("[defaults]\nspread = 1h\n", 2,
		      "spread 1h: not a number of seconds");
	check_refused("[defaults]\nspread = 3601\n", 2,
		      "spread of 3601000 ms: more than 3600000 ms");
	check_refused("[service]\ncolour = red\n", 2,
		      "colour: not known of \"service:\"");
	check_refused("[service disk]\ncolour = red\n", 2,
		      "service disk: settings of \"service:\" are for all its KEKs");
	check_refused("[defaults]\nstate = /a\nstate = /b\n", 3,
		      "state is set twice");
}

TEST(a_file_that_others_may_write_is_refused)
{
	write_config("[defaults]\n", 0664);
	CHECK_ERR(envol_config_load(ev, path), -EPERM);
	CHECK_STR_HAS(envol_error_message(ev), "run chmod go-w");
	envol_free(ev);
	unlink(path);
}

TEST(what_is_no_file_is_refused)
{
	char fifo[sizeof(path) + 5];

	write_config("", 0600);
	unlink(path);
	CHECK_ERR(envol_config_load(ev, path), -ENOENT);
	snprintf(fifo, sizeof(fifo), "%s.fifo", path);
	CHECK_EQ(mkfifo(fifo, 0600), 0);
	CHECK_ERR(envol_config_load(ev, fifo), -EPERM);
	CHECK_ERR(envol_config_load(ev, "/tmp"), -EPERM);
	unlink(fifo);
	envol_free(ev);
}

TEST(a_huge_file_is_refused)
{
	write_config("", 0600);
	CHECK_EQ(truncate(path, 1 << 20), 0);
	CHECK_ERR(envol_config_load(ev, path), -EFBIG);
	unlink(path);
	envol_free(ev);
}
