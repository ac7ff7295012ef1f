// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/provider/keyvault/authority.h"
#include "userspace/lib/provider/keyvault/form.h"

#define GUID "72f988bf-86f1-41AF-91ab-2d7cd011db47"

static struct envol *ev;
static struct envol_authority authority;

TEST(where_tokens_come_from)
{
	static const struct {
		const char *cloud, *text, *tenant, *url;
	} rows[] = {
		{ NULL, NULL, GUID,
		  "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/oauth2/v2.0/token" },
		{ "china", NULL, "contoso.cn",
		  "https://login.chinacloudapi.cn/contoso.cn/oauth2/v2.0/token" },
		{ "usgov", NULL, "Contoso.onmicrosoft.us",
		  "https://login.microsoftonline.us/contoso.onmicrosoft.us/oauth2/v2.0/token" },
		{ "china", "https://Login.Example.com/", "a.b",
		  "https://login.example.com/a.b/oauth2/v2.0/token" },
		{ NULL, "https://localhost:8443", "a.b",
		  "https://localhost:8443/a.b/oauth2/v2.0/token" },
		{ NULL, "https://127.0.0.1:443", "a.b",
		  "https://127.0.0.1/a.b/oauth2/v2.0/token" },
	};
	size_t i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		if (envol_authority_init(ev, rows[i].cloud, rows[i].text,
					 rows[i].tenant, &authority))
			FAIL("%s", envol_error_message(ev));
		CHECK_STR_EQ(authority.token_url, rows[i].url);
	}
}

TEST(nothing_else_gets_into_the_url)
{
	static const struct {
		const char *cloud, *text, *tenant, *why;
	} rows[] = {
		{ "mars", NULL, GUID, "authority = " },
		{ NULL, "http://login.example.com", GUID, "no https://" },
		{ NULL, "login.example.com", GUID, "has no scheme" },
		{ NULL, "https://", GUID, "no https://" },
		{ NULL, "https://user@login.example.com", GUID, "a user" },
		{ NULL, "https://login.example.com/adfs", GUID, "more than" },
		{ NULL, "https://login.example.com//", GUID, "more than" },
		{ NULL, "https://login.example.com?", GUID, "more than" },
		{ NULL, "https://login.example.com/?x", GUID, "more than" },
		{ NULL, "https://login.example.com#x", GUID, "fragment" },
		{ NULL, "https://login.example.com:0", GUID, "bad port" },
		{ NULL, "https://login", GUID, "no host name" },
		{ NULL, "https://login..com", GUID, "no host name" },
		{ NULL, "https://login.example.com\\@evil.com", GUID, "user" },
		{ NULL, "https://login.exa%2fmple.com", GUID, "no host name" },
		{ NULL, NULL, NULL, "no tenant" },
		{ NULL, NULL, "", "neither" },
		{ NULL, NULL, "common", "neither" },
		{ NULL, NULL, "organizations", "neither" },
		{ NULL, NULL, "..", "neither" },
		{ NULL, NULL, "../x.com", "neither" },
		{ NULL, NULL, "a.com/../b", "neither" },
		{ NULL, NULL, "a.com?x=1", "neither" },
		{ NULL, NULL, "a..com", "neither" },
		{ NULL, NULL, "-a.com", "neither" },
		{ NULL, NULL, "a-.com", "neither" },
		{ NULL, NULL, "a.com-", "neither" },
		{ NULL, NULL, "a.com.", "neither" },
		{ NULL, NULL, "a b.com", "neither" },
		{ NULL, NULL, "72f988bf-86f1-41af-91ab-2d7cd011db4g", "neither" },
	};
	size_t i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		int err = envol_authority_init(ev, rows[i].cloud, rows[i].text,
					       rows[i].tenant, &authority);

		if (err != -EINVAL)
			FAIL("%s, %s: %s", rows[i].text, rows[i].tenant,
			     authority.token_url);
		CHECK_STR_HAS(envol_error_message(ev), rows[i].why);
	}
}

TEST(a_form_has_no_seams)
{
	_cleanup_form_ struct envol_form form = ENVOL_FORM_INIT;
	_cleanup_secret_ struct envol_secret secret = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret large = ENVOL_SECRET_INIT;
	static const char want[] =
		"client_id=a%20b&scope=https%3A%2F%2Fvault.azure.net%2F.default&client_secret=~%26x%3D%2B%25%C3%A9%00-._&empty=";

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_secret_copy(ev, &secret,
				   (const uint8_t *)"~&x=+%\xc3\xa9\0-._", 12));
	CHECK_OK(envol_form_add(ev, &form, "client_id", "a b"));
	CHECK_OK(envol_form_add(ev, &form, "scope",
				"https://vault.azure.net/.default"));
	CHECK_OK(envol_form_add_secret(ev, &form, "client_secret", &secret));
	CHECK_OK(envol_form_add(ev, &form, "empty", ""));
	CHECK_EQ(form.used, strlen(want));
	CHECK_EQ(form.text.len, form.used);
	CHECK_MEM_EQ(form.text.data, want, form.used);

	CHECK_OK(envol_secret_alloc(ev, &large, 30000));
	CHECK_ERR(envol_form_add_secret(ev, &form, "x", &large), -EMSGSIZE);
	CHECK_EQ(form.used, strlen(want));
}
