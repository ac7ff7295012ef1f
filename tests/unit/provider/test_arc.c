// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/provider/keyvault/arc.h"

static struct envol *ev;
static char directory[] = "/tmp/envol-arc-XXXXXX";

TEST(the_agent_names_a_file_of_its_own)
{
	char name[ENVOL_ARC_NAME_SIZE];

	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_arc_name(ev, "Basic realm=/var/opt/azcmagent/tokens/9a-1_x.key", name));
	CHECK_STR_EQ(name, "9a-1_x.key");
	CHECK_OK(envol_arc_name(ev, "Basic realm=\"/var/opt/azcmagent/tokens/1.key\"", name));
	CHECK_STR_EQ(name, "1.key");
}

TEST(no_other_file_is_shown)
{
	static const char *const refused[] = {
		"Basic realm=/etc/envol/app.key",
		"Basic realm=/var/opt/azcmagent/tokens.key",
		"Basic realm=/var/opt/azcmagent/tokens/../1.key",
		"Basic realm=/var/opt/azcmagent/tokens/a/1.key",
		"Basic realm=/var/opt/azcmagent/tokens//1.key",
		"Basic realm=/var/opt/azcmagent/tokens/.key",
		"Basic realm=/var/opt/azcmagent/tokens/..key",
		"Basic realm=/var/opt/azcmagent/tokens/1.pem",
		"Basic realm=/var/opt/azcmagent/tokens/1.key.pem",
		"Basic realm=\"/var/opt/azcmagent/tokens/a b.key\"",
		"Basic realm=/VAR/opt/azcmagent/tokens/1.key",
		"Basic realm=file:///var/opt/azcmagent/tokens/1.key",
		"Basic realm=/var/opt/azcmagent/tokens/1.key, realm=/etc/shadow",
		"Bearer realm=/var/opt/azcmagent/tokens/1.key",
		"Basic", "", NULL,
	};
	char name[ENVOL_ARC_NAME_SIZE], longer[400];
	size_t i;

	CHECK_OK(envol_new(&ev));
	for (i = 0; i < TEST_ARRAY_SIZE(refused); i++)
		if (envol_arc_name(ev, refused[i], name) != -EPROTO)
			FAIL("%s", refused[i]);
	snprintf(longer, sizeof(longer),
		 "Basic realm=/var/opt/azcmagent/tokens/%0200d.key", 1);
	CHECK_ERR(envol_arc_name(ev, longer, name), -EPROTO);
}

static void put(const char *name, const char *text, size_t len)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_CREAT | O_WRONLY | O_EXCL, 0640);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, text, len), len);
	close(fd);
}

static int read_back(const char *name, struct envol_secret *content)
{
	envol_secret_wipe(content);
	return envol_arc_read(ev, directory, name, content);
}

TEST(what_is_shown_is_one_word_of_a_plain_file)
{
	static const char large[ENVOL_ARC_FILE_MAX + 1] = { [0 ... ENVOL_ARC_FILE_MAX] = 'x' };
	struct envol_secret content = ENVOL_SECRET_INIT;
	char path[64];

	CHECK_OK(envol_new(&ev));
	CHECK(mkdtemp(directory));
	put("1.key", "c2VjcmV0\n", 9);
	put("2.key", large, ENVOL_ARC_FILE_MAX);
	put("3.key", large, sizeof(large));
	put("4.key", "", 0);
	put("5.key", "\r\n", 2);
	put("6.key", "a\nX: b", 6);
	put("7.key", "a\0b", 3);
	snprintf(path, sizeof(path), "%s/8.key", directory);
	CHECK(symlink("1.key", path) == 0);
	snprintf(path, sizeof(path), "%s/9.key", directory);
	CHECK(mkfifo(path, 0600) == 0);
	snprintf(path, sizeof(path), "%s/0.key", directory);
	CHECK(mkdir(path, 0700) == 0);

	CHECK_OK(read_back("1.key", &content));
	CHECK_EQ(content.len, 8);
	CHECK_MEM_EQ(content.data, "c2VjcmV0", 8);
	CHECK_OK(read_back("2.key", &content));
	CHECK_EQ(content.len, ENVOL_ARC_FILE_MAX);
	for (const char *c = "345678"; *c; c++) {
		char name[] = { *c, '.', 'k', 'e', 'y', 0 };

		CHECK_ERR(read_back(name, &content), -EPROTO);
		CHECK(!content.data);
		CHECK_STR_HAS(envol_error_message(ev), name);
	}
	CHECK_ERR(read_back("9.key", &content), -EPROTO);
	CHECK_ERR(read_back("0.key", &content), -EPROTO);
	CHECK_ERR(read_back("none.key", &content), -ENOENT);
	snprintf(path, sizeof(path), "rm -r %s", directory);
	CHECK(system(path) == 0);
}
