// SPDX-License-Identifier: GPL-2.0-or-later
/* Format, open, verify and store on files; what is refused is named. */
#include <errno.h>
#include <sys/file.h>

#include "tests/unit/metadata/image.h"

TEST(format_then_open)
{
	const struct envol_header_info *info;
	const struct envol_token *token;
	struct envol_header *h;
	struct image image;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	h = image_open(&image);
	info = envol_header_info(h);
	CHECK_STR_EQ(info->device, image.path);
	CHECK(!info->header);
	CHECK_STR_EQ(info->uuid, "0d2a3c4e-5f60-4718-8293-a4b5c6d7e8f9");
	CHECK_STR_EQ(info->label, "data");
	CHECK_STR_EQ(info->cipher, "aes-xts-plain64");
	CHECK_EQ(info->key_size, 64);
	CHECK_EQ(info->sector_size, 4096);
	CHECK_EQ(info->data_offset, ENVOL_HEADER_SIZE);
	CHECK_EQ(info->data_size, 1 << 20);
	CHECK_EQ(info->iv_offset, 0);
	CHECK(!info->discards && !info->recovery);
	token = envol_header_token(h);
	CHECK_EQ(token->generation, 1);
	CHECK_EQ(token->n_wraps, 2);
	CHECK_EQ(token->volume_id[15], 0xab);
	CHECK_STR_EQ(token->wraps[1].parts[0].uri, "service:second");
	CHECK_OK(envol_header_verify(image.ev, h, &image.dek));
	envol_header_close(h);
	CHECK_STR_EQ(image.log, "");
	image_free(&image);
}

TEST(detached_header)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol_header_format request;
	struct envol_header *h;
	struct image image;
	struct stat st;

	image_make(&image, 1 << 20);
	request = image_request(&image);
	request.header = image.header;
	request.data_offset = 0;
	request.sector_size = 512;
	request.discards = true;
	request.uuid = request.label = NULL;
	image_token(&image, &token);
	CHECK_OK(envol_header_format(image.ev, &request, &image.dek, &token, &h));
	envol_header_close(h);
	CHECK(stat(image.header, &st) == 0);
	CHECK_EQ(st.st_size, ENVOL_HEADER_SIZE);
	CHECK_EQ(st.st_mode & 0777, 0600);
	CHECK_OK(envol_header_open(image.ev, image.path, image.header, &h));
	CHECK_STR_EQ(envol_header_info(h)->header, image.header);
	CHECK_STR_EQ(envol_header_info(h)->label, "");
	CHECK_EQ(strlen(envol_header_info(h)->uuid), 36);
	CHECK_EQ(envol_header_info(h)->data_offset, 0);
	CHECK_EQ(envol_header_info(h)->data_size, 1 << 20);
	CHECK(envol_header_info(h)->discards);
	CHECK_OK(envol_header_verify(image.ev, h, &image.dek));
	envol_header_close(h);
	/* The data device itself is untouched. */
	CHECK_SAYS(&image, image_check(&image), -ENODATA, "no LUKS2 header lies there");
	image_free(&image);
}

TEST(key_of_aes_128)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol_header_format request;
	struct envol_header *h;
	struct image image;

	image_make(&image, IMAGE_SIZE);
	envol_secret_truncate(&image.dek, 32);
	request = image_request(&image);
	request.key_size = 32;
	image_token(&image, &token);
	CHECK_OK(envol_header_format(image.ev, &request, &image.dek, &token, &h));
	CHECK_EQ(envol_header_info(h)->key_size, 32);
	envol_header_close(h);
	CHECK_OK(image_check(&image));
	image_free(&image);
}

TEST(another_key_is_told_from_a_changed_header)
{
	struct envol_header *h;
	struct image image;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	h = image_open(&image);
	image.dek.data[63] ^= 1;
	CHECK_SAYS(&image, envol_header_verify(image.ev, h, &image.dek), -EPERM,
		   "the key is not this volume's");
	image.dek.data[63] ^= 1;
	CHECK_SAYS(&image, envol_header_verify(image.ev, h, &image.kek), -EPERM,
		   "the key is not this volume's");
	CHECK_OK(envol_header_verify(image.ev, h, &image.dek));
	envol_header_close(h);
	image_free(&image);
}

