// SPDX-License-Identifier: GPL-2.0-or-later
/* The token's JSON, strict both ways. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/test.h"
#include "userspace/lib/metadata/token.h"

static const char good[] =
	"{\"type\":\"envol\",\"keyslots\":[\"0\"],\"version\":1,"
	"\"volume_id\":\"000102030405060708090a0b0c0d0e0f\",\"generation\":\"7\","
	"\"policy\":\"no-recovery two-keks\",\"pending_keyslot\":\"1\",\"wraps\":["
	"{\"parts\":[{\"uri\":\"service:disk7\",\"version\":\"1\",\"algorithm\":\"A256KWP\",\"bytes\":\"AQID\"}],"
	"\"created\":\"2026-03-01T12:00:00Z\",\"retiring\":\"2026-03-02T12:00:00Z\",\"proved\":true},"
	"{\"parts\":[{\"uri\":\"https://v.vault.azure.net/keys/k\",\"version\":\"9c1e\",\"algorithm\":\"RSA-OAEP-256\",\"bytes\":\"BAU=\"},"
	"{\"uri\":\"pkcs11:token=hsm1;object=disk-kek;type=private\",\"version\":\"1\",\"algorithm\":\"RSA-OAEP\",\"bytes\":\"Bg==\"}],"
	"\"dek\":\"BwgJ\",\"created\":\"2026-03-02T12:00:00Z\",\"proved\":false}],"
	"\"sealed\":\"c2VhbGVk\",\"mac\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}";

TEST(fields)
{
	_cleanup_token_ struct envol_token t = ENVOL_TOKEN_INIT;
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_token_parse(ev, good, strlen(good), &t));
	CHECK_EQ(t.volume_id[15], 15);
	CHECK_EQ(t.generation, 7);
	CHECK_STR_EQ(t.policy, "no-recovery two-keks");
	CHECK_EQ(t.pending_keyslot, 1);
	CHECK_EQ(t.n_wraps, 2);
	CHECK_EQ(t.wraps[0].n_parts, 1);
	CHECK_STR_EQ(t.wraps[0].parts[0].uri, "service:disk7");
	CHECK_STR_EQ(t.wraps[0].parts[0].version, "1");
	CHECK_STR_EQ(t.wraps[0].parts[0].algorithm, "A256KWP");
	CHECK_EQ(t.wraps[0].parts[0].bytes.len, 3);
	CHECK_MEM_EQ(t.wraps[0].parts[0].bytes.data, "\1\2\3", 3);
	CHECK_EQ(t.wraps[0].created, 1772366400);
	CHECK_EQ(t.wraps[0].retiring, 1772366400 + 86400);
	CHECK(t.wraps[0].proved);
	CHECK_EQ(t.wraps[1].n_parts, 2);
	CHECK_STR_EQ(t.wraps[1].parts[1].version, "1");
	CHECK_EQ(t.wraps[1].dek.len, 3);
	CHECK_EQ(t.wraps[1].retiring, 0);
	CHECK(!t.wraps[1].proved);
	CHECK_EQ(t.sealed.len, 6);
	envol_free(ev);
}

TEST(that_a_kek_is_unprotected_is_kept)
{
	_cleanup_token_ struct envol_token t = ENVOL_TOKEN_INIT;
	_cleanup_token_ struct envol_token again = ENVOL_TOKEN_INIT;
	_cleanup_free_ char *json = NULL;
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_token_parse(ev, good, strlen(good), &t));
	CHECK(!t.wraps[0].unprotected);
	t.wraps[1].unprotected = true;
	CHECK_OK(envol_token_format(ev, &t, &json));
	CHECK_STR_HAS(json, "\"proved\":false,\"unprotected\":true}]");
	CHECK_OK(envol_token_parse(ev, json, strlen(json), &again));
	CHECK(!again.wraps[0].unprotected);
	CHECK(again.wraps[1].unprotected);
	envol_free(ev);
}

TEST(what_is_formatted_is_what_was_parsed)
{
	_cleanup_token_ struct envol_token t = ENVOL_TOKEN_INIT;
	_cleanup_free_ char *json = NULL;
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_token_parse(ev, good, strlen(good), &t));
	CHECK_OK(envol_token_format(ev, &t, &json));
	CHECK_STR_EQ(json, good);
	envol_free(ev);
}

/* The good one with the first @from replaced by @to. */
static char *replaced(const char *from, const char *to)
{
	const char *at = strstr(good, from);
	char *text;

	if (!at)
		FAIL("%s is not in the example", from);
	if (asprintf(&text, "%.*s%s%s", (int)(at - good), good, to,
		     at + strlen(from)) < 0)
		FAIL("out of memory");
	return text;
}

