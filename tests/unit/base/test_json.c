// SPDX-License-Identifier: GPL-2.0-or-later
/* The scan against texts that readers disagree on, and the getters' sentences. */
#include <errno.h>
#include <stdio.h>

#include "tests/harness/guard.h"
#include "tests/harness/test.h"
#include "userspace/lib/base/json.h"
#include "userspace/lib/base/json_scan.h"

/* Where the text ends is an inaccessible page. */
static int scan(const char *text, size_t len, const char **why, size_t *where)
{
	uint8_t *copy = guard_alloc(len);
	int err;

	memcpy(copy, text, len);
	err = envol_json_scan((const char *)copy, len, why, where);
	guard_free(copy);
	return err;
}

TEST(valid_texts)
{
	static const char *const good[] = {
		"{}", " { } \n", "[]", "null", "true", "false", "0", "-0",
		"-1.5e+3", "1E9", "0.0", "\"\"", "[1,2,[3,{}]]",
		"{\"a\":1,\"b\":{\"a\":1},\"c\":[{\"a\":2},{\"a\":3}]}",
		"18446744073709551615", "-9223372036854775808",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\\uFFFF\"",
		"\"\x7f\xc3\xa9\xe2\x82\xac\xed\x9f\xbf\xee\x80\x80\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"",
		"{\"\":1,\" \":2}", "{\"a\":1,\"A\":2}",
	};
	const char *why;
	size_t i, where;

	for (i = 0; i < TEST_ARRAY_SIZE(good); i++)
		if (scan(good[i], strlen(good[i]), &why, &where))
			FAIL("%s: %s at %zu", good[i], why, where);
}

TEST(refused_texts)
{
	static const struct {
		const char *text, *why;
		size_t where;
	} bad[] = {
		{ "", "no value", 0 },
		{ " ", "no value", 1 },
		{ "{", "no string", 1 },
		{ "[", "no value", 1 },
		{ "{\"a\":1", "object without an end", 6 },
		{ "[1", "array without an end", 2 },
		{ "{\"a\":1,}", "no string", 7 },
		{ "[1,]", "no value", 3 },
		{ "[,1]", "no value", 1 },
		{ "{\"a\" 1}", "no colon", 5 },
		{ "{a:1}", "no string", 1 },
		{ "{'a':1}", "no string", 1 },
		{ "{} x", "behind the end", 3 },
		{ "{}{}", "behind the end", 2 },
		{ "// c\n{}", "no value", 0 },
		{ "NaN", "no value", 0 },
		{ "Infinity", "no value", 0 },
		{ "-Infinity", "bad number", 1 },
		{ "True", "no value", 0 },
		{ "tru", "no value", 0 },
		{ "nullx", "behind the end", 4 },
		{ "01", "behind the end", 1 },
		{ "+1", "no value", 0 },
		{ "-", "bad number", 1 },
		{ ".5", "no value", 0 },
		{ "1.", "bad number", 2 },
		{ "1e", "bad number", 2 },
		{ "0x10", "behind the end", 1 },
		{ "18446744073709551616", "beyond 64 bits", 20 },
		{ "-9223372036854775809", "beyond 64 bits", 20 },
		{ "99999999999999999999999999", "beyond 64 bits", 26 },
		{ "\"", "without an end", 1 },
		{ "\"a", "without an end", 2 },
		{ "\"\\", "bad escape", 2 },
		{ "\"\\x\"", "bad escape", 2 },
		{ "\"\\u12", "bad \\u escape", 5 },
		{ "\"\\u12g4\"", "bad \\u escape", 5 },
		{ "\"\\u0000\"", "\\u0000", 7 },
		{ "\"\\ud83d\"", "half a surrogate pair", 7 },
		{ "\"\\ud83d\\n\"", "half a surrogate pair", 8 },
		{ "\"\\ud83d\\u0041\"", "half a surrogate pair", 13 },
		{ "\"\\ude00\"", "half a surrogate pair", 7 },
		{ "\"\n\"", "control character", 1 },
		{ "\"\x1f\"", "control character", 1 },
		{ "\"\x80\"", "not UTF-8", 1 },
		{ "\"\xc0\x80\"", "not UTF-8", 1 },
		{ "\"\xc1\xbf\"", "not UTF-8", 1 },
		{ "\"\xe0\x9f\xbf\"", "not UTF-8", 1 },
		{ "\"\xed\xa0\x80\"", "not UTF-8", 1 },
		{ "\"\xf0\x8f\xbf\xbf\"", "not UTF-8", 1 },
		{ "\"\xf4\x90\x80\x80\"", "not UTF-8", 1 },
		{ "\"\xf5\x80\x80\x80\"", "not UTF-8", 1 },
		{ "\"\xe2\x82\"", "not UTF-8", 1 },
		{ "\"\xe2\x82", "not UTF-8", 1 },
		{ "{\"a\":1,\"a\":1}", "given twice", 10 },
		{ "{\"a\":1,\"\\u0061\":1}", "given twice", 15 },
		{ "{\"a\":{\"b\":1},\"c\":0,\"a\":1}", "given twice", 22 },
		{ "{\"/\":1,\"\\/\":1}", "given twice", 11 },
		{ "{\"\":1,\"\":1}", "given twice", 8 },
	};
	const char *why;
	size_t i, where;

	for (i = 0; i < TEST_ARRAY_SIZE(bad); i++) {
		int err = scan(bad[i].text, strlen(bad[i].text), &why, &where);

		if (err != -EBADMSG || !why || !strstr(why, bad[i].why) ||
		    where != bad[i].where)
			FAIL("%s: %d, %s at %zu", bad[i].text, err,
			     why ? why : "nothing", where);
	}
	CHECK_ERR(scan("{}\0", 3, &why, &where), -EBADMSG);
	CHECK_EQ(where, 2);
}

