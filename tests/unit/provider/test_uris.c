// SPDX-License-Identifier: GPL-2.0-or-later
/* The one spelling of a KEK's URI. */
#include <errno.h>
#include <stdlib.h>

#include "tests/harness/test.h"
#include "userspace/lib/provider/kek.h"

#define NAME_63 "a23456789012345678901234567890123456789012345678901234567890123"

TEST(a_uri_has_one_spelling)
{
	static const struct {
		const char *uri, *want;
	} cases[] = {
		{ "disk7", "service:disk7" },
		{ "service:disk7", "service:disk7" },
		{ "SERVICE:disk7", "service:disk7" },
		{ "service:Disk.7_b-c", "service:Disk.7_b-c" },
		{ "0", "service:0" },
		{ NAME_63, "service:" NAME_63 },
		{ "kmip://HSM.example/7F-2a", "kmip://hsm.example/7F-2a" },
		{ "kmip://hsm.example:5696/7", "kmip://hsm.example/7" },
		{ "kmip://hsm.example:5697/7", "kmip://hsm.example:5697/7" },
		{ "kmip://[::1]/7", "kmip://[::1]/7" },
		{ "KMIP://h/%61%2f%2F", "kmip://h/a%2F%2F" },
		{ "kmip://h/a:b", "kmip://h/a%3Ab" },
		{ "kmip://h/?name=disk7", "kmip://h/?name=disk7" },
		{ "kmip://h?name=disk%207", "kmip://h/?name=disk%207" },
		{ "pkcs11:token=a;object=b", "pkcs11:token=a;object=b" },
		{ "PKCS11:object=b;token=a", "pkcs11:token=a;object=b" },
		{ "pkcs11:type=private;id=%01%00;object=b;model=m;serial=s;manufacturer=f;token=a",
		  "pkcs11:token=a;manufacturer=f;serial=s;model=m;object=b;id=%01%00;type=private" },
		/* Escapes only where they must be, but for an id, and in upper case. */
		{ "pkcs11:token=%61b-._~;object=a%2fb%3b",
		  "pkcs11:token=ab-._~;object=a%2Fb%3B" },
		{ "pkcs11:serial=1;id=ab%7e", "pkcs11:serial=1;id=%61%62%7E" },
		{ "pkcs11:token=%c3%bc%20x;object=%20b%20",
		  "pkcs11:token=%C3%BC%20x;object=%20b%20" },
		{ "pkcs11:token=a:[]@!$'()*+,=&b;object=b",
		  "pkcs11:token=a%3A%5B%5D%40%21%24%27%28%29%2A%2B%2C%3D%26b;object=b" },
		/* A token fills its fields up with blanks. */
		{ "pkcs11:token=a%20%20;object=b", "pkcs11:token=a;object=b" },
	};
	struct envol *ev;
	size_t i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(cases); i++) {
		char *text;

		CHECK_OK(envol_kek_canonical(ev, cases[i].uri, &text));
		CHECK_STR_EQ(text, cases[i].want);
		free(text);
	}
	envol_free(ev);
}

TEST(a_bad_uri_is_refused_with_the_reason)
{
	static const struct {
		const char *uri;
		int err;
		const char *why;
	} cases[] = {
		{ "", -EINVAL, "no name" },
		{ "service:", -EINVAL, "no name" },
		{ "service:../root", -EINVAL, "no name" },
		{ "a/b", -EINVAL, "no name" },
		{ ".a", -EINVAL, "no name" },
		{ "-a", -EINVAL, "no name" },
		{ "a b", -EINVAL, "space" },
		{ "a%41", -EINVAL, "no name" },
		{ "a\n", -EINVAL, "control character" },
		{ "caf\xc3\xa9", -EINVAL, "ASCII" },
		{ NAME_63 "4", -EINVAL, "no name" },
		{ "service:a?version=1", -EINVAL, "nothing else" },
		{ "service:a?", -EINVAL, "nothing else" },
		{ "service:a#b", -EINVAL, "fragment" },
		{ "service://host/a", -EINVAL, "nothing else" },
		{ "service://a", -EINVAL, "nothing else" },
		{ "kmip:7", -EINVAL, "no host" },
		{ "kmip:///7", -EINVAL, "no host" },
		{ "kmip://h", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/a/b", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/a?name=b", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/a?", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/?name=", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/?name=a&pin=b", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/?Name=a", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/%0a", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://h/%00", -EINVAL, "kmip://HOST/IDENTIFIER" },
		{ "kmip://u@h/7", -EINVAL, "user" },
		{ "kmip://h:0/7", -EINVAL, "bad port" },
		{ "kmip://h,i/7", -EINVAL, "no host" },
		{ "nobody:a", -EPROTONOSUPPORT, "nobody:" },
		{ "pkcs11:", -EINVAL, "no attribute" },
		{ "pkcs11:token=a", -EINVAL, "which key" },
		{ "pkcs11:object=a", -EINVAL, "which token" },
		{ "pkcs11:model=m;object=a", -EINVAL, "which token" },
		{ "pkcs11:token=a;object=b;", -EINVAL, "no attribute" },
		{ "pkcs11:token=a;;object=b", -EINVAL, "no attribute" },
		{ "pkcs11:token=a;object", -EINVAL, "object= is empty" },
		{ "pkcs11:token=;object=b", -EINVAL, "token= is empty" },
		{ "pkcs11:token=%20;object=b", -EINVAL, "token= is empty" },
		{ "pkcs11:token=a;object=b;object=c", -EINVAL, "twice" },
		{ "pkcs11:token=a;object=b;Token=c", -EINVAL, "no attribute" },
		{ "pkcs11:token=a;object=b%00c", -EINVAL, "control character" },
		{ "pkcs11:token=a%0a;object=b", -EINVAL, "control character" },
		{ "pkcs11:token=a%7f;object=b", -EINVAL, "control character" },
		{ "pkcs11:serial=12345678901234567;object=b", -EINVAL, "16 bytes" },
		{ "pkcs11:token=a;object=b;type=public", -EINVAL, "private or secret-key" },
		{ "pkcs11:token=a;object=b;type=cert", -EINVAL, "private or secret-key" },
		{ "pkcs11:token=a;object=b?pin-value=1", -EINVAL, "a PIN is no part" },
		{ "pkcs11:token=a;object=b?pin-source=/p", -EINVAL, "a PIN is no part" },
		{ "pkcs11:token=a;object=b;pin-value=1", -EINVAL, "a PIN is no part" },
		{ "pkcs11:token=a;object=b?module-path=/evil.so", -EINVAL, "this host's to choose" },
		{ "pkcs11:token=a;object=b?module-name=evil", -EINVAL, "this host's to choose" },
		{ "pkcs11:token=a;object=b;slot-id=1", -EINVAL, "where a token is" },
		{ "pkcs11:token=a;object=b;library-description=x", -EINVAL, "library" },
		{ "pkcs11:token=a;object=b;x-vendor=1", -EINVAL, "vendors" },
		{ "pkcs11:token=a;object=b?", -EINVAL, "?" },
		{ "pkcs11://token=a;object=b", -EINVAL, "host" },
		{ ":a", -EINVAL, "scheme" },
	};
	struct envol *ev;
	size_t i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(cases); i++) {
		char *text = NULL;
		int err = envol_kek_canonical(ev, cases[i].uri, &text);

		if (err != cases[i].err)
			FAIL("\"%s\": %d, not %d", cases[i].uri, err,
			     cases[i].err);
		CHECK_STR_HAS(envol_error_message(ev), cases[i].why);
		CHECK(!text);
	}
	envol_free(ev);
}
