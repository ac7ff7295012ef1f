// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the work on a bio runs. choose_place() decides, for every bio and every
 * context; the rest carries the work there.
 *
 * HERE         in the code that asks: a submitter, or a completion in a task or
 *              softirq, up to a budget, for a completion delays everything else.
 * DEFERRED     a completion in a hard interrupt (NVMe, virtio) or with interrupts
 *              off: onto a list of this CPU that a tasklet empties. The tasklet
 *              belongs to the CPU, not to the bio, whose memory may go as soon as
 *              the bio ends. A CPU that goes offline hands its tasklets on, and a
 *              tasklet empties its own list wherever it runs.
 * SHARED       large, or in a softirq that interrupted somebody's FPU section:
 *              the job is cut into pieces and put on a list. Helpers, one work
 *              item a CPU, take pieces of a job until none is left, then the next.
 *
 * A job's memory is its bio's, so it must not be touched once the bio has ended.
 * Hence the reference count: one for the list, one for each helper at it, one for
 * a writer that works along. Whoever finds no piece left takes the job off the
 * list; a helper finds it there or not at all, under jobs_lock; whoever puts the
 * last reference ends the job, and all pieces are done by then, since each is
 * done under a reference.
 *
 * Forward progress: helpers belong to the module and may, because they never
 * wait: they encrypt, decrypt, and end reads, which cannot sleep (bio_endio()).
 * A writer works on its own job until no piece is left, so it waits only for
 * helpers that are running already, never for one to be started. The queue is
 * WQ_MEM_RECLAIM and not freezable: reads of swap are ended during hibernation.
 */
#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/llist.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "kmod/envol.h"
#include "kmod/trace.h"

/* Below, waking a helper and moving the data to its cache takes as long as it saves. */
static unsigned int inline_us = 10;
module_param(inline_us, uint, 0644);
MODULE_PARM_DESC(inline_us, "longest work on a bio in the task that submits or completes it, microseconds");

static unsigned int softirq_us = 25;
module_param(softirq_us, uint, 0644);
MODULE_PARM_DESC(softirq_us, "longest decryption in one softirq, microseconds");

static unsigned int piece_us = 5;
module_param(piece_us, uint, 0644);
MODULE_PARM_DESC(piece_us, "work that a helper takes at a time from a bio that is shared, microseconds");

enum place { HERE, DEFERRED, SHARED };

struct bottom_half {
	struct llist_head jobs;
	struct tasklet_struct tasklet;
};

static DEFINE_PER_CPU(struct bottom_half, bottom_halves);
static DEFINE_PER_CPU(struct work_struct, helpers);
static struct workqueue_struct *queue;

/*
 * Small jobs, which are one piece, and large ones, the oldest first. Small ones are served
 * between the pieces of a large one, one at a time, so that neither kind waits for the other
 * to run dry.
 */
enum size { SMALL, LARGE };
static struct list_head jobs[] = { LIST_HEAD_INIT(jobs[SMALL]), LIST_HEAD_INIT(jobs[LARGE]) };
static DEFINE_SPINLOCK(jobs_lock);	/* taken in any context */

struct workqueue_struct *envol_job_queue(void)
{
	return queue;
}

static unsigned int job_bytes(const struct envol_job *job)
{
	return job->src_iter.bi_size;
}

static u64 us_to_ns(unsigned int us)
{
	return (u64)us * NSEC_PER_USEC;
}

static u64 job_ns(const struct envol_job *job)
{
	return div_u64((u64)job_bytes(job) * NSEC_PER_USEC, job->et->rate);
}

/* 4 KiB are begun wherever any time is left, whatever they take. */
static bool fits(const struct envol_job *job, u64 ns)
{
	if (job_bytes(job) <= ENVOL_XTS_DU_MAX)
		return ns;
	return (u64)job_bytes(job) * NSEC_PER_USEC <= ns * job->et->rate;
}

/* A slow engine's rate may be of the best case: it gets no more than 4 KiB. */
static bool fits_softirq(const struct envol_job *job, u64 ns)
{
	if (envol_crypt_is_slow(job->et->engine) && job_bytes(job) > ENVOL_XTS_DU_MAX)
		return false;
	return fits(job, ns);
}

