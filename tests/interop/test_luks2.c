// SPDX-License-Identifier: GPL-2.0-or-later
/* Our headers read by other people's code: cryptsetup, blkid, and Python from the documentation. */
#include <errno.h>

#include "tests/unit/metadata/image.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/crypto/digest.h"

#define KEK "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void passphrase_of(struct image *image, char text[65])
{
	_cleanup_secret_ struct envol_secret pass = ENVOL_SECRET_INIT;

	CHECK_OK(envol_digest_passphrase(image->ev, &image->dek, &pass));
	CHECK_EQ(pass.len, 64);
	memcpy(text, pass.data, 64);
	text[64] = 0;
}

TEST(cryptsetup_dumps_it)
{
	struct image image;
	char text[4096];

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	CHECK_EQ(image_run(NULL, 0, "cryptsetup isLuks --type luks2 %s", image.path), 0);
	CHECK_EQ(image_run(text, sizeof(text), "cryptsetup luksDump %s 2>&1", image.path), 0);
	CHECK_STR_HAS(text, "Label:         \tdata\n");
	CHECK_STR_HAS(text, "Subsystem:     \tenvol\n");
	CHECK_STR_HAS(text, "Flags:       \t(no flags)\n");
	CHECK_STR_HAS(text, "\toffset: 4194304 [bytes]\n");
	CHECK_STR_HAS(text, "\tcipher: aes-xts-plain64\n");
	CHECK_STR_HAS(text, "\tsector: 4096 [bytes]\n");
	CHECK_STR_HAS(text, "Keyslots:\n  0: luks2\n");
	CHECK_STR_HAS(text, "\tIterations: 1000\n");
	CHECK_STR_HAS(text, "Tokens:\n  0: envol\n");
	image_free(&image);
}

TEST(blkid_names_it)
{
	struct image image;
	char text[1024];

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	CHECK_EQ(image_run(text, sizeof(text), "blkid -p %s", image.path), 0);
	CHECK_STR_HAS(text, "UUID=\"0d2a3c4e-5f60-4718-8293-a4b5c6d7e8f9\"");
	CHECK_STR_HAS(text, "LABEL=\"data\"");
	CHECK_STR_HAS(text, "SUBSYSTEM=\"envol\"");
	CHECK_STR_HAS(text, "TYPE=\"crypto_LUKS\"");
	image_free(&image);
}

TEST(cryptsetup_opens_its_keyslot)
{
	struct image image;
	char text[4096], pass[65];
	unsigned int i;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	passphrase_of(&image, pass);
	CHECK_EQ(image_run(NULL, 0, "printf %s | cryptsetup open --test-passphrase --key-file - %s",
			   pass, image.path), 0);
	CHECK_EQ(image_run(NULL, 0, "printf x%s | cryptsetup open --test-passphrase --key-file - %s 2>&1",
			   pass, image.path), 2);
	/* As a line, as a person or a plugin would give it. */
	CHECK_EQ(image_run(NULL, 0, "echo %s | cryptsetup open --test-passphrase %s",
			   pass, image.path), 0);
	CHECK_EQ(image_run(text, sizeof(text), "printf %s | cryptsetup luksDump -q --dump-volume-key --key-file - %s",
			   pass, image.path), 0);
	for (i = 0; i < 64; i += 16) {
		char row[49];
		unsigned int k;

		for (k = 0; k < 16; k++)
			sprintf(row + 3 * k, "%02x ", 0x40 + i + k);
		row[47] = 0;
		CHECK_STR_HAS(text, row);
	}
	image_free(&image);
}

TEST(cryptsetup_opens_the_recovery_key)
{
	_cleanup_secret_ struct envol_secret pass = ENVOL_SECRET_INIT;
	struct envol_header *h;
	struct image image;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	CHECK_OK(envol_secret_alloc(image.ev, &pass, 20));
	image_fill(&pass, 20, 'a');
	h = image_open(&image);
	CHECK_OK(envol_header_add_recovery(image.ev, h, &image.dek, &pass));
	envol_header_close(h);
	CHECK_EQ(image_run(NULL, 0, "printf abcdefghijklmnopqrst | cryptsetup open --test-passphrase --key-slot 1 --key-file - %s",
			   image.path), 0);
	image_free(&image);
}

