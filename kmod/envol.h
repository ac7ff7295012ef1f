/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the module say to each other, under the file that defines it. */
#ifndef _ENVOL_ENVOL_H
#define _ENVOL_ENVOL_H

#include <linux/bio.h>
#include <linux/device-mapper.h>
#include <linux/mempool.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "kmod/core/xts.h"
#include "kmod/core/xts_engine.h"
#include "kmod/table.h"

struct envol_key;

/*
 * key.c: the round keys of one mapping and the kernel key they come from.
 */

/*
 * Find the logon key that @t names with the caller's credentials and expand it.
 * @mapping is for messages. On failure *@why says what is wrong. May sleep.
 */
int envol_key_load(struct envol_key **key, dev_t mapping,
		   const struct envol_table *t, const char **why);

/*
 * Put @key, or NULL, in the place of the key at @place, and end, wipe and free
 * that. I/O may go on meanwhile: each job runs with the one or the other. One
 * caller at a time. May sleep.
 */
void envol_key_replace(struct envol_key __rcu **place, struct envol_key *key);

/*
 * The key at @place, for as long as it takes to use its round keys now; NULL if
 * there is none, or the kernel key is revoked, expired or invalidated. Not from
 * hard interrupts. Give it back with envol_key_put().
 */
struct envol_key *envol_key_get(struct envol_key __rcu *const *place);
void envol_key_put(struct envol_key *key);
const struct envol_xts_key *envol_key_round_keys(const struct envol_key *key);

/* Whether envol_key_get() would succeed now. */
bool envol_key_lives(struct envol_key __rcu *const *place);

/* 0 while the key lives, else -EKEYREVOKED, -EKEYEXPIRED or -ENOKEY (invalidated). */
int envol_key_check(struct envol_key *key);

/*
 * stats.c: what a mapping has done, counted per CPU.
 */

enum envol_stat {
	ENVOL_STAT_READS,		/* bios */
	ENVOL_STAT_READ_BYTES,
	ENVOL_STAT_WRITES,
	ENVOL_STAT_WRITE_BYTES,
	ENVOL_STAT_INLINE,		/* jobs done where they arose */
	ENVOL_STAT_DEFERRED,		/* jobs carried from a hard interrupt to a softirq */
	ENVOL_STAT_SPREAD,		/* jobs given to helpers on other CPUs */
	ENVOL_STAT_RESERVE,		/* writes that had to wait for the mapping's reserve */
	ENVOL_STAT_AGAIN,		/* NOWAIT writes turned away because they would have had to */
	ENVOL_STAT_KEY_ERRORS,		/* bios failed because the key was gone */
	ENVOL_STATS
};

struct envol_stats {
	u64 value[ENVOL_STATS];
};

/* One instruction on x86. What this_cpu_add() adds elsewhere, a statistic needs not. */
#define envol_stats_add(et, stat, n) raw_cpu_add((et)->stats->value[stat], n)
#define envol_stats_inc(et, stat) raw_cpu_inc((et)->stats->value[stat])

const char *envol_stats_name(enum envol_stat stat);
u64 envol_stats_read(const struct envol_stats __percpu *stats, enum envol_stat stat);
/* Concurrent I/O may be counted or not. */
void envol_stats_clear(struct envol_stats __percpu *stats);

/*
 * pool.c: bios and bounce pages of writes.
 */

struct envol_pool {
	struct bio_set bios;
	mempool_t pages;	/* single pages, one largest write's worth */
	struct mutex turn;	/* who may wait for the reserve */
	unsigned int max_bytes;	/* of one write */
};

int envol_pool_init(void);
void envol_pool_exit(void);

/* A reserve for writes of at most @max_bytes at a time. May sleep. */
int envol_pool_open(struct envol_pool *pool, unsigned int max_bytes);
void envol_pool_close(struct envol_pool *pool);

/* The largest write that a mapping made now should take at once, bytes. */
unsigned int envol_pool_max_bytes(void);

/*
 * stats_target: see target.c. The context of one mapping.
 */

struct envol_target {
	dev_t mapping;			/* for messages and tracepoints */
	struct dm_dev *dev;
	const struct envol_xts_engine *engine;
	unsigned int rate;		/* the engine's, bytes a microsecond */
	struct envol_key __rcu *key;	/* NULL: wiped */
	struct envol_stats __percpu *stats;
	sector_t start;			/* of the mapping, on dev */
	u64 iv_offset;			/* sectors */
	unsigned int du_size;
	unsigned int tweak_shift;	/* a sector number shifted by this is the tweak */
	unsigned int tweak_step;	/* from one data unit to the next */
	struct envol_pool pool;

