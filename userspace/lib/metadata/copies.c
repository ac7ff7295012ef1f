// SPDX-License-Identifier: LGPL-2.1-or-later
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/metadata/copies.h"
#include "userspace/lib/metadata/lock.h"

/* LUKS2 On-Disk Format Specification 1.1.0, section 2.1; numbers are big-endian. */
struct binary {
	uint8_t magic[6];
	uint16_t version;
	uint64_t size;		/* with the JSON behind it */
	uint64_t sequence;
	char label[48];
	char checksum_algorithm[32];
	uint8_t salt[64];
	char uuid[ENVOL_COPY_UUID_SIZE];
	char subsystem[48];
	uint64_t offset;
	uint8_t padding[184];
	uint8_t checksum[64];
	uint8_t rest[7 * 512];
} __attribute__((packed));

_Static_assert(sizeof(struct binary) == 4096, "the binary part of a copy");

static const uint8_t first_magic[6] = { 'L', 'U', 'K', 'S', 0xba, 0xbe };
static const uint8_t second_magic[6] = { 'S', 'K', 'U', 'L', 0xba, 0xbe };

#define SIZE_MIN 0x4000u
#define SIZE_LIMIT 0x400000u

/* An end of the device before @len bytes is no error: then there is no copy. */
static int read_at(int fd, void *data, size_t len, off_t offset, bool *there)
{
	int err = envol_file_pread(fd, data, len, offset);

	*there = !err;
	return err == -ENODATA ? 0 : err;
}

static int check_sum(struct envol *ev, int fd, struct binary *binary,
		     off_t offset, bool *good)
{
	size_t size = be64toh(binary->size);
	_cleanup_free_ struct binary *whole = malloc(size);
	uint8_t digest[ENVOL_DIGEST_SIZE];
	int err;

	if (!whole)
		return -ENOMEM;
	err = read_at(fd, whole, size, offset, good);
	if (err || !*good)
		return err;
	memset(whole->checksum, 0, sizeof(whole->checksum));
	err = envol_digest_sha256(ev, whole, size, digest);
	*good = !err && envol_digest_equal(digest, binary->checksum);
	return err;
}

static int look(struct envol *ev, int fd, off_t offset, const uint8_t magic[6],
		struct envol_copy *copy, struct binary *binary)
{
	uint64_t size;
	bool good;
	int err = read_at(fd, binary, sizeof(*binary), offset, &good);

	copy->state = ENVOL_COPY_ABSENT;
	if (err || !good || memcmp(binary->magic, magic, 6) != 0 ||
	    be16toh(binary->version) != 2)
		return err;
	size = be64toh(binary->size);
	copy->state = ENVOL_COPY_DAMAGED;
	copy->sequence = be64toh(binary->sequence);
	memcpy(copy->uuid, binary->uuid, sizeof(copy->uuid));
	copy->uuid[sizeof(copy->uuid) - 1] = 0;
	if (size < SIZE_MIN || size > SIZE_LIMIT ||
	    be64toh(binary->offset) != (uint64_t)offset ||
	    (offset && (uint64_t)offset != size) ||
	    strncmp(binary->checksum_algorithm, "sha256",
		    sizeof(binary->checksum_algorithm)) != 0)
		return 0;
	err = check_sum(ev, fd, binary, offset, &good);
	if (!err && good) {
		copy->state = ENVOL_COPY_GOOD;
		copy->size = size;
	}
	return err;
}

static int look_at_both(struct envol *ev, int fd, struct envol_copies *copies)
{
	struct binary binary = { 0 };
	uint64_t size = 0;
	uint8_t byte;
	bool there;
	off_t offset;
	int err = read_at(fd, &byte, 1, 0, &there);

	copies->empty = !there;
	if (!err)
		err = look(ev, fd, 0, first_magic, &copies->first, &binary);
	if (err)
		return err;
	copies->luks1 = copies->first.state == ENVOL_COPY_ABSENT &&
			memcmp(binary.magic, first_magic, 6) == 0 &&
			be16toh(binary.version) == 1;
	if (copies->first.state == ENVOL_COPY_GOOD)
		size = be64toh(binary.size);
	/* Where the second one lies only the first can tell; else it is looked for. */
	for (offset = SIZE_MIN; !err && offset <= SIZE_LIMIT; offset *= 2) {
		struct envol_copy copy = { 0 };

		if (size && (uint64_t)offset != size)
			continue;
		err = look(ev, fd, offset, second_magic, &copy, &binary);
		if (copy.state > copies->second.state)
			copies->second = copy;
	}
	return err;
}

int envol_copies_look_locked(struct envol *ev, const char *device, int fd,
			     struct envol_copies *copies)
{
	int err;

	memset(copies, 0, sizeof(*copies));
	err = look_at_both(ev, fd, copies);
	return err ? envol_error_errno(ev, err, "read the header of %s", device) :
		     0;
}

int envol_copies_look(struct envol *ev, const char *device,
		      struct envol_copies *copies)
{
	_cleanup_lock_ struct envol_lock lock = ENVOL_LOCK_INIT;
	_cleanup_close_ int fd = -1;
	int err;

	fd = open(device, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return envol_error_errno(ev, -errno, "open %s", device);
	err = envol_lock_take(ev, device, false, &lock);
	return err ? err : envol_copies_look_locked(ev, device, fd, copies);
}

const struct envol_copy *envol_copies_newest(const struct envol_copies *copies)
{
	const struct envol_copy *first = &copies->first, *second = &copies->second;

	if (first->state != ENVOL_COPY_GOOD)
		return second->state == ENVOL_COPY_GOOD ? second : NULL;
	if (second->state == ENVOL_COPY_GOOD && second->sequence > first->sequence)
		return second;
	return first;
}

bool envol_copies_equal(const struct envol_copies *a,
			const struct envol_copies *b)
{
	const struct envol_copy *x = envol_copies_newest(a);
	const struct envol_copy *y = envol_copies_newest(b);

	return x && y && x->sequence == y->sequence &&
	       strcmp(x->uuid, y->uuid) == 0;
}
