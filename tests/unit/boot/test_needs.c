// SPDX-License-Identifier: GPL-2.0-or-later
/* What an initramfs is told to hold, of a secret that the TPM has sealed and of one in clear. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/shell.h"
#include "tests/harness/test.h"
#include "userspace/include/envol_boot.h"
#include "userspace/lib/provider/credential.h"

static struct envol *ev;
static char top[] = "/tmp/envol-needs-XXXXXX";
static char file[64], told[4096];
static char kek[] = "https://corp.vault.azure.net/keys/k";
static char *keks[] = { kek };
static struct envol_boot_volume volume;

static void setup(void)
{
	CHECK_OK(envol_new(&ev));
	CHECK(mkdtemp(top));
	CHECK_OK(envol_set_kek_directory(ev, top));
	test_run("cd %s && touch https service && chmod 755 https service", top);
	snprintf(file, sizeof(file), "%s/secret", top);
	CHECK_OK(envol_set_provider(ev, "https", NULL, "client_secret_file", file));
	volume = (struct envol_boot_volume){
		.name = (char *)"root", .device = (char *)"/dev/nonexistent",
		.keks = keks, .n_keks = 1,
	};
}

static void teardown(void)
{
	envol_free(ev);
	test_run("rm -r %s", top);
}

static int tell(const char *kind, const char *value, void *data)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%s %s\n", kind, value);
	return 0;
}

static int needs(const char *content)
{
	FILE *f = fopen(file, "we");

	CHECK(f);
	CHECK(fputs(content, f) >= 0);
	CHECK_EQ(fclose(f), 0);
	CHECK_EQ(chmod(file, 0600), 0);
	*told = 0;
	return envol_boot_needs(ev, &volume, tell, NULL);
}

static void check_told(const char *kind, const char *name, bool is_told)
{
	char line[128];

	snprintf(line, sizeof(line), "%s %s/%s\n", kind, top, name);
	CHECK_EQ(!!strstr(told, line), is_told);
}

TEST(a_secret_in_clear_is_refused_unless_the_line_accepts_it)
{
	setup();
	CHECK_ERR(needs("secret\n"), -EPERM);
	CHECK_STR_HAS(envol_error_message(ev), "initramfs-secret=clear");
	volume.clear_secret = true;
	CHECK_OK(needs("secret\n"));
	check_told("secret", "secret", true);
	check_told("program", "service", false);
	teardown();
}

TEST(a_sealed_secret_is_taken_with_what_opens_it)
{
	if (access("/usr/lib/x86_64-linux-gnu/libtss2-tcti-device.so.0", R_OK))
		test_skip("libtss2-tcti-device is not installed");
	setup();
	CHECK_OK(needs("envol-sealed 1\nfor https.client_secret_file boot\nseal ..."));
	check_told("sealed", "secret", true);
	check_told("secret", "secret", false);
	check_told("program", "https", true);
	check_told("program", "service", true);
	CHECK_STR_HAS(told, "tpm yes\n");
	CHECK_STR_HAS(told, "module tpm_tis\n");
	CHECK_STR_HAS(told, "libtss2-tcti-device.so.0\n");
	teardown();
}

TEST(the_one_for_boot_goes_and_the_one_of_the_running_system_stays)
{
	_cleanup_free_ char *path = NULL;
	char beside[80];

	setup();
	snprintf(beside, sizeof(beside), "%s.boot", file);
	test_run("umask 077; printf 'envol-sealed 1\\nfor https.client_secret_file boot\\n' >%s",
		 beside);
	CHECK_OK(needs("secret\n"));
	check_told("sealed", "secret.boot", true);
	check_told("sealed", "secret", false);
	check_told("secret", "secret", false);
	CHECK_OK(envol_credential_path(ev, file, &path));
	CHECK_STR_EQ(path, file);
	/* There is no other in the initramfs, and the settings are those of the host. */
	CHECK_EQ(unlink(file), 0);
	free(path);
	CHECK_OK(envol_credential_path(ev, file, &path));
	CHECK_STR_EQ(path, beside);
	/* What is called so must be one. */
	test_run("echo secret >%s", beside);
	CHECK_ERR(needs("secret\n"), -EBADMSG);
	CHECK_STR_HAS(envol_error_message(ev), "it is not sealed");
	CHECK_EQ(unlink(beside), 0);
	CHECK_EQ(unlink(file), 0);
	free(path);
	CHECK_OK(envol_credential_path(ev, file, &path));
	CHECK_STR_EQ(path, file);
	teardown();
}

TEST(a_header_that_is_a_file_is_taken_or_missed)
{
	char header[80];

	setup();
	volume.clear_secret = true;
	snprintf(header, sizeof(header), "%s/header", top);
	volume.header = header;
	CHECK_ERR(needs("secret\n"), -ENOENT);
	CHECK_STR_HAS(envol_error_message(ev), "header");
	test_run("touch %s", header);
	CHECK_OK(needs("secret\n"));
	check_told("file", "header", true);
	/* That of a disk may be there when the machine starts. */
	volume.header = (char *)"/dev/nonexistent-header";
	CHECK_OK(needs("secret\n"));
	CHECK(!strstr(told, "nonexistent"));
	teardown();
}

TEST(one_that_would_not_serve_there_is_refused)
{
	static const struct {
		const char *content;
		int err;
		const char *part;
	} cases[] = {
		{ "envol-sealed 1\nfor https.client_secret_file any\n", -EPERM,
		  "envol credential seal --boot https.client_secret_file SECRET " },
		{ "envol-sealed 1\nfor pkcs11.pin_file boot\n", -EINVAL,
		  "sealed for pkcs11.pin_file" },
		{ "envol-sealed 2\nfor https.client_secret_file boot\n",
		  -EPROTONOSUPPORT, "newer envol" },
		{ "envol-sealed 1\nfor https.client_secret_file boot", -EBADMSG,
		  "damaged" },
		{ "envol-sealed 1\nfor https.client_secret_file late\n",
		  -EBADMSG, "damaged" },
		{ "envol-sealed ", -EPROTONOSUPPORT, "newer envol" },
	};
	size_t i;

	setup();
	/* That its line accepts what lies in clear makes no difference. */
	volume.clear_secret = true;
	for (i = 0; i < ENVOL_ARRAY_SIZE(cases); i++) {
		CHECK_ERR(needs(cases[i].content), cases[i].err);
		CHECK_STR_HAS(envol_error_message(ev), file);
		CHECK_STR_HAS(envol_error_message(ev), cases[i].part);
		check_told("sealed", "secret", false);
		check_told("secret", "secret", false);
	}
	teardown();
}

TEST(a_head_is_read_from_no_more_than_there_is)
{
	static const char text[] = "envol-sealed 1\nfor a.b boot\n";
	struct envol_credential_head head;
	size_t len;

	setup();
	for (len = 0; len < strlen(text); len++) {
		char *exact = malloc(len + !len);

		CHECK(exact);
		memcpy(exact, text, len);
		CHECK(envol_credential_take_head(ev, "a.b", exact, len, &head));
		free(exact);
	}
	CHECK_OK(envol_credential_take_head(ev, "a.b", text, len, &head));
	CHECK_EQ(head.len, len);
	CHECK(head.boot);
	CHECK_STR_EQ(head.setting, "a.b");
	teardown();
}
