// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers of the service: every one that was recorded, and those that nobody should send. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/test.h"
#include "userspace/lib/provider/keyvault/answer.h"
#include "userspace/lib/provider/keyvault/bundle.h"
#include "userspace/lib/provider/keyvault/refusal.h"

#define VERSION "dd064d10ccf24983855c7df9a809dd23"
#define KID "https://v1.vault.azure.net/keys/k1/" VERSION

static struct envol *ev;

static void setup(void)
{
	if (!ev)
		CHECK_OK(envol_new(&ev));
}

/* ---- what was recorded --------------------------------------------------------- */

struct recorded {
	unsigned int status;
	const char *method, *path, *body;
};

static const char *last_word(const char *path)
{
	return strrchr(path, '/') + 1;
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

/* Names were taken out of some of the paths. */
static void check_id(const struct envol_keyvault_id *id)
{
	CHECK(strstr(id->host, ".vault.azure.net") ||
	      strstr(id->host, ".managedhsm.azure.net"));
	CHECK(*id->name);
}

static void check_bundle(const struct recorded *r)
{
	struct envol_bundle b = ENVOL_BUNDLE_INIT;

	if (envol_bundle_parse(ev, r->body, strlen(r->body), &b))
		FAIL("%s %s: %s", r->method, r->path, envol_error_message(ev));
	check_id(&b.id);
	CHECK_EQ(strlen(b.id.version), 32);
	CHECK((b.type == ENVOL_BUNDLE_RSA) == (strncmp(b.kty, "RSA", 3) == 0));
	if (b.type == ENVOL_BUNDLE_RSA)
		CHECK(b.bits == 2048 || b.bits == 3072 || b.bits == 4096);
	CHECK(b.attributes.created > 1600000000);
	CHECK(*b.attributes.recovery_level);
	CHECK(envol_bundle_is_protected(&b.attributes) ==
	      !strstr(r->body, "Purgeable"));
	envol_bundle_free(&b);
}

static void check_page(const struct recorded *r)
{
	struct envol_bundle_page page = ENVOL_BUNDLE_PAGE_INIT;

	if (envol_bundle_parse_page(ev, r->body, strlen(r->body), &page))
		FAIL("%s: %s", r->path, envol_error_message(ev));
	CHECK(page.n_items <= 25);
	CHECK((page.next != NULL) == !strstr(r->body, "\"nextLink\":null"));
	envol_bundle_free_page(&page);
}

/* The kid of the answer, for the answer to be checked against. */
static void copy_id(const char *body, struct envol_keyvault_id *id)
{
	char text[512] = "";
	const char *kid = strstr(body, "\"kid\":\""), *why;

	CHECK(kid);
	strncat(text, kid + 7, strcspn(kid + 7, "\""));
	CHECK_OK(envol_keyvault_parse(id, text, &why));
}

static void check_value(const struct recorded *r)
{
	_cleanup_secret_ struct envol_secret secret = ENVOL_SECRET_INIT;
	_cleanup_blob_ struct envol_blob blob = ENVOL_BLOB_INIT;
	struct envol_keyvault_id id;
	size_t len = strlen(r->body);

	copy_id(r->body, &id);
	check_id(&id);
	CHECK_OK(envol_answer_blob(ev, r->body, len, &id, 512, &blob));
	CHECK_OK(envol_answer_secret(ev, r->body, len, &id, 512, &secret));
	CHECK_EQ(secret.len, blob.len);
	CHECK_MEM_EQ(secret.data, blob.data, blob.len);
	id.version[0] ^= 1;
	CHECK_ERR(envol_answer_blob(ev, r->body, len, &id, 512, &blob), -EPROTO);
	envol_secret_wipe(&secret);
	id.version[0] ^= 1;
	id.name[0] = '-';
	CHECK_ERR(envol_answer_secret(ev, r->body, len, &id, 512, &secret),
		  -EPROTO);
	CHECK(!secret.data);
}

static void check_lone_value(const struct recorded *r)
{
	_cleanup_blob_ struct envol_blob blob = ENVOL_BLOB_INIT;

	CHECK_OK(envol_answer_value(ev, r->body, strlen(r->body), 65536, &blob));
	CHECK(blob.len);
	if (strcmp(last_word(r->path), "backup") == 0)
		CHECK_MEM_EQ(blob.data, "&AzureKeyVaultKeyBackupV1.microsoft.com", 39);
}

static void check_refusal(const struct recorded *r)
{
	struct envol_refusal refusal = { .uri = "u", .right = "get",
					 .bad_request = -EINVAL };
	struct envol_http_answer answer = { .status = r->status };
	int err;

	CHECK_OK(envol_secret_copy(ev, &answer.body, (const uint8_t *)r->body,
				   strlen(r->body)));
	err = envol_refusal_explain(ev, &refusal, &answer);
	if (r->status == 404)
		CHECK_ERR(err, -ENOENT);
	else
		CHECK(err == -EEXIST || err == -EAGAIN);
	envol_secret_wipe(&answer.body);
}

static void check_recorded(const struct recorded *r, unsigned int counts[6])
{
	static const char *const pages[] = { "keys", "versions", "deletedkeys", NULL };
	static const char *const values[] = { "wrapKey", "unwrapKey", "encrypt",
					      "decrypt", "sign", NULL };
	static const char *const lone[] = { "backup", "rng", NULL };
	static const char *const others[] = { "verify", "rotationpolicy",
					      "release", NULL };
	const char *word = last_word(r->path);

	if (r->status >= 400) {
		check_refusal(r);
		counts[0]++;
	} else if (is_one_of(word, pages)) {
		check_page(r);
		counts[1]++;
	} else if (is_one_of(word, values)) {
		check_value(r);
		counts[2]++;
	} else if (is_one_of(word, lone)) {
		check_lone_value(r);
		counts[3]++;
	} else if (is_one_of(word, others) || !*r->body) {
		counts[4]++;
	} else {
		check_bundle(r);
		counts[5]++;
	}
}

TEST(every_recorded_answer_is_understood)
{
	FILE *f = fopen("tests/vectors/keyvault-answers.txt", "r");
	unsigned int counts[6] = { 0 };
	char *line = NULL, *at;
	struct recorded r;
	size_t size = 0;

	setup();
	CHECK(f);
	while (getline(&line, &size, f) > 0) {
		if (*line == '#')
			continue;
		line[strcspn(line, "\n")] = 0;
		at = line;
		r.status = strtoul(strsep(&at, "\t"), NULL, 10);
		r.method = strsep(&at, "\t");
		r.path = strsep(&at, "\t");
		r.body = at;
		CHECK(r.body);
		check_recorded(&r, counts);
	}
	fclose(f);
	free(line);
	CHECK_EQ(counts[0], 15);
	CHECK_EQ(counts[1], 15);
	CHECK_EQ(counts[2], 156);
	CHECK_EQ(counts[3], 2);
	CHECK_EQ(counts[4], 40);
	CHECK_EQ(counts[5], 447);
}

/* ---- what nobody should send ------------------------------------------------------ */

static void check_bad_bundle(const char *text, const char *says)
{
	struct envol_bundle b = ENVOL_BUNDLE_INIT;
	int err = envol_bundle_parse(ev, text, strlen(text), &b);

	if (err != -EBADMSG || !strstr(envol_error_message(ev), says))
		FAIL("%s: %d, %s", text, err, envol_error_message(ev));
	CHECK(!b.public.modulus.data && !*b.id.name);
}

#define KEY(kid, kty, more) "\"key\":{\"kid\":\"" kid "\",\"kty\":\"" kty "\"" more "}"
#define ATTRIBUTES ",\"attributes\":{\"enabled\":true,\"created\":1}"

TEST(a_bundle_that_makes_no_sense_is_refused)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "", "JSON" },
		{ "<html>", "JSON" },
		{ "[]", "object" },
		{ "{}", "key: missing" },
		{ "{\"key\":[]}", "not an object" },
		{ "{" KEY("http://v1.vault.azure.net/keys/k1/" VERSION, "RSA", "") ATTRIBUTES "}", "not https" },
		{ "{" KEY("https://v1.vault.azure.net/keys/k1", "oct-HSM", "") ATTRIBUTES "}", "no version" },
		{ "{" KEY("https://v1.vault.azure.net/keys/k1/zz", "oct-HSM", "") ATTRIBUTES "}", "32 hex" },
		{ "{" KEY("https://v1.vault.azure.net/secrets/k1/" VERSION, "oct-HSM", "") ATTRIBUTES "}", "another path" },
		{ "{" KEY(KID "?a=b", "oct-HSM", "") ATTRIBUTES "}", "query" },
		{ "{" KEY(KID, "RSA", "") ATTRIBUTES "}", "key.n: missing" },
		{ "{" KEY(KID, "RSA", ",\"n\":\"a+b\",\"e\":\"AQAB\"") ATTRIBUTES "}", "base64url" },
		{ "{" KEY(KID, "RSA", ",\"n\":\"\",\"e\":\"AQAB\"") ATTRIBUTES "}", "base64url" },
		{ "{" KEY(KID, "oct-HSM", ",\"key_ops\":\"wrapKey\"") ATTRIBUTES "}", "not an array" },
		{ "{" KEY(KID, "oct-HSM", ",\"key_ops\":[1]") ATTRIBUTES "}", "not a string" },
		{ "{" KEY(KID, "oct-HSM-of-another-kind", "") ATTRIBUTES "}", "longer" },
		{ "{" KEY(KID, "oct-HSM", "") "}", "attributes: missing" },
		{ "{" KEY(KID, "oct-HSM", "") ",\"attributes\":{\"enabled\":1}}", "true or false" },
		{ "{" KEY(KID, "oct-HSM", "") ",\"attributes\":{\"enabled\":true,\"exp\":-1}}", "exp" },
		{ "{" KEY(KID, "oct-HSM", "") ",\"attributes\":{\"enabled\":true,\"exp\":1e9}}", "exp" },
		{ "{" KEY(KID, "oct-HSM", "") ",\"attributes\":{\"enabled\":true,\"exp\":253402300800}}", "exp" },
		{ "{" KEY(KID, "oct-HSM", "") ",\"attributes\":{\"enabled\":true,\"recoveryLevel\":\"\\u001b[2J\"}}", "no word" },
		{ "{" KEY(KID, "oct-HSM", "") ",\"attributes\":{\"enabled\":true,\"enabled\":false}}", "twice" },
	};
	size_t i;

	setup();
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++)
		check_bad_bundle(rows[i].text, rows[i].says);
}

