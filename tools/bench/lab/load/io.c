// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests to a block device, each sent again as soon as it has completed. */
#include <linux/blkdev.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/random.h>
#include <linux/spinlock.h>
#include <linux/version.h>
#include <linux/wait.h>

#include "load.h"

static DEFINE_SPINLOCK(lock);
static LIST_HEAD(done);
static DECLARE_WAIT_QUEUE_HEAD(wait);
static u64 errors;

/* The handle of an open block device has changed its type with 6.9. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)

typedef struct file *device_handle;

static device_handle open_device(const char *path, bool write)
{
	return bdev_file_open_by_path(path, BLK_OPEN_READ | (write ? BLK_OPEN_WRITE : 0),
				      NULL, NULL);
}

static struct block_device *device_of(device_handle handle)
{
	return file_bdev(handle);
}

static void close_device(device_handle handle, bool write)
{
	fput(handle);
}

#else

typedef struct block_device *device_handle;

static device_handle open_device(const char *path, bool write)
{
	return blkdev_get_by_path(path, FMODE_READ | (write ? FMODE_WRITE : 0), NULL);
}

static struct block_device *device_of(device_handle handle)
{
	return handle;
}

static void close_device(device_handle handle, bool write)
{
	blkdev_put(handle, FMODE_READ | (write ? FMODE_WRITE : 0));
}

#endif

/*
 * Wakes under the lock: once the last request has been taken the module may go. Where
 * completion comes from the submitter itself, nobody waits.
 */
static void request_done(struct bio *bio)
{
	struct load_request *request = container_of(bio, struct load_request, bio);
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	if (bio->bi_status)
		errors++;
	list_add_tail(&request->list, &done);
	wake_up(&wait);
	spin_unlock_irqrestore(&lock, flags);
}

static struct load_request *take_done(void)
{
	struct load_request *request;
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	request = list_first_entry_or_null(&done, struct load_request, list);
	if (request)
		list_del(&request->list);
	spin_unlock_irqrestore(&lock, flags);
	return request;
}

static void submit(struct load *load, struct load_request *request,
		   struct block_device *bdev, u64 place)
{
	unsigned int page, left = load->bytes, n;

	bio_init(&request->bio, bdev, request->vecs, load->pages,
		 load->write ? REQ_OP_WRITE | REQ_SYNC : REQ_OP_READ);
	for (page = 0; page < load->pages; page++, left -= n) {
		n = min_t(unsigned int, left, PAGE_SIZE);
		__bio_add_page(&request->bio, request->pages[page], n, 0);
	}
	request->bio.bi_iter.bi_sector = place * (load->bytes >> SECTOR_SHIFT);
	request->bio.bi_end_io = request_done;
	submit_bio(&request->bio);
}

/*
 * At depth 1 a window holds whole requests and nothing else. Beyond that it begins and ends
 * with some half done, up to the depth, so the deep loads are those of many small ones.
 */
static void run(struct load *load, struct block_device *bdev)
{
	u64 places = div_u64(bdev_nr_sectors(bdev), load->bytes >> SECTOR_SHIFT);
	u64 now = ktime_get_ns(), end = now + load->ms * NSEC_PER_MSEC;
	unsigned int in_flight = 0, i;
	struct load_request *request;
	u64 next = 0, place;
	LIST_HEAD(idle);

	for (i = 0; i < load->count; i++)
		list_add_tail(&load->requests[i].list, &idle);
	load_start(load, now);
	do {
		while (now < end && in_flight < load->depth) {
			request = list_first_entry(&idle, struct load_request, list);
			list_del(&request->list);
			place = load->sequential ? next++ : get_random_u64();
			in_flight++;
			submit(load, request, bdev, place % places);
		}
		wait_event(wait, !list_empty_careful(&done));
		while ((request = take_done())) {
			bio_uninit(&request->bio);
			list_add_tail(&request->list, &idle);
			in_flight--;
			now = ktime_get_ns();
			load_count(load, now);
		}
	} while (in_flight || now < end);
}

int load_run_io(struct load *load, const char *path)
{
	device_handle handle = open_device(path, load->write);

	if (IS_ERR(handle))
		return PTR_ERR(handle);
	run(load, device_of(handle));
	load->errors = errors;
	close_device(handle, load->write);
	return 0;
}
