// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads. No second clone: device-mapper's own goes down, and what it brought is
 * decrypted in place before it ends. Lower layers consume the clone's iterator,
 * so a copy is kept; the bvecs themselves they may not change.
 *
 * envol_read_end_io() runs wherever the lower device completes: a hard interrupt,
 * a softirq, a task (perhaps under rcu_read_lock), a worker. It never sleeps and
 * needs no memory; job.c decides where the decryption runs. Where that is not
 * here, the clone is ended a second time when it is done, which calls
 * envol_map_end_io() again with io->decrypt false.
 */
#include "kmod/envol.h"
#include "kmod/trace.h"

int envol_read_map(struct envol_target *et, struct bio *bio, struct envol_io *io)
{
	struct envol_job *job = &io->job;

	job->et = et;
	job->direction = ENVOL_DECRYPT;
	job->status = BLK_STS_OK;
	job->src = bio;
	job->dst = bio;
	job->src_iter = bio->bi_iter;
	io->decrypt = true;
	envol_stats_inc(et, ENVOL_STAT_READS);
	envol_stats_add(et, ENVOL_STAT_READ_BYTES, bio->bi_iter.bi_size);

	bio_set_dev(bio, et->dev->bdev);
	bio->bi_iter.bi_sector += et->start;
	return DM_MAPIO_REMAPPED;
}

static blk_status_t finish(struct envol_job *job)
{
	if (job->status)
		envol_stats_inc(job->et, ENVOL_STAT_KEY_ERRORS);
	trace_envol_end(job, blk_status_to_errno(job->status));
	return job->status;
}

/* The job, and the mapping with it, may be gone when bio_endio() returns. */
void envol_read_done(struct envol_job *job)
{
	struct bio *bio = job->src;

	bio->bi_status = finish(job);
	bio_endio(bio);
}

int envol_read_end_io(struct envol_io *io, blk_status_t *error)
{
	io->decrypt = false;
	if (*error) {
		trace_envol_end(&io->job, blk_status_to_errno(*error));
		return DM_ENDIO_DONE;
	}
	if (!envol_job_decrypt(&io->job))
		return DM_ENDIO_INCOMPLETE;
	*error = finish(&io->job);
	return DM_ENDIO_DONE;
}
