// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/provider/keyvault/grant.h"

#define NOW 1700000000

static struct envol *ev;
static struct envol_secret body = ENVOL_SECRET_INIT;

static void take(const char *text)
{
	if (!ev)
		CHECK_OK(envol_new(&ev));
	envol_secret_wipe(&body);
	CHECK_OK(envol_secret_copy(ev, &body, (const uint8_t *)text,
				   strlen(text)));
}

TEST(answers_that_grant)
{
	static const struct {
		const char *text;
		unsigned int life_s;
	} rows[] = {
		/* Entra ID */
		{ "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"ext_expires_in\":3599,\"access_token\":\"ey.J-_x\"}", 3599 },
		/* IMDS */
		{ "{\"access_token\":\"ey.J-_x\",\"client_id\":\"1\",\"expires_in\":\"86399\",\"expires_on\":\"1700000500\",\"ext_expires_in\":\"86399\",\"not_before\":\"1\",\"resource\":\"https://vault.azure.net\",\"token_type\":\"Bearer\"}", 86399 },
		/* App Service */
		{ "{\"access_token\":\"ey.J-_x\",\"expires_on\":\"1700000500\",\"resource\":\"r\",\"token_type\":\"bearer\",\"client_id\":\"1\"}", 500 },
		{ "{\"access_token\":\"ey.J-_x\",\"expires_on\":1700000500,\"token_type\":\"Bearer\"}", 500 },
		{ "{\"access_token\":\"ey.J-_x\",\"expires_on\":\"2026-03-01T12:00:00+00:00\",\"token_type\":\"Bearer\"}", 0 },
		{ "{\"access_token\":\"ey.J-_x\",\"expires_on\":\"1600000000\",\"token_type\":\"Bearer\"}", 0 },
		{ "{\"access_token\":\"ey.J-_x\",\"token_type\":\"Bearer\"}", 0 },
		{ "{\"access_token\":\"ey.J-_x\",\"expires_in\":-5,\"token_type\":\"Bearer\"}", 0 },
		{ "{\"access_token\":\"ey.J-_x\",\"expires_in\":[],\"expires_on\":1700000500,\"token_type\":\"Bearer\"}", 0 },
		{ "{\"access_token\":\"ey.J-_x\",\"expires_in\":\"\",\"token_type\":\"Bearer\"}", 0 },
		{ "{\"access_token\":\"ey.J-_x\",\"expires_in\":18446744073709551615,\"token_type\":\"Bearer\"}", 86400 },
		{ "{\"access_token\":\"ey.J-_x\",\"expires_in\":\"99999999999999999999999\",\"token_type\":\"Bearer\"}", 86400 },
	};
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		_cleanup_grant_ struct envol_grant grant = ENVOL_GRANT_INIT;

		take(rows[i].text);
		if (envol_grant_parse(ev, "the peer", &body, NOW, &grant))
			FAIL("%s: %s", rows[i].text, envol_error_message(ev));
		CHECK_EQ(grant.token.len, strlen("ey.J-_x"));
		CHECK_MEM_EQ(grant.token.data, "ey.J-_x", grant.token.len);
		if (grant.life_s != rows[i].life_s)
			FAIL("%s: %u", rows[i].text, grant.life_s);
	}
}

TEST(answers_that_do_not)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "{}", "has none" },
		{ "{\"access_token\":\"a\"}", "not Bearer" },
		{ "{\"access_token\":\"a\",\"token_type\":\"PoP\"}", "not Bearer" },
		{ "{\"access_token\":\"a\",\"token_type\":1}", "not Bearer" },
		{ "{\"access_token\":1,\"token_type\":\"Bearer\"}", "is none" },
		{ "{\"access_token\":null,\"token_type\":\"Bearer\"}", "is none" },
		{ "{\"access_token\":\"\",\"token_type\":\"Bearer\"}", "is none" },
		{ "{\"access_token\":\"a b\",\"token_type\":\"Bearer\"}", "is none" },
		{ "{\"access_token\":\"a\\r\\nX: y\",\"token_type\":\"Bearer\"}", "is none" },
		{ "{\"access_token\":\"\\u0061\",\"token_type\":\"Bearer\"}", "is none" },
		{ "{\"access_token\":\"a\",\"access_token\":\"b\",\"token_type\":\"Bearer\"}", "no JSON" },
		{ "[]", "no JSON object" },
		{ "<html>", "no JSON object" },
		{ "{\"access_token\":\"a\",\"token_type\":\"Bearer\"", "no JSON object" },
	};
	struct envol_grant grant = ENVOL_GRANT_INIT;
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		take(rows[i].text);
		if (envol_grant_parse(ev, "the peer", &body, NOW, &grant) !=
		    -EPROTO)
			FAIL("%s", rows[i].text);
		CHECK(!grant.token.data);
		CHECK_STR_HAS(envol_error_message(ev), rows[i].why);
		CHECK_STR_HAS(envol_error_message(ev), "the peer");
	}
	envol_secret_wipe(&body);
	CHECK_ERR(envol_grant_parse(ev, "the peer", &body, NOW, &grant), -EPROTO);
}

TEST(refusals_are_made_fit_to_be_shown)
{
	struct envol_grant_refusal refusal;

	take("{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid client secret \\u0027\\u001b[1m\\u0027 \\\"x\\\" caf\xc3\xa9.\\r\\nTrace ID: 1\",\"error_codes\":[7000215],\"correlation_id\":\"c-1\"}");
	envol_grant_parse_refusal(&body, &refusal);
	CHECK_STR_EQ(refusal.error, "invalid_client");
	CHECK_EQ(refusal.code, 7000215);
	CHECK_STR_EQ(refusal.text,
		     "AADSTS7000215: Invalid client secret '?[1m' \"x\" caf??.");
	CHECK_STR_EQ(refusal.correlation_id, "c-1");

	take("{\"error\":\"e\",\"error_description\":\"AADSTS1: x. Trace ID: 2 Correlation ID: 3\"}");
	envol_grant_parse_refusal(&body, &refusal);
	CHECK_STR_EQ(refusal.text, "AADSTS1: x.");

	take("{\"error\":{\"code\":\"x\"},\"error_description\":7}");
	envol_grant_parse_refusal(&body, &refusal);
	CHECK_STR_EQ(refusal.error, "");
	CHECK_STR_EQ(refusal.text, "");

	take("<html>AADSTS7000215</html>");
	envol_grant_parse_refusal(&body, &refusal);
	CHECK_EQ(refusal.code, 0);

	take("{\"error\":\"0123456789012345678901234567890123456789012345678901234567890123456789\",\"error_description\":\"AADSTS99999999999999999999: x\"}");
	envol_grant_parse_refusal(&body, &refusal);
	CHECK_EQ(strlen(refusal.error), sizeof(refusal.error) - 1);
	CHECK(refusal.code >= 100000000);

	envol_secret_wipe(&body);
	envol_grant_parse_refusal(&body, &refusal);
	CHECK_STR_EQ(refusal.error, "");
}
