// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of /etc/fstab and /etc/crypttab that get in the way of a volume, and those that do not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/lib/boot/stock.h"

static char said[4096];

static void keep(enum envol_check_result result, const char *what,
		 const char *sentence, void *data)
{
	CHECK_EQ(result, ENVOL_CHECK_WARNING);
	CHECK_EQ(strcmp(what, "data"), 0);
	CHECK(strlen(said) + strlen(sentence) + 2 < sizeof(said));
	strcat(strcat(said, sentence), "\n");
}

static void write_text(char *path, const char *text)
{
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void check(const struct envol_boot_volume *volume, const char *mounts,
		  const char *crypts)
{
	char fstab[] = "/tmp/envol-fstab-XXXXXX", crypttab[] = "/tmp/envol-crypttab-XXXXXX";

	write_text(fstab, mounts);
	write_text(crypttab, crypts);
	*said = 0;
	envol_stock_check(volume, fstab, crypttab, keep, NULL);
	unlink(fstab);
	unlink(crypttab);
}

static const struct envol_boot_volume local = { .name = (char *)"data",
						.device = (char *)"UUID=1-2" };

TEST(a_mount_of_a_volume_is_read_with_its_options)
{
	static const struct {
		const char *line, *sentence;
		bool network, nofail, initramfs;
	} rows[] = {
		{ "/dev/mapper/data /srv ext4 defaults 0 2\n", "/srv without _netdev", .network = true },
		{ "/dev/disk/by-id/dm-name-data /a\\040b xfs ro\n", "/a b without _netdev", .network = true },
		{ "/dev/mapper/data /srv ext4 nofail,_netdev 0 2\n", "", .network = true },
		{ "/dev/mapper/data /srv ext4 noauto 0 2\n", "", .network = true },
		{ "/dev/mapper/data /srv ext4 defaults 0 2\n", "", .network = true, .initramfs = true },
		{ "/dev/mapper/data2 /srv ext4 defaults 0 2\n", "", .network = true },
		{ "#/dev/mapper/data /srv ext4 defaults 0 2\n", "", .network = true },
		{ "/dev/mapper/data /srv ext4 defaults 0 2\n", "", .network = false },
		{ "/dev/mapper/data /srv ext4 defaults 0 2\n", "/srv without nofail", .nofail = true },
		{ "/dev/mapper/data /srv ext4 nofail 0 2\n", "", .nofail = true },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct envol_boot_volume volume = local;

		volume.network = rows[i].network;
		volume.nofail = rows[i].nofail;
		volume.initramfs = rows[i].initramfs;
		check(&volume, rows[i].line, "");
		if (!*rows[i].sentence != !*said || !strstr(said, rows[i].sentence))
			FAIL("%s: %s", rows[i].line, said);
	}
}

TEST(a_line_of_crypttab_for_the_same_volume_is_told)
{
	static const struct {
		const char *line, *sentence;
	} rows[] = {
		{ "data UUID=1-2 none luks\n", "has a line for it as well" },
		{ "\tdata /dev/vdb\n", "has a line for it as well" },
		{ "other UUID=1-2 none luks\n", "opens UUID=1-2 as well, as other" },
		{ "other UUID=1-3 none luks\n", "" },
		{ "# data UUID=1-2\n#data UUID=1-2\n\n", "" },
		{ "lonely\n", "" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check(&local, "", rows[i].line);
		if (!*rows[i].sentence != !*said || !strstr(said, rows[i].sentence))
			FAIL("%s: %s", rows[i].line, said);
	}
}

TEST(tables_that_are_not_there_say_nothing)
{
	*said = 0;
	envol_stock_check(&local, "/nowhere/fstab", "/nowhere/crypttab", keep, NULL);
	CHECK_EQ(*said, 0);
}