static void check_refused(const char *from, const char *to, int err,
			  const char *sentence)
{
	_cleanup_free_ char *json = replaced(from, to);
	struct envol_token t = ENVOL_TOKEN_INIT;
	struct envol *ev;
	int got;

	CHECK_OK(envol_new(&ev));
	got = envol_token_parse(ev, json, strlen(json), &t);
	if (got != err || strcmp(envol_error_message(ev), sentence) != 0)
		FAIL("%s -> %s: %d, %s", from, to, got, envol_error_message(ev));
	/* Nothing is left of what had been read before. */
	CHECK(!t.policy && !t.wraps[0].parts[0].uri && !t.sealed.data);
	envol_free(ev);
}

TEST(refused_fields_are_named)
{
	static const struct {
		const char *from, *to, *sentence;
	} rows[] = {
		{ "\"type\":\"envol\"", "\"type\":\"envol2\"", "token.type: not \"envol\"" },
		{ "\"type\":\"envol\",", "", "token.type: missing" },
		{ "[\"0\"]", "[]", "token.keyslots: empty" },
		{ "[\"0\"]", "[\"1\"]", "token.keyslots[0]: not \"0\"" },
		{ "[\"0\"]", "[0]", "token.keyslots[0]: not a string" },
		{ "[\"0\"]", "[\"0\",\"1\"]", "token.keyslots: more than 1" },
		{ "\"version\":1,", "", "token.version: missing" },
		{ "\"version\":1,", "\"version\":\"1\",", "token.version: not an integer" },
		{ "\"version\":1,", "\"version\":1.0,", "token.version: not an integer" },
		{ "\"policy\"", "\"polizei\"", "token.polizei: not known" },
		{ "\"policy\":", "\"policy\":\"a\",\"policy\":",
		  "token: not valid JSON at byte 130: name given twice in an object" },
		{ "{\"type\"", "[{\"type\"", "token: not valid JSON at byte 699: array without an end" },
		{ "no-recovery", "no\\trecovery", "token.policy: has a character that may not stand there" },
		{ "\"000102", "\"00010", "token.volume_id: not 32 lower-case hex digits" },
		{ "0a0b0c0d0e0f", "0A0B0C0D0E0F", "token.volume_id: not 32 lower-case hex digits" },
		{ "0d0e0f\"", "0d0e0f00\"", "token.volume_id: not 32 lower-case hex digits" },
		{ "\"generation\":\"7\"", "\"generation\":7", "token.generation: not a string" },
		{ "\"generation\":\"7\"", "\"generation\":\"0\"", "token.generation: 0" },
		{ "\"generation\":\"7\"", "\"generation\":\"07\"", "token.generation: not a decimal number" },
		{ "\"generation\":\"7\"", "\"generation\":\"9223372036854775808\"",
		  "token.generation: not 0 to 9223372036854775807" },
		{ "\"pending_keyslot\":\"1\"", "\"pending_keyslot\":\"0\"", "token.pending_keyslot: 0" },
		{ "\"pending_keyslot\":\"1\"", "\"pending_keyslot\":\"32\"",
		  "token.pending_keyslot: not 0 to 31" },
		{ "\"wraps\":[", "\"wraps\":{},\"x\":[", "token.x: not known" },
		{ "\"created\":\"2026-03-01T12:00:00Z\",", "", "token.wraps[0].created: missing" },
		{ "2026-03-01T12:00:00Z", "2026-03-01 12:00:00Z",
		  "token.wraps[0].created: not a time such as 2026-03-01T12:00:00Z" },
		{ "2026-03-01T12:00:00Z", "1970-01-01T00:00:00Z",
		  "token.wraps[0].created: not a time such as 2026-03-01T12:00:00Z" },
		{ "2026-03-02T12:00:00Z", "never",
		  "token.wraps[0].retiring: not a time such as 2026-03-01T12:00:00Z" },
		{ "\"proved\":true", "\"proved\":1", "token.wraps[0].proved: not true or false" },
		{ "\"proved\":true", "\"proved\":true,\"unprotected\":false",
		  "token.wraps[0].unprotected: false" },
		{ "\"proved\":true", "\"proved\":true,\"unprotected\":1",
		  "token.wraps[0].unprotected: not true or false" },
		{ "\"proved\":true", "\"proved\":true,\"dek\":\"AAAA\"", "token.wraps[0].dek: not known" },
		{ "\"dek\":\"BwgJ\",", "", "token.wraps[1].dek: missing" },
		{ "\"BwgJ\"", "\"\"", "token.wraps[1].dek: empty" },
		{ "\"parts\":[{\"uri\":\"https", "\"parts\":[0,0,{\"uri\":\"https",
		  "token.wraps[1].parts: more than 2" },
		{ "\"service:disk7\"", "7", "token.wraps[0].parts[0].uri: not a string" },
		{ "\"service:disk7\"", "\"disk7\"", "token.wraps[0].parts[0].uri: has no scheme" },
		{ "service:disk7", "service:disk 7",
		  "token.wraps[0].parts[0].uri: has a character that may not stand there" },
		{ "service:disk7", "service:disk\\\"7",
		  "token.wraps[0].parts[0].uri: has a character that may not stand there" },
		{ "service:disk7", "https://u:p@h/k",
		  "token.wraps[0].parts[0].uri: has a user or a password" },
		{ ";type=private", "?pin-value=1234",
		  "token.wraps[1].parts[1].uri: has a query, which only configuration may give" },
		{ ";type=private", ";module-path=/tmp/x.so",
		  "token.wraps[1].parts[1].uri: attribute \"module-path\" does not identify a key" },
		{ ";type=private", ";types=private",
		  "token.wraps[1].parts[1].uri: attribute \"types\" does not identify a key" },
		{ ";type=private", ";type",
		  "token.wraps[1].parts[1].uri: attribute \"type\" does not identify a key" },
		{ "\"version\":\"9c1e\"", "\"version\":9", "token.wraps[1].parts[0].version: not a string" },
		{ "\"algorithm\":\"A256KWP\",", "", "token.wraps[0].parts[0].algorithm: missing" },
		{ "\"AQID\"", "\"AQI\"", "token.wraps[0].parts[0].bytes: not base64" },
		{ "\"BAU=\"", "\"BAV=\"", "token.wraps[1].parts[0].bytes: not base64" },
		{ "\"AQID\"", "\"\"", "token.wraps[0].parts[0].bytes: empty" },
		{ "\"sealed\":\"c2VhbGVk\",", "", "token.sealed: missing" },
		{ "\"c2VhbGVk\"", "\"c2VhbGV\"", "token.sealed: not base64" },
		{ "AAA=\"}", "AAAA\"}", "token.mac: more than 32 bytes" },
		{ "AAAAAAA=\"}", "AAA=\"}", "token.mac: not 32 bytes" },
		{ "AAA=\"}", "AAA=\"}\n0", "token: not valid JSON at byte 699: something behind the end" },
	};
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++)
		check_refused(rows[i].from, rows[i].to, -EBADMSG, rows[i].sentence);
	check_refused("\"version\":1,", "\"version\":2,\"new\":0,", -EPROTONOSUPPORT,
		      "token.version: 2, where this envol knows 1; use a newer one");
}

