// SPDX-License-Identifier: GPL-2.0-or-later
/* Both copies as they lie there, looked at and left as they are. */
#include <errno.h>
#include <sys/file.h>

#include "tests/unit/metadata/image.h"
#include "userspace/lib/metadata/copies.h"

static struct envol_copies look(struct image *image)
{
	struct envol_copies copies;

	CHECK_OK(envol_copies_look(image->ev, image->path, &copies));
	return copies;
}

#define CHECK_STATES(copies, a, b)                    \
	do {                                          \
		CHECK_EQ((copies).first.state, a);    \
		CHECK_EQ((copies).second.state, b);   \
	} while (0)

TEST(states_of_both)
{
	static const char zeros[8];
	struct envol_copies good, copies;
	char before[80], after[80];
	struct image image;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	good = copies = look(&image);
	CHECK_STATES(copies, ENVOL_COPY_GOOD, ENVOL_COPY_GOOD);
	CHECK_EQ(copies.first.sequence, copies.second.sequence);
	CHECK_STR_EQ(copies.second.uuid, "0d2a3c4e-5f60-4718-8293-a4b5c6d7e8f9");
	CHECK(!copies.empty && !copies.luks1);
	CHECK(envol_copies_newest(&copies) == &copies.first);

	image_overwrite(image.path, 5000, "#", 1);
	CHECK_EQ(image_run(before, sizeof(before), "sha256sum <%s", image.path), 0);
	copies = look(&image);
	CHECK_STATES(copies, ENVOL_COPY_DAMAGED, ENVOL_COPY_GOOD);
	CHECK(envol_copies_newest(&copies) == &copies.second);
	CHECK(envol_copies_equal(&good, &copies));
	/* Looking repairs nothing. */
	CHECK_EQ(image_run(after, sizeof(after), "sha256sum <%s", image.path), 0);
	CHECK_STR_EQ(before, after);

	image_overwrite(image.path, 0, zeros, sizeof(zeros));
	copies = look(&image);
	CHECK_STATES(copies, ENVOL_COPY_ABSENT, ENVOL_COPY_GOOD);
	image_overwrite(image.path, 0x10000 + 5000, "#", 1);
	copies = look(&image);
	CHECK_STATES(copies, ENVOL_COPY_ABSENT, ENVOL_COPY_DAMAGED);
	CHECK(!envol_copies_newest(&copies));
	CHECK(!envol_copies_equal(&copies, &copies));
	image_overwrite(image.path, 0x10000, zeros, sizeof(zeros));
	copies = look(&image);
	CHECK_STATES(copies, ENVOL_COPY_ABSENT, ENVOL_COPY_ABSENT);
	image_free(&image);
}

/* Each field that a copy stands or falls with. */
TEST(fields_that_are_wrong)
{
	static const struct {
		off_t at;
		char byte;
		enum envol_copy_state state;
	} rows[] = {
		{ 0, 'X', ENVOL_COPY_ABSENT },		/* magic */
		{ 7, 3, ENVOL_COPY_ABSENT },		/* version */
		{ 13, 0x7f, ENVOL_COPY_DAMAGED },	/* size, too large */
		{ 8, 0x7f, ENVOL_COPY_DAMAGED },	/* far too large */
		{ 22, 1, ENVOL_COPY_DAMAGED },		/* sequence */
		{ 72, 'x', ENVOL_COPY_DAMAGED },	/* checksum's algorithm */
		{ 256, 1, ENVOL_COPY_DAMAGED },		/* offset */
		{ 448, 0, ENVOL_COPY_DAMAGED },		/* checksum */
	};
	struct image image;
	unsigned int i;
	char was;
	int fd;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	fd = open(image.path, O_RDONLY);
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		struct envol_copies copies;
		char byte = rows[i].byte;

		CHECK(pread(fd, &was, 1, rows[i].at) == 1);
		byte = byte == was ? ~byte : byte;
		image_overwrite(image.path, rows[i].at, &byte, 1);
		copies = look(&image);
		if (copies.first.state != rows[i].state)
			FAIL("byte %jd: state %d", (intmax_t)rows[i].at,
			     copies.first.state);
		CHECK_EQ(copies.second.state, ENVOL_COPY_GOOD);
		image_overwrite(image.path, rows[i].at, &was, 1);
	}
	close(fd);
	CHECK_OK(image_check(&image));
	image_free(&image);
}

TEST(the_newer_counts)
{
	struct envol_copies copies = {
		.first = { .state = ENVOL_COPY_GOOD, .sequence = 7 },
		.second = { .state = ENVOL_COPY_GOOD, .sequence = 7 },
	};

	CHECK(envol_copies_newest(&copies) == &copies.first);
	copies.second.sequence = 8;
	CHECK(envol_copies_newest(&copies) == &copies.second);
	copies.second.state = ENVOL_COPY_DAMAGED;
	CHECK(envol_copies_newest(&copies) == &copies.first);
}

TEST(a_lock_is_waited_for_no_longer_than_it_may)
{
	struct envol_copies copies;
	struct image image;
	int fd;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	CHECK_OK(envol_set_timeout(image.ev, 50));
	fd = open(image.path, O_RDONLY);
	CHECK(flock(fd, LOCK_EX) == 0);
	CHECK_SAYS(&image, envol_copies_look(image.ev, image.path, &copies), -EBUSY,
		   "another process holds the lock");
	CHECK(flock(fd, LOCK_SH) == 0);
	CHECK_OK(envol_copies_look(image.ev, image.path, &copies));
	close(fd);
	image_free(&image);
}
