// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/uri.h"

TEST(parts)
{
	struct envol_uri u;
	const char *why;

	CHECK_OK(envol_uri_parse(&u, "HTTPS://Vault.Example:8443/keys/A?v=1", &why));
	CHECK_STR_EQ(u.scheme, "https");
	CHECK_STR_EQ(u.host, "vault.example");
	CHECK_EQ(u.port, 8443);
	CHECK_STR_EQ(u.path, "/keys/A");
	CHECK_STR_EQ(u.query, "v=1");
	CHECK_OK(envol_uri_parse(&u, "pkcs11:token=a%20b;object=k?pin-source=/p", &why));
	CHECK_STR_EQ(u.host, "");
	CHECK_EQ(u.port, 0);
	CHECK_STR_EQ(u.path, "token=a%20b;object=k");
	CHECK_STR_EQ(u.query, "pin-source=/p");
	CHECK_OK(envol_uri_parse(&u, "kmip://[::1]:5696/k", &why));
	CHECK_STR_EQ(u.host, "[::1]");
	CHECK_EQ(u.port, 5696);
	CHECK_OK(envol_uri_parse(&u, "kmip://[::1]", &why));
	CHECK_STR_EQ(u.path, "");
}

TEST(refused)
{
	static const char *const bad[] = {
		"", "x", ":x", "1a:x", "a_b:x", "a:b c", "a:\n", "a:\x7f",
		"a:\xc3\xa9", "a:#f", "a:%", "a:%4", "a:%zz", "a:%0",
		"https://u:p@h/", "https://h:/", "https://h:0/",
		"https://h:65536/", "https://h:1x/", "https://[::1/",
		"https://[::1]x/", "abcdefghijklmnop:x",
	};
	struct envol_uri u;
	char text[ENVOL_URI_MAX + 1];
	const char *why;
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(bad); i++) {
		CHECK_ERR(envol_uri_parse(&u, bad[i], &why), -EINVAL);
		CHECK(why);
	}
	memset(text, 'a', sizeof(text));
	text[1] = ':';
	text[ENVOL_URI_MAX] = 0;
	CHECK_ERR(envol_uri_parse(&u, text, &why), -EINVAL);
	text[ENVOL_URI_MAX - 1] = 0;
	CHECK_OK(envol_uri_parse(&u, text, &why));
}

TEST(attributes)
{
	char v[5];

	CHECK_OK(envol_uri_attribute("a=1;b=x%3By;ab=2", ';', "b", v, 5));
	CHECK_STR_EQ(v, "x;y");
	CHECK_OK(envol_uri_attribute("b=&a=", '&', "a", v, 5));
	CHECK_STR_EQ(v, "");
	CHECK_ERR(envol_uri_attribute("ab=1", ';', "a", v, 5), -ENOENT);
	CHECK_ERR(envol_uri_attribute("", ';', "a", v, 5), -ENOENT);
	CHECK_ERR(envol_uri_attribute("a=1;a=1", ';', "a", v, 5), -EEXIST);
	CHECK_ERR(envol_uri_attribute("a=12345", ';', "a", v, 5), -ENAMETOOLONG);
	CHECK_OK(envol_uri_attribute("a=1234", ';', "a", v, 5));
	CHECK_ERR(envol_uri_attribute("a=%4;b=1", ';', "a", v, 5), -EINVAL);
	CHECK_ERR(envol_uri_decode(v, 5, "%00"), -EINVAL);
	CHECK_ERR(envol_uri_decode(v, 0, ""), -ENAMETOOLONG);
	CHECK_OK(envol_uri_decode(v, 5, "%41%7e"));
	CHECK_STR_EQ(v, "A~");
}