/* Each field by a text of one byte more than it may have. */
TEST(oversized_fields_are_named)
{
	static const struct {
		const char *from, *to, *sentence;
		size_t size;
	} rows[] = {
		{ "service:disk7", "service:", "token.wraps[0].parts[0].uri: longer than 1023 bytes", 1023 - 8 },
		{ "9c1e", "", "token.wraps[1].parts[0].version: longer than 128 bytes", 128 },
		{ "A256KWP", "", "token.wraps[0].parts[0].algorithm: longer than 64 bytes", 64 },
		{ "no-recovery two-keks", "", "token.policy: longer than 256 bytes", 256 },
		{ "AQID", "", "token.wraps[0].parts[0].bytes: more than 4096 bytes", 5460 },
		{ "BwgJ", "", "token.wraps[1].dek: more than 128 bytes", 168 },
		{ "2026-03-01T12:00:00Z", "", "token.wraps[0].created: longer than 20 bytes", 20 },
	};
	char text[6000];
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		memset(text, 0, sizeof(text));
		strcpy(text, rows[i].to);
		memset(text + strlen(text), 'A', rows[i].size + 4);
		check_refused(rows[i].from, text, -EBADMSG, rows[i].sentence);
	}
}

/* A part like Key Vault's, with RSA-4096. */
static void set_part(struct envol_token_part *part, unsigned int i)
{
	CHECK(asprintf(&part->uri, "https://contoso-production-%02u.vault.azure.net/keys/disk-encryption-%02u", i, i) > 0);
	part->version = strdup("78deebed173b48e48f55abf87ed4cf71");
	part->algorithm = strdup("RSA-OAEP-256");
	part->bytes.data = malloc(512);
	part->bytes.len = part->bytes.size = 512;
	memset(part->bytes.data, i, 512);
}