	struct mutex lock;		/* table, key and suspended, but for the I/O paths */
	struct envol_table table;	/* its strings: description, engine->name */
	char *description;
	bool suspended;
};

struct envol_job;

/*
 * A write clone with bounce pages for all of @job->src, its sector not yet set. NULL
 * only if that bio must not wait and would have to.
 */
struct bio *envol_pool_get(struct envol_job *job);

/*
 * Give a clone and its pages back, from any context. The pages are used again
 * only if @written: the lower device is through with them.
 */
void envol_pool_put(struct envol_target *et, struct bio *clone, bool written);

/*
 * crypt.c: bios through the cipher.
 */

void envol_crypt_init(void);

/* CPU features that the engines may use. */
u32 envol_crypt_cpu(void);

/* Whether @engine can be used by the code that asks, where it asks. */
bool envol_crypt_may_run(const struct envol_xts_engine *engine);

/* No AES instructions: a bio takes long. */
static inline bool envol_crypt_is_slow(const struct envol_xts_engine *engine)
{
	return !(engine->cpu & ENVOL_CPU_AES);
}

/* envol_xts_set_key() with whatever the CPU offers. */
int envol_crypt_set_key(struct envol_xts_key *key, const u8 *raw, size_t len,
			unsigned int flags);

/* Known answers of one engine. 0, -EBADMSG or -ENOMEM. */
int envol_crypt_selftest(const struct envol_xts_engine *engine);

/* Bytes a microsecond of an engine that this CPU runs, at least 1; 0: no memory. */
unsigned int envol_crypt_measure(const struct envol_xts_engine *engine);

enum envol_direction { ENVOL_DECRYPT, ENVOL_ENCRYPT };

/*
 * Encrypt or decrypt the next @bytes, whole data units, from @src to @dst, which
 * may be the same bio, and advance both iterators. The sector in @src_iter counts
 * from the start of the target. 0 or -EKEYREVOKED.
 */
int envol_crypt_run(struct envol_target *et, enum envol_direction direction,
		    struct bio *dst, struct bvec_iter *dst_iter,
		    struct bio *src, struct bvec_iter *src_iter,
		    unsigned int bytes);

/*
 * pace.c: how fast an engine is.
 */

/* Measure all usable engines. 0 or -ENOMEM. May sleep. */
int envol_pace_init(void);

/* Bytes a microsecond of an engine that this CPU runs. */
unsigned int envol_pace_rate(const struct envol_xts_engine *engine);

/* What @et's engine does in @us microseconds: whole data units, at least one of the largest. */
unsigned int envol_pace_bytes(const struct envol_target *et, unsigned int us);

#define ENVOL_PACE_BYTES_MAX (1u << 24)

/*
 * job.c: where the work on a bio runs.
 */

struct envol_job {
	union {
		struct list_head node;		/* among the jobs that helpers share */
		struct llist_node deferred;	/* from a hard interrupt to a softirq */
	};
	struct envol_target *et;
	struct bio *src;
	struct bio *dst;
	struct bvec_iter src_iter;
	struct bvec_iter dst_iter;
	atomic_t next;				/* piece that nobody has taken */
	atomic_t refs;
	unsigned int piece;			/* bytes */
	enum envol_direction direction : 8;
	blk_status_t status;
};

int envol_job_init(void);
void envol_job_exit(void);

/* Queue of the module for work that neither allocates nor waits. */
struct workqueue_struct *envol_job_queue(void);

/*
 * Decrypt in place what @job->src_iter spans of @job->src. From any context.
 * True: done, see @job->status. False: envol_read_done() will be called.
 */
bool envol_job_decrypt(struct envol_job *job);

/*
 * Encrypt @job->src to @job->dst; on return all is done, see @job->status. From
 * a task; with @nowait it does not sleep.
 */
void envol_job_encrypt(struct envol_job *job, bool nowait);

/*
 * map.c, read.c, write.c: the life of a bio.
 */

/* Per-bio data. */
struct envol_io {
	struct envol_job job;
	bool decrypt;	/* at completion */
};

int envol_map_bio(struct dm_target *ti, struct bio *bio);
int envol_map_end_io(struct dm_target *ti, struct bio *bio, blk_status_t *error);

int envol_read_map(struct envol_target *et, struct bio *bio, struct envol_io *io);
int envol_read_end_io(struct envol_io *io, blk_status_t *error);
void envol_read_done(struct envol_job *job);

int envol_write_map(struct envol_target *et, struct bio *bio, struct envol_io *io);

/*
 * target.c
 */

extern struct target_type envol_target_type;

/*
 * selftest.c: all usable engines against known answers; 0 or -EBADMSG.
 */
int envol_selftest_run(void);

#endif