TEST(store_counts_generations)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol_header *h;
	struct image image;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	h = image_open(&image);
	CHECK_OK(envol_token_copy(image.ev, envol_header_token(h), &token));
	image_add_wrap(&image, &token, "third");
	token.wraps[0].retiring = 1772366400;
	CHECK_OK(envol_header_store(image.ev, h, &image.dek, &token));
	CHECK_EQ(token.generation, 2);
	CHECK_EQ(envol_header_token(h)->generation, 2);
	CHECK_EQ(envol_header_token(h)->n_wraps, 3);
	CHECK_OK(envol_header_verify(image.ev, h, &image.dek));
	/* Once more through the same header. */
	CHECK_OK(envol_header_store(image.ev, h, &image.dek, &token));
	CHECK_EQ(token.generation, 3);
	envol_header_close(h);
	h = image_open(&image);
	CHECK_EQ(envol_header_token(h)->generation, 3);
	CHECK_EQ(envol_header_token(h)->wraps[0].retiring, 1772366400);
	CHECK_OK(envol_header_verify(image.ev, h, &image.dek));
	token.volume_id[0]++;
	CHECK_SAYS(&image, envol_header_store(image.ev, h, &image.dek, &token),
		   -EINVAL, "a token of another volume");
	token.volume_id[0]--;
	image.dek.data[0] ^= 1;
	CHECK_SAYS(&image, envol_header_store(image.ev, h, &image.dek, &token),
		   -EPERM, "the key is not this volume's");
	envol_header_close(h);
	image_free(&image);
}

/* No word of a policy is known yet, so none can be kept to. */
TEST(a_policy_that_is_not_known_is_not_written)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol_header *h;
	struct image image;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	h = image_open(&image);
	CHECK_OK(envol_token_copy(image.ev, envol_header_token(h), &token));
	free(token.policy);
	token.policy = strdup("no-recovery");
	CHECK_SAYS(&image, envol_header_store(image.ev, h, &image.dek, &token),
		   -EPROTONOSUPPORT, "policy \"no-recovery\", which this envol does not know");
	CHECK_OK(envol_header_verify(image.ev, h, &image.dek));
	envol_header_close(h);
	image_free(&image);
}

/* Nothing of a store that failed is written by a later one. */
TEST(a_second_writer_is_told_to_open_again)
{
	_cleanup_token_ struct envol_token a = ENVOL_TOKEN_INIT, b = ENVOL_TOKEN_INIT;
	struct envol_header *first, *second;
	struct image image;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	first = image_open(&image);
	second = image_open(&image);
	CHECK_OK(envol_token_copy(image.ev, envol_header_token(first), &a));
	CHECK_OK(envol_token_copy(image.ev, envol_header_token(first), &b));
	image_add_wrap(&image, &a, "by-first");
	image_add_wrap(&image, &b, "by-second");
	CHECK_OK(envol_header_store(image.ev, first, &image.dek, &a));
	CHECK_SAYS(&image, envol_header_store(image.ev, second, &image.dek, &b),
		   -EAGAIN, "open it again");
	CHECK_ERR(envol_header_store(image.ev, second, &image.dek, &b), -EAGAIN);
	CHECK_ERR(envol_header_verify(image.ev, second, &image.dek), -EAGAIN);
	/* What was read stays readable. */
	CHECK_EQ(envol_header_token(second)->n_wraps, 2);
	CHECK_STR_EQ(envol_header_info(second)->label, "data");
	envol_header_close(second);
	envol_header_close(first);
	second = image_open(&image);
	CHECK_OK(envol_header_verify(image.ev, second, &image.dek));
	CHECK_EQ(envol_header_token(second)->n_wraps, 3);
	CHECK_STR_EQ(envol_header_token(second)->wraps[2].parts[0].uri,
		     "service:by-first");
	envol_header_close(second);
	image_free(&image);
}

