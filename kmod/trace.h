/* SPDX-License-Identifier: GPL-2.0-only */
/* The life of a bio as tracepoints: positions and sizes, never data. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM envol

#if !defined(_ENVOL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _ENVOL_TRACE_H

#include <linux/tracepoint.h>

#include "kmod/envol.h"

/* A bio enters the target. */
TRACE_EVENT(envol_map,
	TP_PROTO(const struct bio *bio, sector_t sector),
	TP_ARGS(bio, sector),
	TP_STRUCT__entry(
		__field(const void *, bio)
		__field(u64, sector)
		__field(u32, bytes)
		__field(u32, opf)
	),
	TP_fast_assign(
		__entry->bio = bio;
		__entry->sector = sector;
		__entry->bytes = bio->bi_iter.bi_size;
		__entry->opf = (__force u32)bio->bi_opf;
	),
	TP_printk("bio=%p sector=%llu bytes=%u opf=%#x", __entry->bio,
		  (unsigned long long)__entry->sector, __entry->bytes, __entry->opf)
);

/* It was decided where the work on it runs. */
TRACE_EVENT(envol_job,
	TP_PROTO(const struct envol_job *job, int place),
	TP_ARGS(job, place),
	TP_STRUCT__entry(
		__field(const void *, bio)
		__field(u64, sector)
		__field(u32, bytes)
		__field(u8, encrypt)
		__field(u8, place)
	),
	TP_fast_assign(
		__entry->bio = job->src;
		__entry->sector = job->src_iter.bi_sector;
		__entry->bytes = job->src_iter.bi_size;
		__entry->encrypt = job->direction == ENVOL_ENCRYPT;
		__entry->place = place;
	),
	TP_printk("bio=%p sector=%llu bytes=%u %s %s", __entry->bio,
		  (unsigned long long)__entry->sector, __entry->bytes,
		  __entry->encrypt ? "encrypt" : "decrypt",
		  __print_symbolic(__entry->place, { 0, "here" }, { 1, "deferred" },
				   { 2, "shared" }))
);

/* It ends. */
TRACE_EVENT(envol_end,
	TP_PROTO(const struct bio *bio, blk_status_t status),
	TP_ARGS(bio, status),
	TP_STRUCT__entry(
		__field(const void *, bio)
		__field(u8, status)
	),
	TP_fast_assign(
		__entry->bio = bio;
		__entry->status = (__force u8)status;
	),
	TP_printk("bio=%p status=%u", __entry->bio, __entry->status)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH kmod
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
