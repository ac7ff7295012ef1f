// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "tests/harness/test.h"
#include "userspace/lib/provider/keyvault/challenge.h"

TEST(a_parameter_is_found)
{
	static const struct {
		const char *header, *scheme, *name, *value;
	} rows[] = {
		{ "Bearer authorization=\"https://login.microsoftonline.com/t\", resource=\"https://vault.azure.net\"",
		  "Bearer", "authorization", "https://login.microsoftonline.com/t" },
		{ "Bearer authorization=\"https://login.microsoftonline.com/t\", resource=\"https://vault.azure.net\"",
		  "bearer", "RESOURCE", "https://vault.azure.net" },
		{ "Bearer resource=\"r\",authorization_uri=\"a\"", "Bearer",
		  "authorization_uri", "a" },
		{ "Basic realm=/var/opt/azcmagent/tokens/1.key", "Basic", "realm",
		  "/var/opt/azcmagent/tokens/1.key" },
		{ "  Basic  realm = \"a\\\"b\\\\c, d=e\" ", "Basic", "realm",
		  "a\"b\\c, d=e" },
		{ "PoP nonce=\"1\", Bearer nonce=\"2\", error=x", "Bearer", "nonce", "2" },
		{ "Negotiate YWJj==, Bearer a=1", "Bearer", "a", "1" },
		{ "Negotiate, Bearer a=1", "Bearer", "a", "1" },
		{ ", ,Bearer a=1,, b=2,", "Bearer", "b", "2" },
		{ "Bearer a=\"\"", "Bearer", "a", "" },
		{ "Bearer a=1, Bearer a=2", "Bearer", "a", "1" },
	};
	char value[64];
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		if (envol_challenge_parameter(rows[i].header, rows[i].scheme,
					      rows[i].name, value,
					      sizeof(value)))
			FAIL("%s of %s", rows[i].name, rows[i].header);
		CHECK_STR_EQ(value, rows[i].value);
	}
}

TEST(what_is_no_challenge_is_refused)
{
	static const struct {
		const char *header;
		int err;
	} rows[] = {
		{ "", -ENOENT },
		{ "Bearer", -ENOENT },
		{ "Bearer b=1", -ENOENT },
		{ "Basic a=1", -ENOENT },
		{ "PoP a=1, Basic a=2", -ENOENT },
		{ "Bearer a=1, a=2", -EEXIST },
		{ "Bearer a=\"1\", A=\"1\"", -EEXIST },
		{ "Bearer a=\"1", -EINVAL },
		{ "Bearer a=\"1\\", -EINVAL },
		{ "Bearer a=", -EINVAL },
		{ "Bearer a=,b=1", -EINVAL },
		{ "Bearer a=1 b=2", -EINVAL },
		{ "Bearer a=\"1\"b=2", -EINVAL },
		{ "Bearer/a=1", -EINVAL },
		{ "\"Bearer\" a=1", -EINVAL },
		{ "Bearer a=0123456789", -ENAMETOOLONG },
	};
	char value[8];
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		int err = envol_challenge_parameter(rows[i].header, "Bearer",
						    "a", value, sizeof(value));

		if (err != rows[i].err)
			FAIL("%s: %s", rows[i].header, strerror(-err));
	}
}