TEST(a_bundle_of_a_managed_hsm_is_understood)
{
	static const char text[] =
		"{\"attributes\":{\"created\":9,\"enabled\":false,\"exp\":12,\"exportable\":false,\"nbf\":11,\"recoverableDays\":7,\"recoveryLevel\":\"CustomizedRecoverable\"},"
		"\"key\":{\"key_ops\":[\"unwrapKey\",\"decrypt\"],\"kid\":\"https://H1.ManagedHSM.azure.net:443/keys/K1/DD064D10CCF24983855C7DF9A809DD23\",\"kty\":\"oct-HSM\"}}";
	struct envol_bundle b = ENVOL_BUNDLE_INIT;

	setup();
	CHECK_OK(envol_bundle_parse(ev, text, strlen(text), &b));
	CHECK_STR_EQ(b.id.host, "h1.managedhsm.azure.net");
	CHECK_STR_EQ(b.id.version, VERSION);
	CHECK(b.type == ENVOL_BUNDLE_AES && b.in_hsm);
	CHECK(b.can_unwrap && !b.can_wrap && !b.attributes.enabled);
	CHECK_EQ(b.attributes.not_before, 11);
	CHECK_EQ(b.attributes.expires, 12);
	CHECK_EQ(b.attributes.recoverable_days, 7);
	CHECK(envol_bundle_is_protected(&b.attributes));
	envol_bundle_free(&b);
}

