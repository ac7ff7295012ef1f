// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/harness/test.h"
#include "userspace/lib/volume/signature.h"

#define IMAGE_SIZE (64 << 20)

static struct envol *ev;
static char image[] = "/tmp/envol-signature-XXXXXX";
static struct envol_device dev = ENVOL_DEVICE_INIT;
static char text[ENVOL_SIGNATURE_TEXT];

static void setup(void)
{
	int fd = mkstemp(image);

	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, IMAGE_SIZE), 0);
	close(fd);
	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_device_open(ev, image, O_RDWR, &dev));
}

static void teardown(void)
{
	envol_device_close(&dev);
	unlink(image);
	envol_free(ev);
}

static void run(const char *command)
{
	char line[256];

	snprintf(line, sizeof(line), command, image);
	if (system(line) != 0)
		FAIL("%s", line);
}

static void check_found(const char *want)
{
	CHECK_OK(envol_signature_find(ev, &dev, text));
	CHECK_STR_HAS(text, want);
}

static void check_none(void)
{
	CHECK_OK(envol_signature_find(ev, &dev, text));
	CHECK_STR_EQ(text, "");
}

TEST(a_blank_file_has_none)
{
	setup();
	check_none();
	CHECK_OK(envol_signature_wipe(ev, &dev));
	CHECK_EQ(ftruncate(dev.fd, 0), 0);
	dev.size = 0;
	check_none();
	CHECK_OK(envol_signature_wipe(ev, &dev));
	teardown();
}

TEST(a_file_system_is_named_with_its_label)
{
	setup();
	run("mke2fs -q -F -t ext4 -L 'a b' %s");
	check_found("ext4 file system labelled a b");
	CHECK_OK(envol_signature_wipe(ev, &dev));
	check_none();
	teardown();
}

TEST(a_label_can_not_talk_to_the_terminal)
{
	setup();
	run("mke2fs -q -F -t ext4 -L \"$(printf 'x\\033[1my')\" %s");
	check_found("labelled x?[1my");
	teardown();
}

TEST(a_table_is_found_at_both_ends)
{
	setup();
	run("printf 'label: gpt\\n,16M\\n' | sfdisk -q %s");
	check_found("gpt partition table");
	CHECK_OK(envol_signature_wipe(ev, &dev));
	check_none();
	/* The spare copy alone is one. */
	run("printf 'label: gpt\\n,16M\\n' | sfdisk -q %s");
	run("dd if=/dev/zero of=%s bs=1M count=1 conv=notrunc status=none");
	check_found("gpt partition table");
	CHECK_OK(envol_signature_wipe(ev, &dev));
	check_none();
	teardown();
}

TEST(what_lies_behind_another_is_found_too)
{
	setup();
	run("mkswap -L s %s >/dev/null 2>&1");
	/* A RAID's superblock of version 1.0 lies at the end, and says where. */
	CHECK_EQ(pwrite(dev.fd, "\xfc\x4e\x2b\xa9\1\0\0\0", 8,
			IMAGE_SIZE - 8192), 8);
	CHECK_EQ(pwrite(dev.fd, "\xf0\xff\1\0", 4, IMAGE_SIZE - 8192 + 144), 4);
	check_found("swap space labelled s");
	check_found("member of an md RAID");
	CHECK_OK(envol_signature_wipe(ev, &dev));
	check_none();
	teardown();
}

TEST(both_copies_of_a_luks_header_go)
{
	setup();
	run("printf x | cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --luks2-keyslots-size 512k %s - >/dev/null 2>&1");
	check_found("LUKS volume");
	/* The second copy alone is one. */
	run("dd if=/dev/zero of=%s bs=16k count=1 conv=notrunc status=none");
	check_found("LUKS volume");
	CHECK_OK(envol_signature_wipe(ev, &dev));
	check_none();
	teardown();
}

TEST(what_can_not_be_written_is_said)
{
	setup();
	run("mke2fs -q -F -t ext4 %s");
	envol_device_close(&dev);
	CHECK_OK(envol_device_open(ev, image, O_RDONLY, &dev));
	CHECK_ERR(envol_signature_wipe(ev, &dev), -EBADF);
	CHECK_STR_HAS(envol_error_message(ev), image);
	teardown();
}