/* What a stock tool changes of keys breaks the seal; what it changes else does not. */
TEST(cryptsetup_changes_it)
{
	struct image image;
	char pass[65];

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	passphrase_of(&image, pass);
	CHECK_EQ(image_run(NULL, 0, "cryptsetup config --label other %s", image.path), 0);
	CHECK_OK(image_check(&image));
	CHECK_EQ(image_run(NULL, 0, "echo %s >%s/old; echo new >%s/new; cryptsetup luksAddKey -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file %s/old --keyfile-size 64 %s %s/new",
			   pass, image.directory, image.directory,
			   image.directory, image.path, image.directory), 0);
	CHECK_SAYS(&image, image_check(&image), -EBADMSG, "keyslots: sealed 1, found 2");
	CHECK_EQ(image_run(NULL, 0, "cryptsetup luksKillSlot -q %s 1 2>&1", image.path), 0);
	CHECK_OK(image_check(&image));
	image_free(&image);
}

TEST(cryptsetup_restores_our_backup_and_we_theirs)
{
	struct envol_header *h;
	struct image image;
	char ours[100], theirs[100];

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	snprintf(ours, sizeof(ours), "%s/ours", image.directory);
	snprintf(theirs, sizeof(theirs), "%s/theirs", image.directory);
	h = image_open(&image);
	CHECK_OK(envol_header_save(image.ev, h, ours));
	envol_header_close(h);
	CHECK_EQ(image_run(NULL, 0, "cryptsetup luksHeaderBackup %s --header-backup-file %s",
			   image.path, theirs), 0);
	CHECK_EQ(image_run(NULL, 0, "cmp %s %s", ours, theirs), 0);
	CHECK_EQ(image_run(NULL, 0, "cryptsetup luksHeaderRestore -q %s --header-backup-file %s",
			   image.path, ours), 0);
	CHECK_OK(image_check(&image));
	CHECK_OK(envol_header_load(image.ev, image.path, NULL, theirs, NULL));
	CHECK_OK(image_check(&image));
	image_free(&image);
}

TEST(python_opens_it_by_the_documentation)
{
	uint8_t fingerprint[ENVOL_DIGEST_FINGERPRINT_SIZE];
	char text[1024], want[128], pass[65], hex[2 * sizeof(fingerprint) + 1];
	struct image image;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	CHECK_EQ(image_run(text, sizeof(text), "tests/interop/read-token %s " KEK, image.path), 0);
	CHECK_STR_HAS(text, "volume id abababababababababababababababab\ngeneration 1\n");
	CHECK_OK(envol_digest_fingerprint(image.ev, &image.dek, fingerprint));
	envol_hex_encode(hex, fingerprint, sizeof(fingerprint));
	snprintf(want, sizeof(want), "fingerprint %s\ndek 404142434445464748", hex);
	CHECK_STR_HAS(text, want);
	passphrase_of(&image, pass);
	snprintf(want, sizeof(want), "7c7d7e7f\npassphrase %s\n", pass);
	CHECK_STR_HAS(text, want);
	CHECK(image_run(text, sizeof(text), "tests/interop/read-token %s ff" KEK " 2>&1", image.path) != 0);
	image_free(&image);
}

TEST(python_sees_what_was_changed)
{
	struct image image;
	char text[1024];

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	CHECK_EQ(image_run(NULL, 0, "tests/generators/change-header flags %s", image.path), 0);
	CHECK_EQ(image_run(text, sizeof(text), "tests/interop/read-token %s " KEK " 2>&1", image.path), 1);
	CHECK_STR_EQ(text, "what is sealed is not what the header says\n");
	image_free(&image);
}