TEST(recovery_levels_are_told_apart)
{
	static const struct {
		const char *level;
		bool protected;
	} rows[] = {
		{ "", false }, { "Purgeable", false },
		{ "Recoverable+Purgeable", false },
		{ "CustomizedRecoverable+Purgeable", false },
		{ "Recoverable", true }, { "CustomizedRecoverable", true },
		{ "Recoverable+ProtectedSubscription", true },
		{ "CustomizedRecoverable+ProtectedSubscription", true },
	};
	struct envol_bundle_attributes a = { 0 };
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		strcpy(a.recovery_level, rows[i].level);
		CHECK_EQ(envol_bundle_is_protected(&a), rows[i].protected);
	}
}

TEST(a_value_that_makes_no_sense_is_refused)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{ "", -EBADMSG }, { "{}", -EBADMSG },
		{ "{\"kid\":\"" KID "\"}", -EBADMSG },
		{ "{\"value\":\"AAAA\"}", -EBADMSG },
		{ "{\"kid\":\"" KID "\",\"value\":7}", -EBADMSG },
		{ "{\"kid\":\"" KID "\",\"value\":\"\"}", -EPROTO },
		{ "{\"kid\":\"" KID "\",\"value\":\"A\"}", -EBADMSG },
		{ "{\"kid\":\"" KID "\",\"value\":\"AA+A\"}", -EBADMSG },
		{ "{\"kid\":\"" KID "\",\"value\":\"AB\"}", -EBADMSG },
		{ "{\"kid\":\"" KID "\",\"value\":\"AA AA\"}", -EBADMSG },
		{ "{\"kid\":\"" KID "\",\"value\":\"A===\"}", -EBADMSG },
		{ "{\"kid\":\"" KID "\",\"value\":\"AAAAAAAA\"}", -EPROTO },
		{ "{\"kid\":\"" KID "\",\"value\":\"AAAAAA\",\"value\":\"AAAA\"}", -EBADMSG },
		{ "{\"kid\":\"https://v2.vault.azure.net/keys/k1/" VERSION "\",\"value\":\"AAAA\"}", -EPROTO },
		{ "{\"kid\":\"https://v1.vault.azure.net/keys/k1\",\"value\":\"AAAA\"}", -EPROTO },
		{ "{\"kid\":\"nonsense\",\"value\":\"AAAA\"}", -EBADMSG },
	};
	_cleanup_secret_ struct envol_secret secret = ENVOL_SECRET_INIT;
	struct envol_keyvault_id id;
	const char *why;
	size_t i;

	setup();
	CHECK_OK(envol_keyvault_parse(&id, KID, &why));
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		int err = envol_answer_secret(ev, rows[i].text,
					      strlen(rows[i].text), &id, 5,
					      &secret);

		if (err != rows[i].err)
			FAIL("%s: %d, %s", rows[i].text, err,
			     envol_error_message(ev));
		CHECK(!secret.data);
	}
	CHECK_OK(envol_answer_secret(ev, "{\"value\":\"AAA=\",\"alg\":\"x\",\"kid\":\"" KID "\"}",
				     strlen("{\"value\":\"AAA=\",\"alg\":\"x\",\"kid\":\"" KID "\"}"),
				     &id, 5, &secret));
	CHECK_EQ(secret.len, 2);
}