/*
 * The decision. A reader may be in any context; a writer is in a task, and
 * always works itself: SHARED means that it lets others help.
 */
static enum place choose_place(const struct envol_job *job, u64 softirq_ns)
{
	if (in_hardirq() || irqs_disabled())
		return DEFERRED;
	if (!envol_crypt_may_run(job->et->engine))
		return SHARED;
	if (in_serving_softirq())
		return fits_softirq(job, softirq_ns) ? HERE : SHARED;
	if (fits(job, us_to_ns(READ_ONCE(inline_us))))
		return HERE;
	/* Nobody to share with; a slow engine would still hold up too much. */
	if (num_online_cpus() == 1 && !envol_crypt_is_slow(job->et->engine))
		return HERE;
	return SHARED;
}

static void run_here(struct envol_job *job)
{
	struct bvec_iter src = job->src_iter, dst = job->dst_iter;

	if (envol_crypt_run(job->et, job->direction, job->dst,
			    job->dst == job->src ? &src : &dst,
			    job->src, &src, job_bytes(job)))
		job->status = BLK_STS_IOERR;
	envol_stats_inc(job->et, ENVOL_STAT_INLINE);
}

/* One who works on a job, and how far into it his iterators are. */
struct worker {
	struct envol_job *job;
	struct bvec_iter src;
	struct bvec_iter dst;
	unsigned int at;
};

static void start_on(struct worker *worker, struct envol_job *job)
{
	worker->job = job;
	worker->src = job->src_iter;
	worker->dst = job->dst_iter;
	worker->at = 0;
}

/* The next piece that nobody has taken; false: there is none. A task; may sleep. */
static bool do_piece(struct worker *worker)
{
	struct envol_job *job = worker->job;
	u64 start = (u64)(unsigned int)atomic_fetch_inc(&job->next) * job->piece;
	unsigned int total = job_bytes(job), n;
	bool in_place = job->dst == job->src;

	if (start >= total)
		return false;
	n = min_t(u64, job->piece, total - start);
	bio_advance_iter(job->src, &worker->src, start - worker->at);
	if (!in_place)
		bio_advance_iter(job->dst, &worker->dst, start - worker->at);
	if (envol_crypt_run(job->et, job->direction, job->dst,
			    in_place ? &worker->src : &worker->dst, job->src, &worker->src, n))
		WRITE_ONCE(job->status, BLK_STS_IOERR);
	worker->at = start + n;
	cond_resched();
	return true;
}

/* A writer waits for its job and ends it itself; a reader's is ended by the last at it. */
static void put_job(struct envol_job *job)
{
	bool read = job->direction == ENVOL_DECRYPT;

	if (!atomic_dec_and_test(&job->refs))
		return;
	if (read)
		envol_read_done(job);
	else
		wake_up_var(&job->refs); /* an address: the job may be gone */
}

static void unlist_job(struct envol_job *job)
{
	unsigned long flags;
	bool listed;

	spin_lock_irqsave(&jobs_lock, flags);
	listed = !list_empty(&job->node);
	list_del_init(&job->node);
	spin_unlock_irqrestore(&jobs_lock, flags);
	if (listed)
		put_job(job);
}

static struct envol_job *get_job(enum size size)
{
	struct envol_job *job;

	spin_lock_irq(&jobs_lock);
	job = list_first_entry_or_null(&jobs[size], struct envol_job, node);
	if (job)
		atomic_inc(&job->refs);
	spin_unlock_irq(&jobs_lock);
	return job;
}

/* With one job, if there is any of that size; small ones go between the pieces of a large one. */
static bool help_with(enum size size)
{
	struct envol_job *job = get_job(size);
	struct worker worker;

	if (!job)
		return false;
	start_on(&worker, job);
	while (do_piece(&worker))
		if (size == LARGE)
			help_with(SMALL);
	unlist_job(job);
	put_job(job);
	return true;
}

static void help(struct work_struct *work)
{
	bool helped;

	do {
		helped = help_with(SMALL);
		helped |= help_with(LARGE);
	} while (helped);
}

