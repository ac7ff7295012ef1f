// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Headers that were changed by somebody without a key, and whose checksums were
 * redone: each is refused, by name. tests/generators/change-header makes them.
 */
#include <errno.h>

#include "tests/unit/metadata/image.h"

#define GENERATOR "tests/generators/change-header"
#define CHANGED "its header was changed by somebody else than envol: "
#define KEY "the key is not this volume's"

static const struct {
	const char *defect;
	int err;
	const char *sentence;
} rows[] = {
	{ "cipher", -EBADMSG, "header.segments.0.encryption: cipher_null-ecb, not aes-xts-plain64" },
	{ "cipher-cbc", -EBADMSG, "header.segments.0.encryption: aes-cbc-essiv:sha256, not aes-xts-plain64" },
	{ "sector-size", -EBADMSG, CHANGED "sector size: sealed 4096, found 512" },
	{ "sector-size-2048", -EBADMSG, "header.segments.0.sector_size: neither 512 nor 4096" },
	{ "offset", -EBADMSG, CHANGED "segments[0].offset: sealed 4194304, found 4198400" },
	{ "offset-behind-the-end", -EBADMSG, "has 5242880 bytes, where its header wants at least 1099511631872" },
	{ "segment-size", -EBADMSG, CHANGED "segments[0].size: sealed 0, found 524288" },
	{ "segment-size-too-large", -EBADMSG, "has 5242880 bytes, where its header wants at least 1099515822080" },
	{ "iv-offset", -EBADMSG, CHANGED "iv offset: sealed 0, found 8" },
	{ "integrity", -EBADMSG, "header.segments.0.integrity: not known" },
	{ "segment-flags", -EBADMSG, "header.segments.0.flags: not known" },
	{ "segment-linear", -EBADMSG, "header.segments.0.type: linear, not crypt" },
	{ "second-segment", -EBADMSG, "header.segments: 2 of them, not one" },
	{ "flags", -EBADMSG, CHANGED "flags: sealed nothing, found allow-discards" },
	{ "flags-unknown", -EBADMSG, CHANGED "flags: sealed nothing, found no-such-flag" },
	{ "requirements-reencryption", -EPROTONOSUPPORT, "header.config.requirements.mandatory: offline-reencrypt, which envol does not know" },
	{ "requirements-unknown", -EPROTONOSUPPORT, "header.config.requirements.mandatory: no-such-requirement, which" },
	{ "uuid", -EBADMSG, CHANGED "uuid: sealed 0d2a3c4e-5f60-4718-8293-a4b5c6d7e8f9, found ffffffff-5f60-4718-8293-a4b5c6d7e8f9" },
	{ "keyslot-cipher", -EBADMSG, "header.keyslots.0.area.encryption: cipher_null-ecb, not aes-xts-plain64" },
	{ "keyslot-area-key-size", -EBADMSG, CHANGED "keyslots[0].area key size: sealed 64, found 32" },
	{ "keyslot-key-size", -EBADMSG, CHANGED "key size: sealed 64, found 32" },
	{ "keyslot-added", -EBADMSG, CHANGED "keyslots: sealed 1, found 2" },
	{ "keyslot-removed", -EBADMSG, "header.keyslots: without 0, which envol makes" },
	{ "keyslot-unbound", -EBADMSG, "its LUKS2 header cannot be used: it says what LUKS2 does not allow" },
	{ "digest", -EPERM, KEY },
	{ "digest-iterations", -EPERM, KEY },
	{ "digest-remade", -EBADMSG, CHANGED "digest.salt: sealed 32 bytes, found 32 other bytes" },
	{ "digest-added", -EBADMSG, "header.digests: 2 of them, not one" },
	{ "wraps-swapped", -EBADMSG, CHANGED "wraps[0].parts[0].uri: sealed service:first, found service:third" },
	{ "wraps-rotated", -EBADMSG, CHANGED "wraps[0].parts[0].uri: sealed service:first, found service:second" },
	{ "wrap-dropped", -EBADMSG, CHANGED "wraps: sealed 3, found 2" },
	{ "wrap-first-dropped", -EBADMSG, CHANGED "wraps: sealed 3, found 2" },
	{ "wrap-repeated", -EBADMSG, CHANGED "wraps: sealed 3, found 4" },
	{ "wrap-none", -EBADMSG, "token.wraps: empty" },
	{ "wrap-bytes", -EBADMSG, CHANGED "wraps[1].parts[0].bytes: sealed 32 bytes, found 32 other bytes" },
	{ "wrap-uri", -EBADMSG, CHANGED "wraps[1].parts[0].uri: sealed service:second, found service:other" },
	{ "wrap-version", -EBADMSG, CHANGED "wraps[1].parts[0].version: sealed 1, found 2" },
	{ "wrap-algorithm", -EBADMSG, CHANGED "wraps[1].parts[0].algorithm: sealed A256KWP, found A256KW" },
	{ "wrap-two-parts", -EBADMSG, CHANGED "wraps[1].parts: sealed 1, found 2" },
	{ "wrap-created", -EBADMSG, CHANGED "wraps[1].created: sealed 1772366402, found 1577836800" },
	{ "wrap-retiring", -EBADMSG, CHANGED "wraps[1].retiring: sealed 0, found 1577836800" },
	{ "wrap-proved", -EBADMSG, CHANGED "wraps[1].proved: sealed 1, found 0" },
	{ "wrap-pin", -EBADMSG, "token.wraps[1].parts[0].uri: attribute \"pin-value\" does not identify a key" },
	{ "token-removed", -ENODATA, "an envol header without its token" },
	{ "token-twice", -EBADMSG, "header.tokens: 2 of type envol, not one" },
	{ "token-version", -EPROTONOSUPPORT, "token.version: 2, where this envol knows 1" },
	{ "token-field", -EBADMSG, "token.extra: not known" },
	{ "token-generation", -EBADMSG, CHANGED "generation: sealed 2, found 9" },
	{ "token-volume-id", -EBADMSG, CHANGED "volume id: sealed 16 bytes, found 16 other bytes" },
	{ "token-policy", -EBADMSG, CHANGED "policy: sealed nothing, found x" },
	{ "token-pending", -EBADMSG, CHANGED "pending keyslot: sealed 0, found 1" },
	{ "token-mac", -EBADMSG, CHANGED "token.mac: not by this volume's key" },
	{ "token-sealed", -EBADMSG, CHANGED "token.mac: not by this volume's key" },
	{ "token-sealed-remade", -EBADMSG, CHANGED "token.mac: not by this volume's key" },
	{ "label", 0, "" },
	{ "subsystem", 0, "" },
	{ "foreign-token", 0, "" },
	{ "nothing", 0, "" },
};