TEST(limits)
{
	char text[4 * ENVOL_JSON_SCAN_NAMES * 4], *at = text;
	const char *why;
	size_t i, where;

	memset(text, '[', ENVOL_JSON_SCAN_DEPTH + 1);
	CHECK_ERR(envol_json_scan(text, ENVOL_JSON_SCAN_DEPTH + 1, &why, &where),
		  -EBADMSG);
	CHECK_STR_HAS(why, "too deeply");
	memset(text + ENVOL_JSON_SCAN_DEPTH, ']', ENVOL_JSON_SCAN_DEPTH);
	CHECK_OK(envol_json_scan(text, 2 * ENVOL_JSON_SCAN_DEPTH, &why, &where));

	*at++ = '{';
	for (i = 0; i < ENVOL_JSON_SCAN_NAMES; i++)
		at += sprintf(at, "\"%zu\":0,", i);
	at[-1] = '}';
	CHECK_OK(envol_json_scan(text, at - text, &why, &where));
	at[-1] = ',';
	at += sprintf(at, "\"x\":0}");
	CHECK_ERR(envol_json_scan(text, at - text, &why, &where), -EBADMSG);
	CHECK_STR_HAS(why, "too many names");
}

static const char document[] =
	"{\"s\":\"text\",\"e\":\"\",\"n\":4096,\"neg\":-1,\"big\":18446744073709551615,"
	"\"f\":1.0,\"d\":\"42\",\"t\":true,\"nil\":null,\"b\":\"aGVsbG8=\","
	"\"a\":[\"x\",{\"uri\":7}],\"o\":{\"in\\u001bner\":{\"k\":1}}}";

static struct envol_json parsed(struct envol *ev)
{
	struct envol_json root;

	CHECK_OK(envol_json_parse(ev, "token", document, strlen(document), 4096,
				  &root));
	return root;
}