/* A new volume in its place is not overwritten by one who read the old one. */
TEST(a_format_meanwhile_is_seen)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT, fresh = ENVOL_TOKEN_INIT;
	struct envol_header_format request;
	struct envol_header *old, *new;
	struct image image;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	old = image_open(&image);
	CHECK_OK(envol_token_copy(image.ev, envol_header_token(old), &token));
	request = image_request(&image);
	request.uuid = NULL;
	image_token(&image, &fresh);
	CHECK_OK(envol_header_format(image.ev, &request, &image.dek, &fresh, &new));
	envol_header_close(new);
	CHECK_SAYS(&image, envol_header_store(image.ev, old, &image.dek, &token),
		   -EAGAIN, "open it again");
	envol_header_close(old);
	CHECK_OK(image_check(&image));
	image_free(&image);
}

static void set_size(struct envol_blob *bytes, size_t size)
{
	bytes->data = realloc(bytes->data, size);
	CHECK(bytes->data != NULL);
	memset(bytes->data, 0x55, size);
	bytes->len = bytes->size = size;
}

TEST(a_token_that_does_not_fit_changes_nothing)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol_header *h;
	struct image image;
	size_t last = 4096;
	unsigned int i;
	int err;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	h = image_open(&image);
	CHECK_OK(envol_token_copy(image.ev, envol_header_token(h), &token));
	for (i = 2; i < 12; i++) {
		image_add_wrap(&image, &token, "large");
		set_size(&token.wraps[i].parts[0].bytes, 4096);
	}
	/* From more than a token may have down to what LUKS2's own JSON leaves no room for. */
	do {
		last -= 128;
		set_size(&token.wraps[11].parts[0].bytes, last);
		err = envol_header_store(image.ev, h, &image.dek, &token);
	} while (err == -ENOSPC && strstr(envol_error_message(image.ev), "has room for 61440"));
	CHECK_ERR(err, -ENOSPC);
	CHECK_STR_HAS(envol_error_message(image.ev), "no room left in its header");
	envol_header_close(h);
	h = image_open(&image);
	CHECK_EQ(envol_header_token(h)->n_wraps, 2);
	CHECK_OK(envol_header_verify(image.ev, h, &image.dek));
	envol_header_close(h);
	image_free(&image);
}

TEST(a_lock_held_too_long_is_an_error)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol_header *h, *other;
	struct image image;
	int fd;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	CHECK_OK(envol_set_timeout(image.ev, 100));
	h = image_open(&image);
	CHECK_OK(envol_token_copy(image.ev, envol_header_token(h), &token));
	fd = open(image.path, O_RDONLY);
	CHECK(flock(fd, LOCK_EX) == 0);
	CHECK_SAYS(&image, envol_header_open(image.ev, image.path, NULL, &other),
		   -EBUSY, "another process holds the lock of its header");
	CHECK_SAYS(&image, envol_header_store(image.ev, h, &image.dek, &token),
		   -EBUSY, "another process holds the lock of its header");
	CHECK(flock(fd, LOCK_SH) == 0);
	CHECK_ERR(envol_header_store(image.ev, h, &image.dek, &token), -EBUSY);
	CHECK_OK(image_check(&image));
	close(fd);
	CHECK_OK(envol_header_store(image.ev, h, &image.dek, &token));
	envol_header_close(h);
	image_free(&image);
}

TEST(recovery_key)
{
	_cleanup_secret_ struct envol_secret pass = ENVOL_SECRET_INIT, dek = ENVOL_SECRET_INIT;
	struct envol_header *h;
	struct image image;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	CHECK_OK(envol_secret_alloc(image.ev, &pass, 20));
	image_fill(&pass, 20, 'a');
	h = image_open(&image);
	CHECK_SAYS(&image, envol_header_recover(image.ev, h, &pass, &dek), -ENOENT,
		   "has no recovery key");
	CHECK_SAYS(&image, envol_header_remove_recovery(image.ev, h, &image.dek),
		   -ENOENT, "has no recovery key");
	CHECK_OK(envol_header_add_recovery(image.ev, h, &image.dek, &pass));
	CHECK(envol_header_info(h)->recovery);
	CHECK_EQ(envol_header_token(h)->pending_keyslot, 0);
	CHECK_OK(envol_header_verify(image.ev, h, &image.dek));
	CHECK_SAYS(&image, envol_header_add_recovery(image.ev, h, &image.dek, &pass),
		   -EEXIST, "has a recovery key already");
	envol_header_close(h);
	h = image_open(&image);
	CHECK(envol_header_info(h)->recovery);
	CHECK_OK(envol_header_recover(image.ev, h, &pass, &dek));
	CHECK_OK(envol_header_verify(image.ev, h, &dek));
	CHECK(envol_secret_equal(&dek, &image.dek));
	envol_secret_wipe(&dek);
	pass.data[0] ^= 1;
	CHECK_SAYS(&image, envol_header_recover(image.ev, h, &pass, &dek), -EPERM,
		   "not its recovery key");
	CHECK(!dek.data);
	CHECK_OK(envol_header_remove_recovery(image.ev, h, &image.dek));
	CHECK(!envol_header_info(h)->recovery);
	CHECK_OK(envol_header_verify(image.ev, h, &image.dek));
	envol_header_close(h);
	CHECK_OK(image_check(&image));
	image_free(&image);
}

