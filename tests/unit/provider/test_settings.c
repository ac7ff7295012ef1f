// SPDX-License-Identifier: GPL-2.0-or-later
/* Settings of providers: the scheme's rules hold, and the nearest one counts. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/provider/credential.h"
#include "userspace/lib/provider/provider.h"

static const char *const colours[] = { "red", "green", NULL };

static const struct envol_setting_rule rules[] = {
	{ .key = "name", .help = "any text" },
	{ .key = "colour", .words = colours, .help = "one of these" },
	{ .key = "pin_file", .kind = ENVOL_SETTING_FILE, .help = "a file" },
	{ .key = "slot", .kind = ENVOL_SETTING_NUMBER, .min = 2, .max = 30,
	  .help = "a number" },
	{ .key = "quick", .kind = ENVOL_SETTING_BOOL, .help = "yes or no" },
};

static int subject(struct envol *ev, const char *text, char **canonical)
{
	if (strchr(text, ' '))
		return -EINVAL;
	*canonical = strdup(strcmp(text, "ALPHA") ? text : "alpha");
	CHECK(*canonical);
	return 0;
}

static int canonical(struct envol *ev, const struct envol_uri *uri, char **text)
{
	return -EINVAL;
}

ENVOL_SCHEME(rich) = {
	.scheme = "rich", .summary = "with settings", .canonical = canonical,
	.settings = rules, .n_settings = ENVOL_ARRAY_SIZE(rules),
	.subject = subject,
};

ENVOL_SCHEME(plain) = {
	.scheme = "plain", .summary = "without subjects",
	.canonical = canonical, .settings = rules, .n_settings = 1,
};

static struct envol *fresh(void)
{
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	return ev;
}

TEST(a_subject_goes_before_all)
{
	struct envol *ev = fresh();

	CHECK(!envol_setting(ev, "rich", "alpha", "name"));
	CHECK_OK(envol_set_provider(ev, "rich", NULL, "name", "all"));
	CHECK_STR_EQ(envol_setting(ev, "rich", "alpha", "name"), "all");
	CHECK_OK(envol_set_provider(ev, "rich", "ALPHA", "name", "one"));
	CHECK_STR_EQ(envol_setting(ev, "rich", "alpha", "name"), "one");
	CHECK_STR_EQ(envol_setting(ev, "rich", "beta", "name"), "all");
	CHECK_STR_EQ(envol_setting(ev, "rich", NULL, "name"), "all");
	CHECK(!envol_setting(ev, "plain", NULL, "name"));
	CHECK_OK(envol_set_provider(ev, "rich", "alpha", "name", "two"));
	CHECK_STR_EQ(envol_setting(ev, "rich", "alpha", "name"), "two");
	envol_free(ev);
}

TEST(subjects_are_told_once_each_in_order)
{
	struct envol *ev = fresh();

	CHECK_OK(envol_set_provider(ev, "rich", NULL, "name", "x"));
	CHECK_OK(envol_set_provider(ev, "rich", "b", "name", "x"));
	CHECK_OK(envol_set_provider(ev, "rich", "a", "name", "x"));
	CHECK_OK(envol_set_provider(ev, "rich", "b", "slot", "7"));
	CHECK_STR_EQ(envol_setting_subject(ev, "rich", 0), "b");
	CHECK_STR_EQ(envol_setting_subject(ev, "rich", 1), "a");
	CHECK(!envol_setting_subject(ev, "rich", 2));
	CHECK(!envol_setting_subject(ev, "plain", 0));
	envol_free(ev);
}

static void refused(const char *scheme, const char *of, const char *key,
		    const char *value, int err, const char *why)
{
	struct envol *ev = fresh();

	CHECK_ERR(envol_set_provider(ev, scheme, of, key, value), err);
	CHECK_STR_HAS(envol_error_message(ev), why);
	CHECK_EQ(ev->settings.n, 0);
	envol_free(ev);
}

TEST(what_the_rules_do_not_allow_is_refused)
{
	refused("nobody", NULL, "name", "x", -EPROTONOSUPPORT, "no provider");
	refused("plain", "alpha", "name", "x", -EINVAL, "for all its KEKs");
	refused("rich", NULL, "nam", "x", -EINVAL, "not known");
	refused("rich", NULL, "name", "", -EINVAL, "no value");
	refused("rich", NULL, "colour", "blue", -EINVAL,
		"colour blue: not one of red, green");
	refused("rich", NULL, "slot", "1", -EINVAL, "from 2 to 30");
	refused("rich", NULL, "slot", "31", -EINVAL, "from 2 to 30");
	refused("rich", NULL, "slot", "4294967298", -EINVAL, "from 2 to 30");
	refused("rich", NULL, "slot", "7x", -EINVAL, "from 2 to 30");
	refused("rich", NULL, "quick", "true", -EINVAL, "not one of yes, no");
	refused("rich", NULL, "pin_file", "pin", -EINVAL,
		"not an absolute path");
	refused("rich", NULL, "pin_file", "credential:../pin", -EINVAL,
		"not the name of a credential");
	refused("rich", NULL, "pin_file", "credential:", -EINVAL,
		"not the name of a credential");
}

TEST(more_than_there_is_room_for_is_an_error)
{
	struct envol *ev = fresh();
	char of[16];
	unsigned int i;

	for (i = 0; i < ENVOL_SETTINGS_MAX; i++) {
		snprintf(of, sizeof(of), "s%u", i);
		CHECK_OK(envol_set_provider(ev, "rich", of, "name", "x"));
	}
	CHECK_ERR(envol_set_provider(ev, "rich", "more", "name", "x"), -E2BIG);
	CHECK_OK(envol_set_provider(ev, "rich", "s0", "name", "y"));
	envol_free(ev);
}

TEST(a_credential_is_the_callers)
{
	struct envol *ev = fresh();
	struct envol_secret secret = ENVOL_SECRET_INIT;

	unsetenv("CREDENTIALS_DIRECTORY");
	CHECK_OK(envol_set_provider(ev, "rich", NULL, "pin_file",
				    "credential:pin"));
	CHECK_ERR(envol_credential_read(
			  ev, "rich", "pin_file",
			  envol_setting(ev, "rich", NULL, "pin_file"),
			  &secret),
		  -ENOENT);
	CHECK_STR_HAS(envol_error_message(ev), "LoadCredential=pin:FILE");
	setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1);
	CHECK_OK(envol_set_provider(ev, "rich", NULL, "pin_file",
				    "credential:pin"));
	CHECK_STR_EQ(envol_setting(ev, "rich", NULL, "pin_file"),
		     "/run/credentials/x/pin");
	envol_free(ev);
}

/* A file of @mode with @text; what reading it gives. */
static int read_file(struct envol *ev, const char *text, mode_t mode,
		     struct envol_secret *secret)
{
	char path[] = "/tmp/envol-credential-XXXXXX";
	int fd = mkstemp(path), err;

