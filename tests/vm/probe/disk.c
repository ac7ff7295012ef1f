// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/probe0: a disk of memory that takes bios of any shape, ends them in whatever
 * context is asked for, and counts what a lower device should and should not see.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "probe.h"

#define DISK_BYTES (32ul << 20)

enum context { INLINE, SOFTIRQ, HARDIRQ, IRQS_OFF, LOCKED, WORKER, CONTEXTS };

static unsigned int context;
module_param(context, uint, 0644);
MODULE_PARM_DESC(context, "where bios end: 0 submitter, 1 softirq, 2 hard interrupt, 3 submitter with interrupts off, 4 under a spinlock and RCU, 5 worker");

static unsigned long fuas, flushes, erases, polled_writes, plain_pages;
module_param(fuas, ulong, 0644);
MODULE_PARM_DESC(fuas, "writes with REQ_FUA");
module_param(flushes, ulong, 0644);
MODULE_PARM_DESC(flushes, "bios with REQ_PREFLUSH");
module_param(erases, ulong, 0644);
MODULE_PARM_DESC(erases, "secure erases");
module_param(polled_writes, ulong, 0644);
MODULE_PARM_DESC(polled_writes, "writes with REQ_POLLED, which nobody would poll");
module_param(plain_pages, ulong, 0644);
MODULE_PARM_DESC(plain_pages, "pages of writes that hold the plaintext anywhere, also outside of the bio's bytes");

static ulong plaintext;
module_param(plaintext, ulong, 0644);
MODULE_PARM_DESC(plaintext, "eight bytes to look for in pages of writes; 0: do not look");

static u8 *memory;
static struct gendisk *disk;

static struct bio_list waiting = BIO_EMPTY_LIST;
static DEFINE_SPINLOCK(waiting_lock);
static DEFINE_SPINLOCK(end_lock);

static void end_waiting(void)
{
	struct bio_list list;
	unsigned long flags;
	struct bio *bio;

	spin_lock_irqsave(&waiting_lock, flags);
	list = waiting;
	bio_list_init(&waiting);
	spin_unlock_irqrestore(&waiting_lock, flags);
	while ((bio = bio_list_pop(&list)))
		bio_endio(bio);
}

static void end_in_softirq(struct tasklet_struct *unused)
{
	end_waiting();
}
static DECLARE_TASKLET(softirq, end_in_softirq);

static void end_in_hardirq(struct irq_work *unused)
{
	WARN_ON_ONCE(!in_hardirq());
	end_waiting();
}
static struct irq_work hardirq = IRQ_WORK_INIT_HARD(end_in_hardirq);

static void end_in_worker(struct work_struct *unused)
{
	end_waiting();
}
static DECLARE_WORK(worker, end_in_worker);

static void wait_to_end(struct bio *bio)
{
	unsigned long flags;

	spin_lock_irqsave(&waiting_lock, flags);
	bio_list_add(&waiting, bio);
	spin_unlock_irqrestore(&waiting_lock, flags);
}

static void end(struct bio *bio)
{
	unsigned long flags;

	switch (READ_ONCE(context)) {
	case SOFTIRQ:
		wait_to_end(bio);
		tasklet_schedule(&softirq);
		return;
	case HARDIRQ:
		wait_to_end(bio);
		irq_work_queue(&hardirq);
		return;
	case IRQS_OFF:
		local_irq_save(flags);
		bio_endio(bio);
		local_irq_restore(flags);
		return;
	case LOCKED:
		rcu_read_lock();
		spin_lock(&end_lock);
		bio_endio(bio);
		spin_unlock(&end_lock);
		rcu_read_unlock();
		return;
	case WORKER:
		wait_to_end(bio);
		schedule_work(&worker);
		return;
	default:
		bio_endio(bio);
	}
}

/* Each page of a bounce buffer once, whole, whatever part of it the bio has. */
static void look_for_plaintext(const struct bio_vec *bv)
{
	const ulong *p = page_address(compound_head(bv->bv_page));
	const ulong *end = p + (PAGE_SIZE << compound_order(compound_head(bv->bv_page))) / sizeof(*p);

	for (; p < end; p++) {
		if (*p == plaintext) {
			plain_pages++;
			return;
		}
	}
}

static void watch(const struct bio *bio)
{
	struct bio_vec bv;
	struct bvec_iter iter;

	if (bio->bi_opf & REQ_PREFLUSH)
		flushes++;
	if (!op_is_write(bio_op(bio)))
		return;
	if (bio_op(bio) == REQ_OP_SECURE_ERASE)
		erases++;
	if (bio->bi_opf & REQ_FUA)
		fuas++;
	if (bio->bi_opf & REQ_POLLED)
		polled_writes++;
	if (!plaintext || !bio_has_data((struct bio *)bio))
		return;
	bio_for_each_bvec(bv, bio, iter)
		look_for_plaintext(&bv);
}

static void submit(struct bio *bio)
{
	u8 *p = memory + (bio->bi_iter.bi_sector << SECTOR_SHIFT);
	struct bvec_iter iter;
	struct bio_vec bv;

	watch(bio);
	if (bio_op(bio) == REQ_OP_SECURE_ERASE)
		memset(p, 0, bio->bi_iter.bi_size);
	if (!bio_has_data(bio)) {
		end(bio);
		return;
	}
	bio_for_each_segment(bv, bio, iter) {
		u8 *page = (u8 *)page_address(bv.bv_page) + bv.bv_offset;

		if (op_is_write(bio_op(bio)))
			memcpy(p, page, bv.bv_len);
		else
			memcpy(page, p, bv.bv_len);
		p += bv.bv_len;
	}
	end(bio);
}

static const struct block_device_operations ops = {
	.owner = THIS_MODULE,
	.submit_bio = submit,
};

static struct gendisk *alloc_disk(void)
{
#ifdef BLK_FEAT_WRITE_CACHE
	struct queue_limits limits = {
		.features = BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA,
		.max_secure_erase_sectors = DISK_BYTES >> SECTOR_SHIFT,
	};

	return blk_alloc_disk(&limits, NUMA_NO_NODE);
#else
	struct gendisk *new = blk_alloc_disk(NUMA_NO_NODE);

	if (!new)
		return ERR_PTR(-ENOMEM);
	blk_queue_write_cache(new->queue, true, true);
	blk_queue_max_secure_erase_sectors(new->queue, DISK_BYTES >> SECTOR_SHIFT);
	return new;
#endif
}

int probe_disk_init(void)
{
	int err;

	memory = vzalloc(DISK_BYTES);
	if (!memory)
		return -ENOMEM;
	disk = alloc_disk();
	if (IS_ERR(disk)) {
		err = PTR_ERR(disk);
		goto err_memory;
	}
	snprintf(disk->disk_name, sizeof(disk->disk_name), "probe0");
	disk->fops = &ops;
	set_capacity(disk, DISK_BYTES >> SECTOR_SHIFT);
	err = add_disk(disk);
	if (err)
		goto err_disk;
	return 0;

err_disk:
	put_disk(disk);
err_memory:
	vfree(memory);
	return err;
}

void probe_disk_exit(void)
{
	del_gendisk(disk);
	put_disk(disk);
	tasklet_kill(&softirq);
	irq_work_sync(&hardirq);
	flush_work(&worker);
	vfree(memory);
}
