// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bios as no file system makes them: pieces of one byte and of several pages, at odd
 * addresses, so that data units and even cipher blocks are split anywhere.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "probe.h"

#define BUFFER_ORDER 6
#define BUFFER_BYTES (PAGE_SIZE << BUFFER_ORDER)
#define MOST_BYTES 65536u
#define MOST_PIECES 128u
#define CANARY 0xa5

struct layout {
	struct page *pages;
	unsigned int count;
	struct { unsigned int at, len; } piece[MOST_PIECES];
};

static u64 state;

static unsigned int below(unsigned int n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 0x2545f4914f6cdd1dull >> 33) % n;
}

static unsigned int piece_length(void)
{
	switch (below(4)) {
	case 0:
		return 1 + below(16);
	case 1:
		return 16 * (1 + below(32));
	case 2:
		return 1 + below(512);
	default:
		return 1 + below(3 * PAGE_SIZE);
	}
}

/* Cut @bytes into pieces with gaps between them. */
static void make_layout(struct layout *layout, unsigned int bytes)
{
	unsigned int at = 0, len;

	memset(page_address(layout->pages), CANARY, BUFFER_BYTES);
	for (layout->count = 0; bytes; layout->count++, bytes -= len) {
		len = min(bytes, piece_length());
		if (layout->count == MOST_PIECES - 1)
			len = bytes;
		at += 1 + below(300);
		layout->piece[layout->count].at = at;
		layout->piece[layout->count].len = len;
		at += len;
	}
}

static void copy_in(struct layout *layout, const u8 *data)
{
	u8 *buffer = page_address(layout->pages);
	unsigned int i;

	for (i = 0; i < layout->count; i++) {
		memcpy(buffer + layout->piece[i].at, data, layout->piece[i].len);
		data += layout->piece[i].len;
	}
}

/* What @layout holds is @data in its pieces and the canary everywhere else. */
static bool holds(const struct layout *layout, const u8 *data)
{
	const u8 *buffer = page_address(layout->pages);
	unsigned int i, at = 0;

	for (i = 0; i < layout->count; i++) {
		if (memchr_inv(buffer + at, CANARY, layout->piece[i].at - at) ||
		    memcmp(buffer + layout->piece[i].at, data, layout->piece[i].len) != 0)
			return false;
		data += layout->piece[i].len;
		at = layout->piece[i].at + layout->piece[i].len;
	}
	return !memchr_inv(buffer + at, CANARY, BUFFER_BYTES - at);
}

static int transfer(struct block_device *bdev, blk_opf_t opf, sector_t sector,
		    struct layout *layout)
{
	struct bio *bio = bio_alloc(bdev, layout->count, opf, GFP_KERNEL);
	unsigned int i;
	int err;

	bio->bi_iter.bi_sector = sector;
	/* Not by bio_add_page(), which would join what touches. */
	for (i = 0; i < layout->count; i++) {
		bio->bi_io_vec[i].bv_page = layout->pages + (layout->piece[i].at >> PAGE_SHIFT);
		bio->bi_io_vec[i].bv_offset = offset_in_page(layout->piece[i].at);
		bio->bi_io_vec[i].bv_len = layout->piece[i].len;
		bio->bi_iter.bi_size += layout->piece[i].len;
	}
	bio->bi_vcnt = layout->count;
	err = submit_bio_wait(bio);
	bio_put(bio);
	return err;
}

static int write_and_read(struct block_device *bdev, struct layout *layout, u8 *data)
{
	unsigned int unit = bdev_logical_block_size(bdev);
	unsigned int bytes = unit * (1 + below(MOST_BYTES / unit)), i;
	sector_t sector = (sector_t)below((bdev_nr_sectors(bdev) - (MOST_BYTES >> SECTOR_SHIFT)) /
					  (unit >> SECTOR_SHIFT)) * (unit >> SECTOR_SHIFT);
	int err;

	for (i = 0; i < bytes; i++)
		data[i] = below(256);
	make_layout(layout, bytes);
	copy_in(layout, data);
	err = transfer(bdev, REQ_OP_WRITE, sector, layout);
	if (err)
		return err;
	if (!holds(layout, data)) {
		pr_err("envol-probe: a write of %u bytes changed its source\n", bytes);
		return -EBADMSG;
	}
	make_layout(layout, bytes);
	err = transfer(bdev, REQ_OP_READ, sector, layout);
	if (!err && !holds(layout, data)) {
		pr_err("envol-probe: %u bytes at sector %llu, read in %u pieces, are wrong\n",
		       bytes, (unsigned long long)sector, layout->count);
		err = -EBADMSG;
	}
	return err;
}

#ifdef BLK_OPEN_WRITE
static struct file *open_device(const char *path, struct block_device **bdev)
{
	struct file *file = bdev_file_open_by_path(path, BLK_OPEN_READ | BLK_OPEN_WRITE, NULL, NULL);

	if (!IS_ERR(file))
		*bdev = file_bdev(file);
	return file;
}

static void close_device(struct file *file)
{
	fput(file);
}
#else
static struct block_device *open_device(const char *path, struct block_device **bdev)
{
	*bdev = blkdev_get_by_path(path, FMODE_READ | FMODE_WRITE, NULL);
	return *bdev;
}

static void close_device(struct block_device *bdev)
{
	blkdev_put(bdev, FMODE_READ | FMODE_WRITE);
}
#endif

int probe_layout_run(const char *path, u64 seed, unsigned int rounds)
{
	struct block_device *bdev;
	void *handle = open_device(path, &bdev);
	struct layout *layout;
	int err = -ENOMEM;
	u8 *data;

	if (IS_ERR(handle))
		return PTR_ERR(handle);
	state = seed * 2 + 1;
	layout = kzalloc(sizeof(*layout), GFP_KERNEL);
	data = kmalloc(MOST_BYTES, GFP_KERNEL);
	if (layout)
		layout->pages = alloc_pages(GFP_KERNEL | __GFP_COMP, BUFFER_ORDER);
	if (layout && layout->pages && data)
		for (err = 0; !err && rounds; rounds--)
			err = write_and_read(bdev, layout, data);
	if (layout && layout->pages)
		__free_pages(layout->pages, BUFFER_ORDER);
	kfree(layout);
	kfree(data);
	close_device(handle);
	return err;
}