static void fill(struct envol *ev, struct envol_token *t, unsigned int n_parts)
{
	struct envol_sealed *sealed = calloc(1, sizeof(*sealed));
	unsigned int i, j;

	t->generation = 1;
	t->n_wraps = ENVOL_SEALED_WRAPS;
	for (i = 0; i < t->n_wraps; i++) {
		t->wraps[i].n_parts = n_parts;
		t->wraps[i].created = 1772366400;
		t->wraps[i].retiring = 1772366400;
		for (j = 0; j < n_parts; j++)
			set_part(&t->wraps[i].parts[j], i);
		if (n_parts == 2)
			CHECK_OK(envol_blob_append(&t->wraps[i].dek, t, 72));
	}
	CHECK_OK(envol_token_seal(ev, t, sealed));
	CHECK_OK(envol_sealed_encode(ev, sealed, &t->sealed));
	free(sealed);
}

TEST(thirty_two_wraps_by_rsa_4096_fit)
{
	_cleanup_token_ struct envol_token t = ENVOL_TOKEN_INIT, two = ENVOL_TOKEN_INIT;
	_cleanup_free_ char *json = NULL, *none = NULL;
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	fill(ev, &t, 1);
	CHECK_OK(envol_token_format(ev, &t, &json));
	/* LUKS2's own JSON takes about 2 KB of the 60 KB. */
	if (strlen(json) > ENVOL_TOKEN_MAX - 4096)
		FAIL("%zu bytes", strlen(json));
	fill(ev, &two, 2);
	CHECK_ERR(envol_token_format(ev, &two, &none), -ENOSPC);
	CHECK_STR_HAS(envol_error_message(ev), "for 32 wraps: the header has room for 61440");
	envol_free(ev);
}

TEST(what_would_not_be_read_is_not_written)
{
	_cleanup_token_ struct envol_token t = ENVOL_TOKEN_INIT;
	_cleanup_free_ char *json = NULL;
	struct envol *ev;
	char *uri;

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_token_parse(ev, good, strlen(good), &t));
	uri = t.wraps[0].parts[0].uri;
	t.wraps[0].parts[0].uri = "service:\",\"x\":\"";
	CHECK_ERR(envol_token_format(ev, &t, &json), -EINVAL);
	t.wraps[0].parts[0].uri = "service:\x1f";
	CHECK_ERR(envol_token_format(ev, &t, &json), -EINVAL);
	t.wraps[0].parts[0].uri = "no scheme";
	CHECK_ERR(envol_token_format(ev, &t, &json), -EINVAL);
	CHECK_STR_HAS(envol_error_message(ev), "token.wraps[0].parts[0].uri: ");
	t.wraps[0].parts[0].uri = NULL;
	CHECK_ERR(envol_token_format(ev, &t, &json), -EINVAL);
	t.wraps[0].parts[0].uri = uri;
	t.wraps[0].created = -1;
	CHECK_ERR(envol_token_format(ev, &t, &json), -EINVAL);
	t.wraps[0].created = INT64_MAX;
	CHECK_ERR(envol_token_format(ev, &t, &json), -EINVAL);
	t.wraps[0].created = 1;
	t.wraps[0].n_parts = 3;
	CHECK_ERR(envol_token_format(ev, &t, &json), -EINVAL);
	t.wraps[0].n_parts = 1;
	t.generation = 0;
	CHECK_ERR(envol_token_format(ev, &t, &json), -EINVAL);
	t.generation = 1;
	t.n_wraps = 0;
	CHECK_ERR(envol_token_format(ev, &t, &json), -EINVAL);
	t.n_wraps = ENVOL_SEALED_WRAPS + 1;
	CHECK_ERR(envol_token_format(ev, &t, &json), -EINVAL);
	t.n_wraps = 2;
	CHECK(!json);
	CHECK_OK(envol_token_format(ev, &t, &json));
	envol_free(ev);
}