TEST(values)
{
	_cleanup_blob_ struct envol_blob blob = ENVOL_BLOB_INIT;
	struct envol_json root, array, object, item;
	const char *text;
	struct envol *ev;
	uint64_t n;
	bool flag;

	CHECK_OK(envol_new(&ev));
	root = parsed(ev);
	CHECK_OK(envol_json_string(ev, &root, "s", 4, &text));
	CHECK_STR_EQ(text, "text");
	CHECK_OK(envol_json_string(ev, &root, "e", 0, &text));
	CHECK_STR_EQ(text, "");
	CHECK_OK(envol_json_uint(ev, &root, "n", 4096, &n));
	CHECK_EQ(n, 4096);
	CHECK_OK(envol_json_uint(ev, &root, "big", UINT64_MAX, &n));
	CHECK(n == UINT64_MAX);
	CHECK_OK(envol_json_decimal(ev, &root, "d", 42, &n));
	CHECK_EQ(n, 42);
	CHECK_OK(envol_json_bool(ev, &root, "t", &flag));
	CHECK(flag);
	CHECK_OK(envol_json_base64(ev, &root, "b", 5, &blob));
	CHECK_EQ(blob.len, 5);
	CHECK_MEM_EQ(blob.data, "hello", 5);
	CHECK_OK(envol_json_array(ev, &root, "a", 2, &array));
	CHECK_EQ(envol_json_length(&array), 2);
	envol_json_item(&array, 0, &item);
	CHECK_OK(envol_json_string(ev, &item, NULL, 1, &text));
	CHECK_STR_EQ(text, "x");
	CHECK_OK(envol_json_object(ev, &root, "o", &object));
	CHECK_EQ(envol_json_length(&object), 1);
	envol_json_item(&object, 0, &item);
	CHECK_OK(envol_json_object(ev, &item, NULL, &item));
	CHECK_OK(envol_json_uint(ev, &item, "k", 1, &n));
	CHECK(envol_json_has(&root, "nil"));
	CHECK(!envol_json_has(&root, "S"));
	envol_json_free(&root);
	CHECK(!root.value);
	envol_free(ev);
}

#define CHECK_SAYS(call, sentence)                              \
	do {                                                    \
		CHECK_ERR(call, -EBADMSG);                      \
		CHECK_STR_EQ(envol_error_message(ev), sentence); \
	} while (0)

TEST(sentences)
{
	static const char *const some[] = { "s", "e", NULL };
	_cleanup_blob_ struct envol_blob blob = ENVOL_BLOB_INIT;
	struct envol_json root, array, object, item, inner;
	const char *text;
	struct envol *ev;
	uint64_t n;
	bool flag;

	CHECK_OK(envol_new(&ev));
	root = parsed(ev);
	CHECK_SAYS(envol_json_string(ev, &root, "mac", 9, &text),
		   "token.mac: missing");
	CHECK_SAYS(envol_json_string(ev, &root, "n", 9, &text),
		   "token.n: not a string");
	CHECK_SAYS(envol_json_string(ev, &root, "nil", 9, &text),
		   "token.nil: not a string");
	CHECK_SAYS(envol_json_string(ev, &root, "s", 3, &text),
		   "token.s: longer than 3 bytes");
	CHECK_SAYS(envol_json_uint(ev, &root, "n", 4095, &n),
		   "token.n: not 0 to 4095");
	CHECK_SAYS(envol_json_uint(ev, &root, "neg", 4095, &n),
		   "token.neg: not 0 to 4095");
	CHECK_SAYS(envol_json_uint(ev, &root, "f", 9, &n),
		   "token.f: not an integer");
	CHECK_SAYS(envol_json_uint(ev, &root, "d", 99, &n),
		   "token.d: not an integer");
	CHECK_SAYS(envol_json_decimal(ev, &root, "d", 41, &n),
		   "token.d: not 0 to 41");
	CHECK_SAYS(envol_json_decimal(ev, &root, "e", 9, &n),
		   "token.e: not a decimal number");
	CHECK_SAYS(envol_json_decimal(ev, &root, "s", 9, &n),
		   "token.s: not a decimal number");
	CHECK_SAYS(envol_json_bool(ev, &root, "n", &flag),
		   "token.n: not true or false");
	CHECK_SAYS(envol_json_base64(ev, &root, "s", 2, &blob),
		   "token.s: more than 2 bytes");
	CHECK_SAYS(envol_json_base64(ev, &root, "b", 4, &blob),
		   "token.b: more than 4 bytes");
	CHECK_SAYS(envol_json_base64(ev, &root, "d", 9, &blob),
		   "token.d: not base64");
	CHECK_SAYS(envol_json_array(ev, &root, "o", 9, &array),
		   "token.o: not an array");
	CHECK_SAYS(envol_json_array(ev, &root, "a", 1, &array),
		   "token.a: more than 1");
	CHECK_SAYS(envol_json_check_names(ev, &root, some),
		   "token.n: not known");
	CHECK_OK(envol_json_array(ev, &root, "a", 2, &array));
	envol_json_item(&array, 1, &item);
	CHECK_OK(envol_json_object(ev, &item, NULL, &object));
	CHECK_SAYS(envol_json_string(ev, &object, "uri", 9, &text),
		   "token.a[1].uri: not a string");
	envol_json_item(&array, 0, &item);
	CHECK_SAYS(envol_json_object(ev, &item, NULL, &object),
		   "token.a[0]: not an object");
	CHECK_OK(envol_json_object(ev, &root, "o", &object));
	envol_json_item(&object, 0, &item);
	CHECK_OK(envol_json_object(ev, &item, NULL, &inner));
	CHECK_SAYS(envol_json_bool(ev, &inner, "k", &flag),
		   "token.o.in?ner.k: not true or false");
	envol_json_free(&root);
	envol_free(ev);
}