/* ---- refusals ------------------------------------------------------------------------ */

#define ERROR(code, inner) "{\"error\":{\"code\":\"" code "\",\"message\":\"first\\r\\nsecond\",\"innererror\":{\"code\":\"" inner "\"}}}"

TEST(refusals_are_told_apart)
{
	static const struct {
		unsigned int status;
		const char *body;
		int err;
		const char *says;
	} rows[] = {
		{ 403, ERROR("Forbidden", "KeyDisabled"), -EKEYREVOKED, "envol key enable" },
		{ 403, ERROR("Forbidden", "ForbiddenByRbac"), -EACCES, "Crypto Service Encryption User" },
		{ 403, ERROR("Forbidden", "ForbiddenByPolicy"), -EACCES, "key permission unwrapKey" },
		{ 403, ERROR("Forbidden", "AccessDenied"), -EACCES, "key permission unwrapKey" },
		{ 403, ERROR("Forbidden", "ForbiddenByFirewall"), -ENETUNREACH, "firewall" },
		{ 403, ERROR("Forbidden", "ForbiddenByConnection"), -ENETUNREACH, "private endpoint" },
		{ 403, ERROR("Forbidden", "KeyOperationForbidden"), -EKEYREJECTED, "do not include unwrapKey" },
		{ 403, ERROR("Forbidden", "New"), -EACCES, "first (request r9)" },
		{ 403, "", -EACCES, "refused" },
		{ 403, "<html>", -EACCES, "refused" },
		{ 401, "", -EACCES, "tenant" },
		{ 404, ERROR("KeyNotFound", ""), -ENOENT, "version 3" },
		{ 409, ERROR("Conflict", "ObjectIsDeletedButRecoverable"), -EEXIST, "recovered" },
		{ 409, ERROR("Conflict", "ObjectIsBeingDeleted"), -EAGAIN, "at this moment" },
		{ 400, ERROR("BadParameter", ""), -EBADMSG, "first" },
		{ 429, ERROR("Throttled", ""), -EAGAIN, "too often; again in 10 s" },
		{ 503, "", -EAGAIN, "HTTP 503" },
		{ 302, "", -EPROTO, "redirect" },
		{ 418, "", -EPROTO, "HTTP 418" },
		{ 204, "", -EPROTO, "HTTP 204" },
	};
	struct envol_refusal refusal = { .uri = "u", .version = "3",
					 .right = "unwrapKey",
					 .bad_request = -EBADMSG };
	size_t i;

	setup();
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		struct envol_http_answer answer = {
			.status = rows[i].status, .request_id = (char *)"r9",
			.retry_after_s = 7 };
		int err;

		ev->retry_after_s = 0;
		if (*rows[i].body)
			CHECK_OK(envol_secret_copy(
				ev, &answer.body, (const uint8_t *)rows[i].body,
				strlen(rows[i].body)));
		err = envol_refusal_explain(ev, &refusal, &answer);
		if (err != rows[i].err ||
		    !strstr(envol_error_message(ev), rows[i].says) ||
		    !strstr(envol_error_message(ev), "(request r9)"))
			FAIL("%u %s: %d, %s", rows[i].status, rows[i].body, err,
			     envol_error_message(ev));
		/* Not within the limits' window, whatever the service says. */
		CHECK_EQ(ev->retry_after_s, rows[i].status == 429 ? 10 :
					    rows[i].status == 503 ? 7 : 0);
		envol_secret_wipe(&answer.body);
	}
}

