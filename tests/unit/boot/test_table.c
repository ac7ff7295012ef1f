// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/boot/table.h"

#define ID "0b0f6f5e1ad3c2b4958677aabbccdd01"
#define OK " id=" ID " kek=service:disk "

static struct envol *ev;

static void parse(const char *text, size_t len, struct envol_boot_table *table)
{
	if (!ev)
		CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_boot_parse(ev, "f", text, len, table));
}

TEST(a_line_becomes_a_volume)
{
	static const char text[] =
		"# comment\n"
		"data\tUUID=1-2 id=0B0F6F5E1AD3C2B4958677AABBCCDD01 # more\n"
		" \t# comment\n"
		"  kek=https://a.vault.azure.net/keys/k kek=disk\n"
		"\theader=/h target=envol engine=generic readonly discard\n"
		"\ttimeout=7 retries=0 noauto nofail initramfs initramfs-secret=clear\n"
		"\n"
		"swap PARTUUID=3 throwaway=swap offset=2M overwrite";
	struct envol_boot_table table;
	const struct envol_boot_volume *v;

	parse(text, strlen(text), &table);
	CHECK_EQ(table.n_defects, 0);
	CHECK_EQ(table.n_volumes, 2);
	v = &table.volumes[0];
	CHECK_STR_EQ(v->name, "data");
	CHECK_STR_EQ(v->device, "UUID=1-2");
	CHECK_STR_EQ(v->id, ID);
	CHECK_EQ(v->n_keks, 2);
	CHECK_STR_EQ(v->keks[0], "https://a.vault.azure.net/keys/k");
	CHECK_STR_EQ(v->keks[1], "disk");
	CHECK_STR_EQ(v->header, "/h");
	CHECK_EQ(v->target, ENVOL_TARGET_ENVOL);
	CHECK_STR_EQ(v->engine, "generic");
	CHECK(v->read_only && v->discards && v->noauto && v->nofail);
	CHECK(v->initramfs && v->clear_secret && v->network);
	CHECK_EQ(v->timeout_s, 7);
	CHECK_EQ(v->retries, 0);
	CHECK_EQ(v->line, 2);
	CHECK(!v->throwaway);
	v = &table.volumes[1];
	CHECK_STR_EQ(v->throwaway, "swap");
	CHECK_EQ(v->offset, 2 << 20);
	CHECK(v->overwrite && !v->network && !v->noauto);
	CHECK_EQ(v->line, 8);
	envol_boot_table_free(&table);
}

TEST(what_is_not_said_has_a_default)
{
	struct envol_boot_table table;
	const struct envol_boot_volume *v;

	parse("a /dev/x" OK, strlen("a /dev/x" OK), &table);
	CHECK_EQ(table.n_volumes, 1);
	v = &table.volumes[0];
	CHECK_EQ(v->timeout_s, ENVOL_BOOT_TIMEOUT_S);
	CHECK_EQ(v->retries, ENVOL_BOOT_RETRIES_ALL);
	CHECK_EQ(v->target, ENVOL_TARGET_AUTO);
	CHECK(!v->header && !v->engine && !v->network && !v->noauto);
	envol_boot_table_free(&table);
}

TEST(the_network_follows_from_the_keks_unless_it_is_said)
{
	static const struct {
		const char *options;
		bool network;
	} rows[] = {
		{ "kek=service:a", false },
		{ "kek=pkcs11:token=t;object=o", false },
		{ "kek=pkcs11:token=t;object=o network", true },
		{ "kek=kmip://h/1", true },
		{ "kek=a kek=kmip://h/1", true },
		{ "kek=kmip://h/1 network=no", false },
		{ "network=no kek=kmip://h/1", false },
		{ "kek=a network=yes", true },
	};
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		struct envol_boot_table table;
		char text[200];

		snprintf(text, sizeof(text), "a /dev/x id=" ID " %s",
			 rows[i].options);
		parse(text, strlen(text), &table);
		CHECK_EQ(table.n_volumes, 1);
		if (table.volumes[0].network != rows[i].network)
			FAIL("%s", rows[i].options);
		envol_boot_table_free(&table);
	}
}

