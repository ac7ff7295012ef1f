// SPDX-License-Identifier: GPL-2.0-or-later
/* Where keys of vaults are, and which hosts may be asked. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/test.h"
#include "userspace/lib/provider/kek.h"
#include "userspace/lib/provider/keyvault/scheme.h"

#define VERSION "DD064d10ccf24983855c7df9a809dd23"
#define N_25 "abcdefghijklmnopqrstuvwxy"
#define N_127 N_25 N_25 N_25 N_25 N_25 "ab"

static struct envol *ev;

static void set(const char *subject, const char *key, const char *value)
{
	CHECK_OK(envol_set_provider(ev, "https", subject, key, value));
}

static void check_canonical(const char *uri, const char *want)
{
	char *text;

	if (envol_kek_canonical(ev, uri, &text))
		FAIL("%s: %s", uri, envol_error_message(ev));
	CHECK_STR_EQ(text, want);
	free(text);
}

TEST(a_key_has_one_spelling)
{
	CHECK_OK(envol_new(&ev));
	check_canonical("https://corp.vault.azure.net/keys/Disk-7",
			"https://corp.vault.azure.net/keys/Disk-7");
	check_canonical("HTTPS://Corp.Vault.Azure.NET:443/keys/Disk-7/",
			"https://corp.vault.azure.net/keys/Disk-7");
	check_canonical("https://corp.vault.azure.net/keys/Disk-7/" VERSION,
			"https://corp.vault.azure.net/keys/Disk-7");
	check_canonical("https://corp.managedhsm.azure.net/Keys/a",
			"https://corp.managedhsm.azure.net/keys/a");
	check_canonical("https://corp.vault.azure.net/keys/" N_127,
			"https://corp.vault.azure.net/keys/" N_127);
	envol_free(ev);
}

TEST(what_is_no_key_is_refused_with_the_reason)
{
	static const struct {
		const char *uri;
		int err;
		const char *why;
	} rows[] = {
		{ "http://corp.vault.azure.net/keys/a", -EPROTONOSUPPORT, "http:" },
		{ "https://corp.vault.azure.net", -EINVAL, "path" },
		{ "https://corp.vault.azure.net/keys", -EINVAL, "path" },
		{ "https://corp.vault.azure.net/keys/", -EINVAL, "name" },
		{ "https://corp.vault.azure.net/keys/a_b", -EINVAL, "1 to 127" },
		{ "https://corp.vault.azure.net/keys/a%41", -EINVAL, "1 to 127" },
		{ "https://corp.vault.azure.net/keys/.", -EINVAL, "1 to 127" },
		{ "https://corp.vault.azure.net/keys/" N_127 "8", -EINVAL, "1 to 127" },
		{ "https://corp.vault.azure.net/keys/a/b", -EINVAL, "32 hex digits" },
		{ "https://corp.vault.azure.net/keys/a/" VERSION "/wrapkey", -EINVAL, "32 hex digits" },
		{ "https://corp.vault.azure.net/secrets/a", -EINVAL, "path" },
		{ "https://corp.vault.azure.net/deletedkeys/a", -EINVAL, "path" },
		{ "https://corp.vault.azure.net//keys/a", -EINVAL, "path" },
		{ "https://corp.vault.azure.net/keys/a?api-version=7.4", -EINVAL, "query" },
		{ "https://corp.vault.azure.net/keys/a?", -EINVAL, "query" },
		{ "https://corp.vault.azure.net/keys/a#b", -EINVAL, "fragment" },
		{ "https://me@corp.vault.azure.net/keys/a", -EINVAL, "user" },
		{ "https:///keys/a", -EINVAL, "host" },
		{ "https:/keys/a", -EINVAL, "host" },
		{ "https://[::1]/keys/a", -EINVAL, "host" },
		{ "https://corp.vault.azure.net:8443/keys/a", -EACCES, "hosts" },
		{ "https://vault.azure.net/keys/a", -EACCES, "hosts" },
		{ "https://ab.vault.azure.net/keys/a", -EACCES, "hosts" },
		{ "https://abcdefghijklmnopqrstuvwxy.vault.azure.net/keys/a", -EACCES, "hosts" },
		{ "https://a.corp.vault.azure.net/keys/a", -EACCES, "hosts" },
		{ "https://corp.vault.azure.net.evil.com/keys/a", -EACCES, "hosts" },
		{ "https://corpvault.azure.net/keys/a", -EACCES, "hosts" },
		{ "https://corp.vault.azure.net./keys/a", -EACCES, "hosts" },
		{ "https://corp.vault.azure.cn/keys/a", -EACCES, "public cloud" },
		{ "https://evil.com/keys/a", -EACCES, "evil.com is no host" },
	};
	size_t i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		char *text;
		int err = envol_kek_canonical(ev, rows[i].uri, &text);

		if (err != rows[i].err ||
		    !strstr(envol_error_message(ev), rows[i].why))
			FAIL("%s: %d, %s", rows[i].uri, err,
			     envol_error_message(ev));
		CHECK_STR_HAS(envol_error_message(ev), rows[i].uri);
	}
	envol_free(ev);
}

TEST(a_cloud_has_hosts_and_an_audience)
{
	static const struct {
		const char *cloud, *host, *resource;
		bool hsm;
	} rows[] = {
		{ "public", "corp.vault.azure.net", "https://vault.azure.net", false },
		{ "public", "corp.managedhsm.azure.net", "https://managedhsm.azure.net", true },
		{ "china", "corp.vault.azure.cn", "https://vault.azure.cn", false },
		{ "china", "corp.managedhsm.azure.cn", "https://managedhsm.azure.cn", true },
		{ "usgov", "corp.vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net", false },
		{ "usgov", "corp.managedhsm.usgovcloudapi.net", "https://managedhsm.usgovcloudapi.net", true },
	};
	size_t i, j;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		set(NULL, "cloud", rows[i].cloud);
		CHECK_STR_EQ(envol_keyvault_resource(ev, rows[i].host),
			     rows[i].resource);
		CHECK_EQ(envol_keyvault_is_hsm(ev, rows[i].host), rows[i].hsm);
		for (j = 0; j < TEST_ARRAY_SIZE(rows); j++)
			CHECK_ERR(envol_keyvault_check_host(ev, rows[j].host),
				  strcmp(rows[i].cloud, rows[j].cloud) == 0 ?
					  0 : -EACCES);
	}
	envol_free(ev);
}

TEST(a_host_that_is_named_is_trusted_with_its_port_and_no_other)
{
	CHECK_OK(envol_new(&ev));
	set(NULL, "hosts", "vault.internal:8443, Other.Internal");
	check_canonical("https://vault.internal:8443/keys/a",
			"https://vault.internal:8443/keys/a");
	check_canonical("https://other.internal:443/keys/a",
			"https://other.internal/keys/a");
	CHECK_ERR(envol_keyvault_check_host(ev, "vault.internal"), -EACCES);
	CHECK_ERR(envol_keyvault_check_host(ev, "other.internal:8443"), -EACCES);
	CHECK_ERR(envol_keyvault_check_host(ev, "internal"), -EACCES);
	CHECK_OK(envol_keyvault_check_host(ev, "corp.vault.azure.net"));
	CHECK(!envol_keyvault_is_hsm(ev, "other.internal"));
	set("other.internal", "kind", "managed-hsm");
	CHECK(envol_keyvault_is_hsm(ev, "other.internal"));
	CHECK_STR_EQ(envol_keyvault_resource(ev, "other.internal"),
		     "https://managedhsm.azure.net");
	CHECK(!envol_keyvault_is_hsm(ev, "vault.internal:8443"));
	envol_free(ev);
}

TEST(a_section_is_of_a_host)
{
	static const char *const bad[] = { "a/b", "https://a", "a b", "", "a@b",
					   "a:0", "a?b", "a#b" };
	size_t i;

	CHECK_OK(envol_new(&ev));
	set("Corp.Vault.azure.net", "tenant", "t1");
	set("corp.vault.azure.net:443", "client_id", "c1");
	for (i = 0; i < TEST_ARRAY_SIZE(bad); i++)
		if (*bad[i])
			CHECK_ERR(envol_set_provider(ev, "https", bad[i], "tenant",
						     "t"), -EINVAL);
	CHECK_ERR(envol_set_provider(ev, "https", NULL, "cloud", "moon"), -EINVAL);
	CHECK_ERR(envol_set_provider(ev, "https", NULL, "algorithm", "RSA1_5"),
		  -EINVAL);
	CHECK_ERR(envol_set_provider(ev, "https", NULL, "client_secret", "s"),
		  -EINVAL);
	envol_free(ev);
}