TEST(a_clock_that_is_wrong_is_named)
{
	struct envol_refusal refusal = { .uri = "u", .right = "get",
					 .now = 1795110246 };
	struct envol_http_answer answer = { .status = 401,
					    .date = 1795110246 + 4000 };

	setup();
	CHECK_ERR(envol_refusal_explain(ev, &refusal, &answer), -EACCES);
	CHECK_STR_HAS(envol_error_message(ev), "clock is 4000 s behind");
	answer.date = refusal.now - 301;
	CHECK_ERR(envol_refusal_explain(ev, &refusal, &answer), -EACCES);
	CHECK_STR_HAS(envol_error_message(ev), "clock is 301 s ahead");
	answer.date = refusal.now - 300;
	CHECK_ERR(envol_refusal_explain(ev, &refusal, &answer), -EACCES);
	CHECK_STR_HAS(envol_error_message(ev), "tenant");
}

TEST(what_a_refusal_says_is_fit_to_be_shown)
{
	static const char text[] = "{\"error\":{\"code\":\"a b\",\"message\":\"\\u001b[2Jx\\u00e9\",\"innererror\":{\"code\":\"In\",\"innererror\":{\"code\":\"Inner\",\"innererror\":null}}}}";
	struct envol_answer_refusal r;

	setup();
	envol_answer_refused(ev, text, strlen(text), &r);
	CHECK_STR_EQ(r.code, "Inner");
	CHECK_STR_EQ(r.message, "?[2Jx??");
}