/* Each is the one mistake of its text, and the good line behind it is taken. */
TEST(every_mistake_is_named_with_its_line)
{
	static const struct {
		const char *text, *sentence;
	} rows[] = {
		{ " x", "f:1: begins with white space" },
		{ "a/b /dev/x" OK, "f:1: name of a mapping, byte 2" },
		{ "-a /dev/x" OK, "f:1: a name that begins with -" },
		{ "control /dev/x" OK, "f:1: control is no name" },
		{ "a", "f:1: a: no device" },
		{ "a x" OK, "f:1: a: device x: neither" },
		{ "a / " OK, "f:1: a: device /: neither" },
		{ "a UUID=" OK, "f:1: a: device UUID=: neither" },
		{ "a UUID=../../x" OK, "f:1: a: device UUID=../../x: neither" },
		{ "a ID=." OK, "f:1: a: device ID=.: neither" },
		{ "a UUIDX=1" OK, "f:1: a: device UUIDX=1: neither" },
		{ "a /dev/x kek=d", "f:1: a: id= is missing" },
		{ "a /dev/x id=" ID, "f:1: a: kek= is missing" },
		{ "a /dev/x id=12 kek=d", "f:1: a: id=12: not a fingerprint" },
		{ "a /dev/x id=" ID "0 kek=d", "not a fingerprint" },
		{ "a /dev/x id=x" ID " kek=d", "not a fingerprint" },
		{ "a /dev/x" OK "id=" ID, "f:1: a: id is set twice" },
		{ "a /dev/x" OK "kek=service:disk", "f:1: a: kek=service:disk is there twice" },
		{ "a /dev/x" OK "kek=ftp://x", "no provider serves \"ftp:\"" },
		{ "a /dev/x" OK "kek=https://u:p@h/x", "f:1: a: kek=https://u:p@h/x: the URI" },
		{ "a /dev/x" OK "kek=", "f:1: a: kek has no value" },
		{ "a /dev/x" OK "kek", "f:1: a: kek has no value" },
		{ "a /dev/x" OK "header=h", "f:1: a: header h: neither" },
		{ "a /dev/x" OK "target=x", "f:1: a: target=x: not auto" },
		{ "a /dev/x" OK "engine=g target=crypt", "f:1: a: engine= goes with" },
		{ "a /dev/x" OK "readonly=yes", "f:1: a: readonly takes no value" },
		{ "a /dev/x" OK "readonly readonly", "f:1: a: readonly is set twice" },
		{ "a /dev/x" OK "timeout=0", "f:1: a: timeout=0: not a number" },
		{ "a /dev/x" OK "timeout=86401", "not a number" },
		{ "a /dev/x" OK "timeout=99999999999999999999", "not a number" },
		{ "a /dev/x" OK "timeout=1x", "not a number" },
		{ "a /dev/x" OK "retries=-1", "f:1: a: retries=-1: not a number" },
		{ "a /dev/x" OK "network=maybe", "f:1: a: network=maybe" },
		{ "a /dev/x" OK "network=yes network", "f:1: a: network is set twice" },
		{ "a /dev/x" OK "initramfs-secret=sealed", "the only word for it is clear" },
		{ "a /dev/x" OK "initramfs-secret=clear", "f:1: a: initramfs-secret= goes with initramfs" },
		{ "a /dev/x" OK "nonsense", "f:1: a: nonsense is no option" },
		{ "a /dev/x" OK "ID=1", "f:1: a: ID is no option" },
		{ "a /dev/x" OK "\n\tnonsense", "f:2: a: nonsense is no option" },
		{ "a /dev/x" OK "overwrite", "overwrite and offset= go with throwaway" },
		{ "a /dev/x" OK "offset=1M", "overwrite and offset= go with throwaway" },
		{ "a /dev/x" OK "throwaway", "throwaway has neither header nor KEK" },
		{ "a /dev/x throwaway header=/h", "throwaway has neither header nor KEK" },
		{ "a /dev/x throwaway initramfs", "throwaway excludes initramfs" },
		{ "a /dev/x throwaway readonly", "throwaway excludes initramfs" },
		{ "a /dev/x throwaway=../x", "f:1: a: throwaway=../x: not swap" },
		{ "a /dev/x throwaway=", "f:1: a: throwaway has no value" },
		{ "a /dev/x throwaway offset=0", "f:1: a: offset=0: not a multiple" },
		{ "a /dev/x throwaway offset=1", "f:1: a: offset=1: not a multiple" },
		{ "a /dev/x throwaway offset=-4096", "not a multiple" },
		{ "a /dev/x throwaway offset=1MM", "not a multiple" },
		{ "a /dev/x throwaway offset=9999999G", "not a multiple" },
		{ "a /dev/x throwaway offset=17179869185G", "not a multiple" },
		{ "a /dev/x throwaway offset=1025G", "not a multiple" },
		{ "a UUID=1 throwaway", "the first open would overwrite" },
		{ "a /dev/disk/by-label/x throwaway", "the first open would overwrite" },
		{ "a /dev/sdb throwaway overwrite", "overwrite wants a device" },
		{ "a /dev/disk/by-path/x throwaway overwrite", "overwrite wants a device" },
		{ "a /dev/x" OK "\r", "a control character" },
		{ "a /dev/x" OK "\033[2J", "a control character" },
	};
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		struct envol_boot_table table;
		char text[400];

		snprintf(text, sizeof(text), "%s\ngood /dev/g" OK "\n",
			 rows[i].text);
		parse(text, strlen(text), &table);
		if (table.n_defects != 1 || table.n_volumes != 1)
			FAIL("%s: %zu mistakes, %zu volumes", rows[i].text,
			     table.n_defects, table.n_volumes);
		CHECK_STR_HAS(table.defects[0].sentence, rows[i].sentence);
		CHECK_STR_EQ(table.volumes[0].name, "good");
		envol_boot_table_free(&table);
	}
}