TEST(documents)
{
	struct envol_json root;
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_SAYS(envol_json_parse(ev, "token", "[]", 2, 9, &root),
		   "token: not an object");
	CHECK_SAYS(envol_json_parse(ev, "token", "null", 4, 9, &root),
		   "token: not an object");
	CHECK_SAYS(envol_json_parse(ev, "token", "{}", 2, 1, &root),
		   "token: longer than 1 bytes");
	CHECK_SAYS(envol_json_parse(ev, "token", "{} {", 4, 9, &root),
		   "token: not valid JSON at byte 3: something behind the end");
	/* json-c takes all that the scan does. */
	CHECK_OK(envol_json_parse(ev, "t", " {} \r\n", 6, 9, &root));
	envol_json_free(&root);
	CHECK_OK(envol_json_parse(ev, "t", "{\"\":[-0,1e999,-0.0,1E-9]}", 25, 99,
				  &root));
	envol_json_free(&root);
	envol_free(ev);
}

TEST(decimals)
{
	static const struct {
		const char *text;
		int err;
		uint64_t value;
	} rows[] = {
		{ "{\"d\":\"0\"}", 0, 0 },
		{ "{\"d\":\"18446744073709551615\"}", 0, UINT64_MAX },
		{ "{\"d\":\"18446744073709551616\"}", -EBADMSG, 0 },
		{ "{\"d\":\"99999999999999999999\"}", -EBADMSG, 0 },
		{ "{\"d\":\"00\"}", -EBADMSG, 0 },
		{ "{\"d\":\"01\"}", -EBADMSG, 0 },
		{ "{\"d\":\"-1\"}", -EBADMSG, 0 },
		{ "{\"d\":\" 1\"}", -EBADMSG, 0 },
		{ "{\"d\":\"1 \"}", -EBADMSG, 0 },
		{ "{\"d\":\"0x1\"}", -EBADMSG, 0 },
	};
	struct envol_json root;
	struct envol *ev;
	uint64_t v;
	size_t i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		CHECK_OK(envol_json_parse(ev, "t", rows[i].text,
					  strlen(rows[i].text), 99, &root));
		CHECK_ERR(envol_json_decimal(ev, &root, "d", UINT64_MAX, &v),
			  rows[i].err);
		if (!rows[i].err)
			CHECK(v == rows[i].value);
		envol_json_free(&root);
	}
	envol_free(ev);
}