	CHECK(fd >= 0);
	CHECK_OK(envol_file_pwrite(fd, text, strlen(text), 0));
	CHECK_EQ(fchmod(fd, mode), 0);
	close(fd);
	err = envol_credential_read(ev, "rich", "pin_file", path, secret);
	unlink(path);
	return err;
}

TEST(a_credential_loses_one_newline_and_is_private)
{
	struct envol_secret secret = ENVOL_SECRET_INIT;
	struct envol *ev = fresh();

	CHECK_OK(read_file(ev, "12 34\n\n", 0600, &secret));
	CHECK_EQ(secret.len, 6);
	CHECK_EQ(memcmp(secret.data, "12 34\n", 6), 0);
	envol_secret_wipe(&secret);
	CHECK_OK(read_file(ev, "1234", 0400, &secret));
	CHECK_EQ(secret.len, 4);
	envol_secret_wipe(&secret);
	CHECK_ERR(read_file(ev, "\n", 0600, &secret), -ENODATA);
	CHECK_ERR(read_file(ev, "", 0600, &secret), -ENODATA);
	CHECK_ERR(read_file(ev, "1234\n", 0640, &secret), -EPERM);
	CHECK_STR_HAS(envol_error_message(ev), "chmod 600");
	CHECK_ERR(envol_credential_read(ev, "rich", "pin_file",
					"/nonexistent/pin", &secret),
		  -ENOENT);
	CHECK(!secret.data);
	envol_free(ev);
}
