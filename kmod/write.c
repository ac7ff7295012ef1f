// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes: encrypted into bounce pages, never in the caller's, and sent down as one
 * clone of our own.
 *
 * envol_write_map() runs in the submitter's task, under dm's SRCU. One call makes
 * one clone and sends it before it returns, so what it may wait for in the pool is
 * in the hands of the lower device, never in this task's own list of bios
 * (submit_bio_noacct() works depth-first); what exceeds the pool's measure is
 * handed back to device-mapper, which comes again with the rest.
 *
 * A NOWAIT write never sleeps: without memory it ends with BLK_STS_AGAIN. A
 * polled write's clone is not polled: nobody polls it, so it must complete by
 * interrupt, and the poller of the original sees it ended.
 *
 * end_clone() runs in any context; it takes nothing but the pool's raw spinlock.
 */
#include "kmod/envol.h"
#include "kmod/trace.h"

/* Once the original has ended, the mapping may be gone: that comes last. */
static void end_clone(struct bio *clone)
{
	struct envol_io *io = clone->bi_private;
	struct bio *bio = io->job.src;
	blk_status_t status = clone->bi_status;

	envol_pool_put(io->job.et, clone, status == BLK_STS_OK);
	trace_envol_end(&io->job, blk_status_to_errno(status));
	bio->bi_status = status;
	bio_endio(bio);
}

int envol_write_map(struct envol_target *et, struct bio *bio, struct envol_io *io)
{
	bool nowait = bio->bi_opf & REQ_NOWAIT;
	struct envol_job *job = &io->job;
	struct bio *clone;

	if (bio->bi_iter.bi_size > et->pool.max_bytes)
		dm_accept_partial_bio(bio, et->pool.max_bytes >> SECTOR_SHIFT);

	job->et = et;
	job->direction = ENVOL_ENCRYPT;
	job->status = BLK_STS_OK;
	job->src = bio;
	job->src_iter = bio->bi_iter;
	clone = envol_pool_get(job);
	if (!clone) {
		envol_stats_inc(et, ENVOL_STAT_AGAIN);
		trace_envol_end(job, -EAGAIN);
		bio_wouldblock_error(bio);
		return DM_MAPIO_SUBMITTED;
	}
	job->dst = clone;
	job->dst_iter = clone->bi_iter;
	envol_job_encrypt(job, nowait);
	if (job->status) {
		envol_stats_inc(et, ENVOL_STAT_KEY_ERRORS);
		trace_envol_end(job, -EIO);
		envol_pool_put(et, clone, false);
		return DM_MAPIO_KILL;
	}

	envol_stats_inc(et, ENVOL_STAT_WRITES);
	envol_stats_add(et, ENVOL_STAT_WRITE_BYTES, bio->bi_iter.bi_size);
	clone->bi_iter.bi_sector = et->start + bio->bi_iter.bi_sector;
	clone->bi_private = io;
	clone->bi_end_io = end_clone;
	dm_submit_bio_remap(bio, clone);
	return DM_MAPIO_SUBMITTED;
}