/* Three wraps, generation 2; what the first 4 MiB then are, for the caller to free. */
static uint8_t *make_good(struct image *image)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	uint8_t *good = malloc(ENVOL_HEADER_SIZE);
	struct envol_header *h;
	int fd;

	image_make(image, IMAGE_SIZE);
	image_format(image);
	h = image_open(image);
	CHECK_OK(envol_token_copy(image->ev, envol_header_token(h), &token));
	image_add_wrap(image, &token, "third");
	CHECK_OK(envol_header_store(image->ev, h, &image->dek, &token));
	envol_header_close(h);
	fd = open(image->path, O_RDONLY);
	CHECK(good && read(fd, good, ENVOL_HEADER_SIZE) == ENVOL_HEADER_SIZE);
	close(fd);
	return good;
}

TEST(each_change_is_refused_by_name)
{
	unsigned int i, bad = 0;
	struct image image;
	uint8_t *good = make_good(&image);

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		int err;

		image_overwrite(image.path, 0, good, ENVOL_HEADER_SIZE);
		CHECK_EQ(image_run(NULL, 0, GENERATOR " %s %s", rows[i].defect,
				   image.path), 0);
		err = image_check(&image);
		if (err == rows[i].err &&
		    (!err || strstr(envol_error_message(image.ev), rows[i].sentence)))
			continue;
		printf("# %s: %d, %s\n", rows[i].defect, err,
		       envol_error_message(image.ev));
		bad++;
	}
	CHECK_EQ(bad, 0);
	free(good);
	image_free(&image);
}

/* A defect without a row above would be one that nobody looks at. */
TEST(each_defect_is_tried)
{
	char list[4096], *line, *rest;
	unsigned int i, n = 0;

	CHECK_EQ(image_run(list, sizeof(list), GENERATOR), 0);
	for (line = strtok_r(list, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest), n++) {
		for (i = 0; i < TEST_ARRAY_SIZE(rows); i++)
			if (strcmp(rows[i].defect, line) == 0)
				break;
		if (i == TEST_ARRAY_SIZE(rows))
			FAIL("%s has no row", line);
	}
	CHECK_EQ(n, TEST_ARRAY_SIZE(rows));
}

/* Every byte of it is as the key's owner made it; only who remembers can tell. */
TEST(an_older_header_verifies_and_shows_its_generation)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol_header *h;
	struct image image;
	uint8_t *old = make_good(&image);

	h = image_open(&image);
	CHECK_OK(envol_token_copy(image.ev, envol_header_token(h), &token));
	CHECK_OK(envol_header_store(image.ev, h, &image.dek, &token));
	CHECK_EQ(envol_header_token(h)->generation, 3);
	envol_header_close(h);
	image_overwrite(image.path, 0, old, ENVOL_HEADER_SIZE);
	h = image_open(&image);
	CHECK_OK(envol_header_verify(image.ev, h, &image.dek));
	CHECK_EQ(envol_header_token(h)->generation, 2);
	envol_header_close(h);
	free(old);
	image_free(&image);
}

/* Volumes of two keys. */
static void make_two(struct image *ours, struct image *theirs)
{
	free(make_good(ours));
	image_make(theirs, IMAGE_SIZE);
	theirs->dek.data[0] ^= 1;
	image_format(theirs);
}

TEST(two_swapped_disks_are_not_each_others)
{
	struct image ours, theirs;

	make_two(&ours, &theirs);
	CHECK(rename(theirs.path, ours.path) == 0);
	CHECK_SAYS(&ours, image_check(&ours), -EPERM, KEY);
	image_free(&theirs);
	image_free(&ours);
}

/* The token of another volume, in a header that is otherwise ours. */
TEST(a_token_that_was_exchanged)
{
	struct image ours, theirs;

	make_two(&ours, &theirs);
	CHECK_EQ(image_run(NULL, 0, GENERATOR " token-from %s %s", ours.path,
			   theirs.path), 0);
	CHECK_SAYS(&ours, image_check(&ours), -EBADMSG,
		   CHANGED "token.mac: not by this volume's key");
	image_free(&theirs);
	image_free(&ours);
}