TEST(a_second_line_of_a_name_is_a_mistake)
{
	static const char text[] = "a /dev/x" OK "\nb /dev/y" OK "\na /dev/z" OK;
	struct envol_boot_table table;
	const struct envol_boot_volume *v;

	parse(text, strlen(text), &table);
	CHECK_EQ(table.n_volumes, 2);
	CHECK_EQ(table.n_defects, 1);
	CHECK_STR_HAS(table.defects[0].sentence, "f:3: a: line 1 has a volume");
	CHECK_OK(envol_boot_find(ev, &table, "a", &v));
	CHECK_STR_EQ(v->device, "/dev/x");
	CHECK_ERR(envol_boot_find(ev, &table, "c", &v), -ENOENT);
	envol_boot_table_free(&table);
}

TEST(all_mistakes_of_a_line_are_told_and_found_by_its_name)
{
	static const char text[] = "a x id=1 idd=2\n\tkek=ftp://x readonly=1\n";
	struct envol_boot_table table;
	const struct envol_boot_volume *v;

	parse(text, strlen(text), &table);
	CHECK_EQ(table.n_volumes, 0);
	CHECK_EQ(table.n_defects, 5);
	CHECK_EQ(table.defects[4].line, 2);
	CHECK_ERR(envol_boot_find(ev, &table, "a", &v), -EINVAL);
	CHECK_STR_EQ(envol_error_message(ev), table.defects[0].sentence);
	envol_boot_table_free(&table);
}

TEST(a_mistake_in_a_line_for_the_initramfs_is_one_of_the_image)
{
	static const struct {
		const char *text;
		bool is_early;
	} cases[] = {
		{ "root UUID=1" OK "initramfs timout=3\n", true },
		{ "root UUID=1" OK "timout=3\n\tinitramfs\n", true },
		{ "root UUID=1" OK "initramsf\n", true },
		{ "root UUID=1" OK "initramfs\r\n", true },
		{ "root UUID=1" OK "\n\n\tinitramfs\n", true },
		{ "root UUID=1" OK "initramfs initramfs\n", true },
		{ "data UUID=1" OK "timout=3\nroot UUID=2" OK "initramfs\n", false },
		{ "data UUID=1 kek=initrd # no initramfs\n", false },
	};
	struct envol_boot_table table;
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(cases); i++) {
		parse(cases[i].text, strlen(cases[i].text), &table);
		CHECK(table.n_defects > 0);
		CHECK_EQ(envol_boot_check_initramfs(ev, &table),
			 cases[i].is_early ? -EINVAL : 0);
		if (cases[i].is_early)
			CHECK_STR_HAS(envol_error_message(ev), "f:");
		envol_boot_table_free(&table);
	}
	parse("root UUID=1" OK "\n\0x", strlen("root UUID=1" OK) + 3, &table);
	CHECK_ERR(envol_boot_check_initramfs(ev, &table), -EINVAL);
	envol_boot_table_free(&table);
	parse("root UUID=1" OK "initramfs\n", strlen("root UUID=1" OK "initramfs\n"),
	      &table);
	CHECK_OK(envol_boot_check_initramfs(ev, &table));
	envol_boot_table_free(&table);
}

