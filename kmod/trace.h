/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a bio, and the end of a key, as tracepoints: positions, sizes and
 * results, never data. "dev" is the mapping; sectors count from the target's start.
 * bio is the same in all events of one bio, which is how they are put together.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM envol

#if !defined(_ENVOL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _ENVOL_TRACE_H

#include <linux/blkdev.h>
#include <linux/kdev_t.h>
#include <linux/tracepoint.h>

#include "kmod/envol.h"

/* A bio enters the target. */
TRACE_EVENT(envol_map,
	TP_PROTO(const struct envol_target *et, const struct bio *bio),
	TP_ARGS(et, bio),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(const void *, bio)
		__field(u64, sector)
		__field(u32, bytes)
		__field(u32, op)
		__field(u32, flags)
	),
	TP_fast_assign(
		__entry->dev = et->mapping;
		__entry->bio = bio;
		__entry->sector = bio->bi_iter.bi_sector;
		__entry->bytes = bio->bi_iter.bi_size;
		__entry->op = (__force u32)bio->bi_opf & REQ_OP_MASK;
		__entry->flags = (__force u32)bio->bi_opf & ~REQ_OP_MASK;
	),
	TP_printk("dev=%u:%u bio=%p sector=%llu bytes=%u op=%s flags=%#x",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->bio,
		  (unsigned long long)__entry->sector, __entry->bytes,
		  __print_symbolic(__entry->op, { 0, "read" }, { 1, "write" },
				   { 2, "flush" }, { 3, "discard" }, { 5, "secure_erase" }),
		  __entry->flags)
);

/* Each bio that has a job: a read or a write. */
DECLARE_EVENT_CLASS(envol_bio,
	TP_PROTO(const struct envol_job *job, int what),
	TP_ARGS(job, what),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(const void *, bio)
		__field(u64, sector)
		__field(u32, bytes)
		__field(bool, write)
		__field(int, what)
	),
	TP_fast_assign(
		__entry->dev = job->et->mapping;
		__entry->bio = job->src;
		__entry->sector = job->src_iter.bi_sector;
		__entry->bytes = job->src_iter.bi_size;
		__entry->write = job->direction == ENVOL_ENCRYPT;
		__entry->what = what;
	),
	TP_printk("dev=%u:%u bio=%p sector=%llu bytes=%u %s",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->bio,
		  (unsigned long long)__entry->sector, __entry->bytes,
		  __entry->write ? "write" : "read")
);

/* It was decided where the work on it runs, for a read from a hard interrupt perhaps twice. */
DEFINE_EVENT_PRINT(envol_bio, envol_job,
	TP_PROTO(const struct envol_job *job, int place),
	TP_ARGS(job, place),
	TP_printk("dev=%u:%u bio=%p sector=%llu bytes=%u %s place=%s",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->bio,
		  (unsigned long long)__entry->sector, __entry->bytes,
		  __entry->write ? "write" : "read",
		  __print_symbolic(__entry->what, { 0, "here" }, { 1, "deferred" }, { 2, "shared" }))
);

/* A write found no memory and queues for the mapping's reserve. */
DEFINE_EVENT(envol_bio, envol_wait,
	TP_PROTO(const struct envol_job *job, int unused),
	TP_ARGS(job, unused)
);

/* It ends. */
DEFINE_EVENT_PRINT(envol_bio, envol_end,
	TP_PROTO(const struct envol_job *job, int err),
	TP_ARGS(job, err),
	TP_printk("dev=%u:%u bio=%p sector=%llu bytes=%u %s error=%d",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->bio,
		  (unsigned long long)__entry->sector, __entry->bytes,
		  __entry->write ? "write" : "read", __entry->what)
);

/* A key's end was found; its round keys go with the last job that uses them. */
TRACE_EVENT(envol_key_end,
	TP_PROTO(dev_t dev, int cause),
	TP_ARGS(dev, cause),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(int, cause)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->cause = cause;
	),
	TP_printk("dev=%u:%u cause=%d", MAJOR(__entry->dev), MINOR(__entry->dev),
		  __entry->cause)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH kmod
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