/*
 * Each helper is queued on its own CPU's share of the unbound queue: left to
 * itself, the queue would keep all of them within the cache domain of this CPU,
 * which in many virtual machines is this CPU alone.
 */
static void call_helpers(unsigned int wanted)
{
	unsigned int cpu = raw_smp_processor_id();

	while (wanted--) {
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		queue_work_on(cpu, queue, per_cpu_ptr(&helpers, cpu));
	}
}

/*
 * @refs: the list's, and the caller's if it works along. After this call a job whose
 * refs were the list's alone may be gone.
 */
static void share(struct envol_job *job, unsigned int refs)
{
	unsigned int pieces, wanted;
	unsigned long flags;

	job->piece = envol_pace_bytes(job->et, READ_ONCE(piece_us));
	pieces = DIV_ROUND_UP(job_bytes(job), job->piece);
	wanted = min(pieces + 1 - refs, num_online_cpus());
	atomic_set(&job->next, 0);
	atomic_set(&job->refs, refs);
	envol_stats_inc(job->et, ENVOL_STAT_SPREAD);

	spin_lock_irqsave(&jobs_lock, flags);
	list_add_tail(&job->node, &jobs[pieces > 1 ? LARGE : SMALL]);
	spin_unlock_irqrestore(&jobs_lock, flags);
	call_helpers(wanted);
}

static void defer(struct envol_job *job)
{
	unsigned long flags;

	envol_stats_inc(job->et, ENVOL_STAT_DEFERRED);
	local_irq_save(flags);
	llist_add(&job->deferred, &this_cpu_ptr(&bottom_halves)->jobs);
	tasklet_schedule(&this_cpu_ptr(&bottom_halves)->tasklet);
	local_irq_restore(flags);
}

/* Softirq: what exceeds one softirq's budget goes to the helpers. */
static void run_deferred(struct tasklet_struct *tasklet)
{
	struct bottom_half *bh = from_tasklet(bh, tasklet, tasklet);
	struct llist_node *node = llist_reverse_order(llist_del_all(&bh->jobs));
	u64 left = us_to_ns(READ_ONCE(softirq_us));
	struct envol_job *job, *next;
	enum place place;

	llist_for_each_entry_safe(job, next, node, deferred) {
		place = choose_place(job, left);
		trace_envol_job(job, place);
		if (place != HERE) {
			share(job, 1);
			continue;
		}
		left -= min(left, job_ns(job));
		run_here(job);
		envol_read_done(job);
	}
}

bool envol_job_decrypt(struct envol_job *job)
{
	enum place place = choose_place(job, us_to_ns(READ_ONCE(softirq_us)));

	trace_envol_job(job, place);
	switch (place) {
	case HERE:
		run_here(job);
		return true;
	case DEFERRED:
		defer(job);
		return false;
	case SHARED:
		share(job, 1);
		return false;
	}
	unreachable();
}

void envol_job_encrypt(struct envol_job *job, bool nowait)
{
	enum place place = nowait ? HERE : choose_place(job, 0);
	struct worker worker;

	trace_envol_job(job, place);
	if (place == HERE) {
		run_here(job);
		return;
	}
	share(job, 2);
	start_on(&worker, job);
	while (do_piece(&worker))
		;
	unlist_job(job);
	put_job(job);
	wait_var_event(&job->refs, !atomic_read_acquire(&job->refs));
}

int envol_job_init(void)
{
	int cpu;

	queue = alloc_workqueue("envol", WQ_UNBOUND | WQ_MEM_RECLAIM | WQ_SYSFS, 0);
	if (!queue)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct bottom_half *bh = per_cpu_ptr(&bottom_halves, cpu);

		init_llist_head(&bh->jobs);
		tasklet_setup(&bh->tasklet, run_deferred);
		INIT_WORK(per_cpu_ptr(&helpers, cpu), help);
	}
	return 0;
}

/* All mappings are gone, so all jobs are; their last steps may still be running. */
void envol_job_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		tasklet_kill(&per_cpu_ptr(&bottom_halves, cpu)->tasklet);
	destroy_workqueue(queue);
}