TEST(backup_and_restore)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	static const char zeros[8192];
	struct envol_header *h;
	struct image image;
	struct envol_copies was;
	char file[100];
	struct stat st;

	image_make(&image, IMAGE_SIZE);
	image_format(&image);
	snprintf(file, sizeof(file), "%s/backup", image.directory);
	h = image_open(&image);
	CHECK_OK(envol_header_save(image.ev, h, file));
	CHECK(stat(file, &st) == 0);
	CHECK_EQ(st.st_mode & 0777, 0400);
	CHECK_EQ(st.st_size, ENVOL_HEADER_SIZE);
	CHECK_SAYS(&image, envol_header_save(image.ev, h, file), -EEXIST,
		   "is there already");
	CHECK_OK(envol_token_copy(image.ev, envol_header_token(h), &token));
	CHECK_OK(envol_header_store(image.ev, h, &image.dek, &token));
	envol_header_close(h);
	/* What it is can be seen before it is put back. */
	CHECK_OK(envol_header_open(image.ev, image.path, file, &h));
	CHECK_OK(envol_header_verify(image.ev, h, &image.dek));
	CHECK_EQ(envol_header_token(h)->generation, 1);
	envol_header_close(h);
	CHECK_OK(envol_header_load(image.ev, image.path, NULL, file, NULL));
	h = image_open(&image);
	CHECK_EQ(envol_header_token(h)->generation, 1);
	CHECK_OK(envol_header_verify(image.ev, h, &image.dek));
	envol_header_close(h);
	/* Where nothing is left, too, and into a detached header that was lost. */
	image_overwrite(image.path, 0, zeros, sizeof(zeros));
	image_overwrite(image.path, 0x10000, zeros, sizeof(zeros));
	CHECK_ERR(image_check(&image), -ENODATA);
	CHECK_OK(envol_header_load(image.ev, image.path, NULL, file, NULL));
	CHECK_OK(image_check(&image));
	CHECK_OK(envol_header_load(image.ev, image.path, image.header, file, NULL));
	CHECK_OK(envol_header_open(image.ev, image.path, image.header, &h));
	CHECK_OK(envol_header_verify(image.ev, h, &image.dek));
	envol_header_close(h);
	CHECK_SAYS(&image, envol_header_load(image.ev, image.path, NULL, image.directory, NULL),
		   -EBADMSG, "not a regular file");
	/* A writer who came meanwhile loses nothing. */
	CHECK_OK(envol_copies_look(image.ev, image.path, &was));
	h = image_open(&image);
	CHECK_OK(envol_header_store(image.ev, h, &image.dek, &token));
	envol_header_close(h);
	CHECK_SAYS(&image, envol_header_load(image.ev, image.path, NULL, file, &was),
		   -EBUSY, "has just changed its header");
	h = image_open(&image);
	CHECK_EQ(envol_header_token(h)->generation, 2);
	envol_header_close(h);
	/* Half a backup is none. */
	image_overwrite(file, 0x10000 + 5000, "#", 1);
	CHECK_SAYS(&image, envol_header_load(image.ev, image.path, NULL, file, NULL),
		   -EBADMSG, "is no backup of a header");
	CHECK_OK(image_check(&image));
	image_free(&image);
}
