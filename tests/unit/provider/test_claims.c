// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/test.h"
#include "userspace/lib/provider/keyvault/claims.h"

#define CHALLENGE "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", error=\"insufficient_claims\", claims=\"%s\""

static struct envol *ev;

static int ask(const char *claims, char **asked)
{
	char header[1024];

	snprintf(header, sizeof(header), CHALLENGE, claims);
	return envol_claims_asked(ev, header, asked);
}

TEST(what_a_challenge_asks_for_goes_into_the_next_request)
{
	static const struct {
		const char *encoded, *asked, *written;
	} rows[] = {
		/* {"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}, padded and not */
		{ "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNjA0MTA2NjUxIn19fQ==",
		  "{\"nbf\":{\"essential\":true,\"value\":\"1604106651\"}}",
		  "{\"access_token\":{\"xms_cc\":{\"values\":[\"cp1\"]},\"nbf\":{\"essential\":true,\"value\":\"1604106651\"}}}" },
		{ "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNjA0MTA2NjUxIn19fQ",
		  "{\"nbf\":{\"essential\":true,\"value\":\"1604106651\"}}",
		  "{\"access_token\":{\"xms_cc\":{\"values\":[\"cp1\"]},\"nbf\":{\"essential\":true,\"value\":\"1604106651\"}}}" },
		/* {"id_token":{"a":null},"access_token":{ }} */
		{ "eyJpZF90b2tlbiI6eyJhIjpudWxsfSwiYWNjZXNzX3Rva2VuIjp7IH19",
		  "{ }", "{\"access_token\":{\"xms_cc\":{\"values\":[\"cp1\"]} }}" },
		/* {"access_token":{"xms_cc":{"values":["cp2"]}}} */
		{ "eyJhY2Nlc3NfdG9rZW4iOnsieG1zX2NjIjp7InZhbHVlcyI6WyJjcDIiXX19fQ",
		  "{\"xms_cc\":{\"values\":[\"cp2\"]}}",
		  "{\"access_token\":{\"xms_cc\":{\"values\":[\"cp2\"]}}}" },
	};
	char *asked, *written;
	size_t i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		CHECK_OK(ask(rows[i].encoded, &asked));
		CHECK_STR_EQ(asked, rows[i].asked);
		CHECK_OK(envol_claims_write(ev, asked, &written));
		CHECK_STR_EQ(written, rows[i].written);
		free(asked);
		free(written);
	}
	CHECK_OK(envol_claims_write(ev, NULL, &written));
	CHECK_STR_EQ(written,
		     "{\"access_token\":{\"xms_cc\":{\"values\":[\"cp1\"]}}}");
	free(written);
	envol_free(ev);
}

TEST(other_challenges_ask_for_no_claims)
{
	static const char *const headers[] = {
		NULL,
		"Bearer authorization=\"https://login.microsoftonline.com/t\", resource=\"r\"",
		"Bearer error=\"invalid_token\", claims=\"e30\"",
		"Bearer error=\"insufficient_claims\"",
		"Basic error=\"insufficient_claims\", claims=\"e30\"",
	};
	char *asked;
	size_t i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(headers); i++)
		CHECK_ERR(envol_claims_asked(ev, headers[i], &asked), -ENOENT);
	envol_free(ev);
}

TEST(claims_that_are_none_are_refused)
{
	static const char *const rows[] = {
		"", "!!", "e30=",	/* {} */
		"eyJhY2Nlc3NfdG9rZW4iOiJ4In0",	/* {"access_token":"x"} */
		"eyJhY2Nlc3NfdG9rZW4iOltdfQ",	/* {"access_token":[]} */
		"eyJhY2Nlc3NfdG9rZW4iOnt9",	/* {"access_token":{} */
		"AAAA",
	};
	char *asked;
	size_t i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++)
		if (ask(rows[i], &asked) != -EPROTO)
			FAIL("%s", rows[i]);
	CHECK_STR_HAS(envol_error_message(ev), "another access token");
	envol_free(ev);
}
