// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/ini.h"

static int collect(struct envol *ev, const char *section, const char *key,
		   const char *value, void *data)
{
	char *all = data;
	size_t len = strlen(all);

	if (strcmp(key, "bad") == 0)
		return envol_error(ev, -EINVAL, "unknown key bad");
	snprintf(all + len, 200 - len, "%s/%s=%s;", section, key, value);
	return 0;
}

static void check(const char *text, int want, const char *result)
{
	char all[200] = "";
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_ERR(envol_ini_parse(ev, "f", text, strlen(text), collect, all),
		  want);
	CHECK_STR_EQ(want ? envol_error_message(ev) : all, result);
	envol_free(ev);
}

TEST(accepted)
{
	check("", 0, "");
	check("# c\n\na = 1\n[s]\n a=2 = # x \nb =", 0,
	      "/a=1;s/a=2 = # x;s/b=;");
	check("[s]\na=1\n[t]\na=2\n", 0, "s/a=1;t/a=2;");
}

TEST(refused_with_the_line)
{
	static const char *const shape = "neither a section nor key = value";
	char want[100];

	snprintf(want, sizeof(want), "f:2: %s", shape);
	check("a=1\nb\n", -EINVAL, want);
	check("a=1\n= 2\n", -EINVAL, want);
	check("[]\n", -EINVAL, "f:1: bad section header");
	check("[s\n", -EINVAL, "f:1: bad section header");
	check("[s] x\n", -EINVAL, "f:1: bad section header");
	check("[a]b]\n", -EINVAL, "f:1: bad section header");
	check("[s]\na=1\n[s]\na=2", -EINVAL, "f:4: a is set twice");
	check("\nbad=1", -EINVAL, "f:2: unknown key bad");
}

TEST(nul_is_refused)
{
	char all[200] = "";
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_ERR(envol_ini_parse(ev, "f", "a=\0b", 4, collect, all), -EINVAL);
	CHECK_STR_EQ(all, "");
	envol_free(ev);
}
