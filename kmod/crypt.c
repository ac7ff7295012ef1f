// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bios through the cipher: walks one bio (decryption, in place) or two
 * (encryption, from the caller's pages to bounce pages) in step. The only file
 * that opens FPU sections; each is bounded by fpu_us, for preemption is off
 * inside (6.14 and older) or softirqs are (6.15 and newer).
 *
 * Contexts: tasks, workers and softirqs. Nothing here sleeps or allocates, and
 * inside an FPU section there is nothing but memory accesses to the direct map
 * (there is no HIGHMEM: compat.h), so a multi-page bvec is one run of bytes.
 *
 * Data units are aligned to the bio, not to its bvecs: whatever splits a bvec at
 * any byte (a user's iovec does) gets its unit carried across with the tweak. A
 * 16-byte block that is itself split goes through a block on the stack; a per-CPU
 * buffer would not do, for a softirq may run in the middle of its user.
 *
 * Each source byte is read once, so a page that its owner changes while it is
 * being written garbles that data unit and nothing else.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "kmod/compat.h"
#include "kmod/core/xts_selftest.h"
#include "kmod/envol.h"

static unsigned int fpu_us = IS_ENABLED(CONFIG_PREEMPT_RT) ? 1 : 5;
module_param(fpu_us, uint, 0644);
MODULE_PARM_DESC(fpu_us, "longest FPU section, microseconds");

/* Of one call of an engine: what vaes-avx2 does of single pages in a section. */
#define MAX_SEGMENTS 16

/*
 * The best of many calls was not disturbed; what disturbs may last longer than a few of them.
 * At most so many, should the clock stand still.
 */
#define MEASURED_BYTES 16384
#define MEASURED_NS (2 * NSEC_PER_MSEC)
#define MEASUREMENTS_MIN 16
#define MEASUREMENTS_MAX 16384

static u32 cpu_features;
static const struct envol_xts_engine *portable;

void envol_crypt_init(void)
{
	cpu_features = envol_compat_cpu(envol_cpu_features());
	portable = envol_xts_best_engine(0);
}

u32 envol_crypt_cpu(void)
{
	return cpu_features;
}

static bool uses_fpu(const struct envol_xts_engine *engine)
{
	return engine->cpu != 0;
}

bool envol_crypt_may_run(const struct envol_xts_engine *engine)
{
	return !uses_fpu(engine) || irq_fpu_usable();
}

static void begin_section(const struct envol_xts_engine *engine)
{
	if (uses_fpu(engine))
		kernel_fpu_begin();
}

static void end_section(const struct envol_xts_engine *engine)
{
	if (uses_fpu(engine))
		kernel_fpu_end();
}

int envol_crypt_set_key(struct envol_xts_key *key, const u8 *raw, size_t len,
			unsigned int flags)
{
	int err;

	if (!cpu_features)
		return envol_xts_set_key(key, raw, len, flags, 0);
	kernel_fpu_begin();
	err = envol_xts_set_key(key, raw, len, flags, cpu_features);
	kernel_fpu_end();
	return err;
}

/* A place in a bio. */
struct walk {
	struct bio *bio;
	struct bvec_iter *iter;
};

/*
 * Leaves bi_sector alone: steps are smaller than a sector at times. A step of 0
 * passes an empty piece.
 */
static void advance(const struct walk *walk, unsigned int bytes)
{
	bvec_iter_advance_single(walk->bio->bi_io_vec, walk->iter, bytes);
}

/* Where it is in memory, and how many bytes (never 0) follow in one piece. */
static u8 *here(const struct walk *walk, unsigned int *len)
{
	struct bio_vec bv = mp_bvec_iter_bvec(walk->bio->bi_io_vec, *walk->iter);

	while (unlikely(!bv.bv_len)) {
		advance(walk, 0);
		bv = mp_bvec_iter_bvec(walk->bio->bi_io_vec, *walk->iter);
	}
	*len = bv.bv_len;
	return (u8 *)page_address(bv.bv_page) + bv.bv_offset;
}

enum copy { FROM_BIO, TO_BIO };

/* Copy one block between @walk, where it is in pieces, and @block. */
static void copy_block(enum copy way, struct walk *walk, u8 block[ENVOL_XTS_BLOCK])
{
	unsigned int done = 0, len;

	while (done < ENVOL_XTS_BLOCK) {
		u8 *p = here(walk, &len);

		len = min(len, ENVOL_XTS_BLOCK - done);
		if (way == FROM_BIO)
			memcpy(block + done, p, len);
		else
			memcpy(p, block + done, len);
		advance(walk, len);
		done += len;
	}
}

struct run {
	const struct envol_xts_engine *engine;
	const struct envol_xts_key *key;
	enum envol_direction direction;
	unsigned int du_size;
	unsigned int tweak_step;
	u64 tweak;		/* of the next data unit */
	struct walk dst;
	struct walk src;
};

static void crypt_part(const struct run *run, u8 t[ENVOL_XTS_BLOCK],
		       u8 *dst, const u8 *src, unsigned int len)
{
	if (run->direction == ENVOL_ENCRYPT)
		envol_xts_encrypt_part(run->engine, run->key, t, dst, src, len);
	else
		envol_xts_decrypt_part(run->engine, run->key, t, dst, src, len);
}

/* Both walks advance; where they are the same, by one. */
static void advance_both(struct run *run, unsigned int bytes)
{
	advance(&run->src, bytes);
	if (run->dst.iter != run->src.iter)
		advance(&run->dst, bytes);
}

static void crypt_split_block(struct run *run, u8 t[ENVOL_XTS_BLOCK])
{
	struct bvec_iter back = *run->src.iter;
	struct walk same = { .bio = run->src.bio, .iter = &back };
	u8 block[ENVOL_XTS_BLOCK];

	copy_block(FROM_BIO, &run->src, block);
	crypt_part(run, t, block, block, ENVOL_XTS_BLOCK);
	copy_block(TO_BIO, run->dst.iter == run->src.iter ? &same : &run->dst, block);
	memzero_explicit(block, sizeof(block));
}

/* One data unit that lies in pieces. */
static void crypt_split_unit(struct run *run)
{
	unsigned int left = run->du_size, n, dst_len;
	u8 t[ENVOL_XTS_BLOCK];
	u8 *src, *dst;

	envol_xts_start(run->engine, run->key, t, run->tweak);
	while (left) {
		src = here(&run->src, &n);
		dst = here(&run->dst, &dst_len);
		n = round_down(min3(n, dst_len, left), ENVOL_XTS_BLOCK);
		if (n) {
			crypt_part(run, t, dst, src, n);
			advance_both(run, n);
		} else {
			crypt_split_block(run, t);
			n = ENVOL_XTS_BLOCK;
		}
		left -= n;
	}
	run->tweak += run->tweak_step;
	memzero_explicit(t, sizeof(t));
}

/*
 * Whole data units from here on, each piece of memory a segment, until one unit lies in
 * pieces; at most @max bytes, a multiple of the unit. Returns how many bytes.
 */
static unsigned int take_segments(struct run *run, unsigned int max,
				  struct envol_xts_segment segments[MAX_SEGMENTS])
{
	unsigned int taken, i, n, dst_len;

	for (i = 0, taken = 0; i < MAX_SEGMENTS && taken < max; i++, taken += n) {
		segments[i].src = here(&run->src, &n);
		segments[i].dst = here(&run->dst, &dst_len);
		n = round_down(min3(n, dst_len, max - taken), run->du_size);
		if (!n)
			break;
		segments[i].len = n;
		advance_both(run, n);
	}
	return taken;
}

static void crypt_segments(struct run *run, const struct envol_xts_segment *segments,
			   unsigned int bytes)
{
	if (run->direction == ENVOL_ENCRYPT)
		envol_xts_encrypt_segments(run->engine, run->key, segments, bytes,
					   run->du_size, run->tweak, run->tweak_step);
	else
		envol_xts_decrypt_segments(run->engine, run->key, segments, bytes,
					   run->du_size, run->tweak, run->tweak_step);
	run->tweak += (u64)(bytes / run->du_size) * run->tweak_step;
}

/* Not inlined: many kernels zero a list on the stack, which small bios need not wait for. */
static noinline unsigned int crypt_list(struct run *run, unsigned int max)
{
	struct envol_xts_segment segments[MAX_SEGMENTS];
	unsigned int n = take_segments(run, max, segments);

	if (n)
		crypt_segments(run, segments, n);
	return n;
}

/* As many whole data units as come before one that lies in pieces, and at most @max bytes. */
static unsigned int crypt_whole_units(struct run *run, unsigned int max)
{
	struct envol_xts_segment all = { .len = max };
	unsigned int n, dst_len;

	all.src = here(&run->src, &n);
	if (run->dst.iter == run->src.iter) {
		all.dst = (u8 *)all.src;
	} else {
		all.dst = here(&run->dst, &dst_len);
		n = min(n, dst_len);
	}
	if (n < max)
		return crypt_list(run, max);
	crypt_segments(run, &all, max);
	advance_both(run, max);
	return max;
}

/* @bytes is a multiple of the data unit. */
static void crypt_section(struct run *run, unsigned int bytes)
{
	unsigned int n;

	while (bytes) {
		n = crypt_whole_units(run, bytes);
		if (!n) {
			crypt_split_unit(run);
			n = run->du_size;
		}
		bytes -= n;
	}
}

int envol_crypt_run(struct envol_target *et, enum envol_direction direction,
		    struct bio *dst, struct bvec_iter *dst_iter,
		    struct bio *src, struct bvec_iter *src_iter,
		    unsigned int bytes)
{
	unsigned int section = envol_pace_bytes(et, READ_ONCE(fpu_us));
	struct envol_key *key = envol_key_get(&et->key);
	struct run run = {
		.engine = envol_crypt_may_run(et->engine) ? et->engine : portable,
		.direction = direction,
		.du_size = et->du_size,
		.tweak_step = et->tweak_step,
		.tweak = (src_iter->bi_sector + et->iv_offset) >> et->tweak_shift,
		.dst = { .bio = dst, .iter = dst_iter },
		.src = { .bio = src, .iter = src_iter },
	};
	unsigned int n;

	if (!key)
		return -EKEYREVOKED;
	run.key = envol_key_round_keys(key);
	src_iter->bi_sector += bytes >> SECTOR_SHIFT;
	for (; bytes; bytes -= n) {
		n = min(bytes, section);
		begin_section(run.engine);
		crypt_section(&run, n);
		end_section(run.engine);
	}
	envol_key_put(key);
	return 0;
}

int envol_crypt_selftest(const struct envol_xts_engine *engine)
{
	u32 cpu = uses_fpu(engine) ? cpu_features : 0;
	struct envol_xts_selftest *work;
	unsigned int i;
	int err;

	work = kmalloc(sizeof(*work), GFP_KERNEL);
	if (!work)
		return -ENOMEM;
	for (i = 0, err = 0; !err; i++) {
		begin_section(engine);
		err = envol_xts_selftest_step(engine, cpu, i, work);
		end_section(engine);
	}
	kfree(work);
	return err == -ENOENT ? 0 : err;
}

unsigned int envol_crypt_measure(const struct envol_xts_engine *engine)
{
	struct measure {
		struct envol_xts_key key;
		u8 data[MEASURED_BYTES];
	} *work = kzalloc(sizeof(*work), GFP_KERNEL);
	u64 begin = ktime_get_ns(), start, now = begin, best = U64_MAX;
	unsigned int i;

	if (!work)
		return 0;
	envol_crypt_set_key(&work->key, work->data, ENVOL_XTS_KEY_256, ENVOL_XTS_ALLOW_WEAK);
	for (i = 0; i < MEASUREMENTS_MAX; i++) {
		if (i >= MEASUREMENTS_MIN && now - begin >= MEASURED_NS)
			break;
		begin_section(engine);
		start = ktime_get_ns();
		envol_xts_encrypt(engine, &work->key, work->data, work->data,
				  MEASURED_BYTES, ENVOL_XTS_DU_MIN, 0, 1);
		now = ktime_get_ns();
		end_section(engine);
		best = min(best, max(now - start, 1ull));
	}
	kfree(work);
	return div64_u64(MEASURED_BYTES * NSEC_PER_USEC, best);
}