TEST(nothing_behind_a_nul_is_taken)
{
	static const char text[] = "a /dev/x" OK "\n\0b /dev/y" OK;
	struct envol_boot_table table;

	parse(text, sizeof(text) - 1, &table);
	CHECK_EQ(table.n_volumes, 1);
	CHECK_EQ(table.n_defects, 1);
	CHECK_STR_HAS(table.defects[0].sentence, "NUL byte");
	envol_boot_table_free(&table);
	parse("", 0, &table);
	CHECK_EQ(table.n_volumes + table.n_defects, 0);
	parse(NULL, 0, &table);
	CHECK_EQ(table.n_volumes + table.n_defects, 0);
}

TEST(more_keks_than_can_be_and_words_that_are_too_long)
{
	static char text[40000] = "a /dev/x id=" ID;
	struct envol_boot_table table;
	size_t i;

	for (i = 0; i < 33; i++)
		sprintf(text + strlen(text), " kek=k%zu", i);
	parse(text, strlen(text), &table);
	CHECK_EQ(table.n_defects, 1);
	CHECK_STR_HAS(table.defects[0].sentence, "more than 32 kek=");
	envol_boot_table_free(&table);

	strcpy(text, "a /dev/x" OK);
	memset(text + strlen(text), 'x', 2000);
	parse(text, strlen(text), &table);
	CHECK_EQ(table.n_defects, 1);
	CHECK_STR_HAS(table.defects[0].sentence, "a word of more than");
	envol_boot_table_free(&table);
}

static int load(const char *path)
{
	struct envol_boot_table table;
	int err;

	if (!ev)
		CHECK_OK(envol_new(&ev));
	err = envol_boot_load(ev, path, &table);
	if (!err)
		envol_boot_table_free(&table);
	return err;
}

TEST(only_root_and_the_caller_write_the_file)
{
	char top[] = "/tmp/envol-table-XXXXXX", path[64], fifo[64];
	FILE *f;

	CHECK(mkdtemp(top));
	snprintf(path, sizeof(path), "%s/volumes", top);
	snprintf(fifo, sizeof(fifo), "%s/fifo", top);
	CHECK_ERR(load(path), -ENOENT);
	f = fopen(path, "w");
	CHECK(f);
	fputs("a /dev/x" OK "\n", f);
	fclose(f);
	CHECK_EQ(chmod(path, 0644), 0);
	CHECK_OK(load(path));
	CHECK_EQ(chmod(path, 0664), 0);
	CHECK_ERR(load(path), -EPERM);
	CHECK_STR_HAS(envol_error_message(ev), "chmod go-w");
	CHECK_EQ(chmod(path, 0646), 0);
	CHECK_ERR(load(path), -EPERM);
	CHECK_EQ(chmod(path, 0600), 0);
	CHECK_EQ(truncate(path, ENVOL_BOOT_FILE_MAX + 1), 0);
	CHECK_ERR(load(path), -EFBIG);
	if (geteuid() == 0) {
		CHECK_EQ(truncate(path, 0), 0);
		CHECK_EQ(chown(path, 12345, 0), 0);
		CHECK_ERR(load(path), -EPERM);
	}
	CHECK_EQ(mkfifo(fifo, 0600), 0);
	CHECK_ERR(load(fifo), -EPERM);
	CHECK_ERR(load(top), -EPERM);
	unlink(path);
	unlink(fifo);
	rmdir(top);
}
