// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of writes: a clone and bounce pages for each.
 *
 * Forward progress. Each mapping has a reserve of its own: bios, bvecs, and pages
 * for one largest write. A writer first takes what comes without waiting. If that
 * fails it gives all of it back and, unless it may not wait, tries again under the
 * mapping's mutex with GFP_NOIO: only one writer waits for the reserve at a time,
 * so no two can hold half of it each, and what is missing is in clones that were
 * sent down already (write.c), whose completion refills the reserve before
 * anything else. Whoever comes while somebody waits queues behind him: else small
 * writers could take page by page what a large one waits for. The mutex and the
 * reserve belong to the mapping, so stacked mappings never wait for each other in
 * a circle.
 *
 * Recycling. A bounce page never held anything but ciphertext, so it can be used
 * again without being zeroed (which CONFIG_INIT_ON_ALLOC_DEFAULT_ON does at each
 * allocation). Pages are kept per CPU, for all mappings together, at most
 * CACHED_PAGES and CACHED_CHUNKS, and go when memory is short. A page is used
 * again only if the lower device wrote it and nobody else holds a reference:
 * a network transport may still send from a page whose bio has ended.
 *
 * Bounds. Pages in flight beyond memory_percent of memory come from the reserves
 * alone; 0 leaves nothing but the reserves, which is how they are tested.
 *
 * Contexts. envol_pool_get() runs in a task; envol_pool_put() anywhere, so a
 * CPU's cache has a raw spinlock, taken with interrupts off.
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/percpu_counter.h>
#include <linux/spinlock.h>

#include "kmod/compat.h"
#include "kmod/envol.h"
#include "kmod/trace.h"

#define RESERVED_BIOS 16
#define CHUNK_ORDER 3
#define CHUNK_BYTES (PAGE_SIZE << CHUNK_ORDER)
#define CACHED_PAGES 64
#define CACHED_CHUNKS 16
#define IN_FLIGHT_BATCH 512

#define GFP_TRY (GFP_NOWAIT | __GFP_NORETRY | __GFP_NOMEMALLOC | __GFP_NOWARN)

static unsigned int split_bytes = 262144;
module_param(split_bytes, uint, 0644);
MODULE_PARM_DESC(split_bytes, "largest write encrypted at once, and each new mapping's reserve");

static unsigned int memory_percent = 2;
module_param(memory_percent, uint, 0644);
MODULE_PARM_DESC(memory_percent, "part of memory that writes in flight may take besides the reserves");

struct stack {
	unsigned int count;
	unsigned int max;
	struct page **pages;
};

struct cache {
	raw_spinlock_t lock;
	struct stack singles;
	struct stack chunks;
	struct page *single_pages[CACHED_PAGES];
	struct page *chunk_pages[CACHED_CHUNKS];
};

static DEFINE_PER_CPU(struct cache, caches);
static struct percpu_counter in_flight;		/* pages */
static struct shrinker *shrinker;

static struct stack *stack_of(struct cache *cache, unsigned int order)
{
	return order ? &cache->chunks : &cache->singles;
}

static struct page *cache_pop(struct cache *cache, unsigned int order)
{
	struct stack *stack = stack_of(cache, order);
	struct page *page = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&cache->lock, flags);
	if (stack->count)
		page = stack->pages[--stack->count];
	raw_spin_unlock_irqrestore(&cache->lock, flags);
	return page;
}

static bool cache_push(struct cache *cache, struct page *page, unsigned int order)
{
	struct stack *stack = stack_of(cache, order);
	unsigned long flags;
	bool room;

	raw_spin_lock_irqsave(&cache->lock, flags);
	room = stack->count < stack->max;
	if (room)
		stack->pages[stack->count++] = page;
	raw_spin_unlock_irqrestore(&cache->lock, flags);
	return room;
}

static bool too_much_in_flight(void)
{
	return percpu_counter_read_positive(&in_flight) >=
	       (s64)(totalram_pages() / 100 * READ_ONCE(memory_percent));
}

static struct page *take_pages(unsigned int order, gfp_t gfp)
{
	struct page *page;

	if (too_much_in_flight())
		return NULL;
	page = cache_pop(raw_cpu_ptr(&caches), order);
	if (page)
		return page;
	return alloc_pages(order ? gfp | __GFP_COMP : gfp, order);
}

/* mempool_alloc() sets __GFP_NORETRY, mempool_init() does not and must get its pages. */
static void *reserve_alloc(gfp_t gfp, void *unused)
{
	return gfp & __GFP_NORETRY ? take_pages(0, gfp) : alloc_page(gfp);
}

static void reserve_free(void *page, void *unused)
{
	put_page(page);
}

static struct page *get_pages(struct envol_pool *pool, unsigned int bytes, gfp_t gfp)
{
	struct page *page;

	if (bytes >= CHUNK_BYTES) {
		page = take_pages(CHUNK_ORDER, GFP_TRY);
		if (page)
			return page;
	}
	return mempool_alloc(&pool->pages, gfp);
}

/*
 * The reserve comes first: somebody may be waiting. A page that may not be used
 * again is replaced if that takes no waiting; if not, the reserve is made up for
 * by later pages, and whoever waits for it also asks the allocator by himself.
 */
static void refill_reserve(struct envol_pool *pool, struct page *page, bool reuse)
{
	if (!reuse) {
		put_page(page);
		page = alloc_page(GFP_TRY);
	}
	if (page)
		mempool_free(page, &pool->pages);
}

static void put_pages(struct envol_pool *pool, struct page *page, bool written)
{
	unsigned int order = compound_order(page);
	bool reuse = written && page_count(page) == 1;

	if (!order && READ_ONCE(pool->pages.curr_nr) < pool->pages.min_nr)
		refill_reserve(pool, page, reuse);
	else if (!reuse || !cache_push(raw_cpu_ptr(&caches), page, order))
		put_page(page);
}

static unsigned int pages_of(const struct bio *clone)
{
	unsigned int i, pages = 0;

	for (i = 0; i < clone->bi_vcnt; i++)
		pages += 1u << compound_order(clone->bi_io_vec[i].bv_page);
	return pages;
}

static void put_clone(struct envol_pool *pool, struct bio *clone, bool written)
{
	unsigned int i;

	for (i = 0; i < clone->bi_vcnt; i++)
		put_pages(pool, clone->bi_io_vec[i].bv_page, written);
	bio_put(clone);
}

static struct bio *get_clone(struct envol_target *et, const struct bio *bio, gfp_t gfp)
{
	struct envol_pool *pool = &et->pool;
	unsigned int left = bio->bi_iter.bi_size, n;
	struct bio *clone;
	struct page *page;

	clone = bio_alloc_bioset(et->dev->bdev, DIV_ROUND_UP(left, PAGE_SIZE),
				 bio->bi_opf & ~REQ_POLLED, gfp, &pool->bios);
	if (!clone)
		return NULL;
	clone->bi_ioprio = bio->bi_ioprio;
	envol_compat_copy_write_hint(clone, bio);
	for (; left; left -= n) {
		page = get_pages(pool, left, gfp);
		if (!page) {
			put_clone(pool, clone, true); /* as clean as they came */
			return NULL;
		}
		n = min_t(unsigned int, left, PAGE_SIZE << compound_order(page));
		__bio_add_page(clone, page, n, 0);
	}
	percpu_counter_add_batch(&in_flight, pages_of(clone), IN_FLIGHT_BATCH);
	return clone;
}

struct bio *envol_pool_get(struct envol_job *job)
{
	struct envol_target *et = job->et;
	struct bio *clone = NULL;

	if (likely(!mutex_is_locked(&et->pool.turn)))
		clone = get_clone(et, job->src, GFP_TRY);
	if (clone || job->src->bi_opf & REQ_NOWAIT)
		return clone;
	envol_stats_inc(et, ENVOL_STAT_RESERVE);
	trace_envol_wait(job, 0);
	mutex_lock(&et->pool.turn);
	clone = get_clone(et, job->src, GFP_NOIO);
	mutex_unlock(&et->pool.turn);
	return clone;
}

void envol_pool_put(struct envol_target *et, struct bio *clone, bool written)
{
	percpu_counter_add_batch(&in_flight, -(s64)pages_of(clone), IN_FLIGHT_BATCH);
	put_clone(&et->pool, clone, written);
}

unsigned int envol_pool_max_bytes(void)
{
	return round_down(clamp_t(unsigned int, READ_ONCE(split_bytes), ENVOL_XTS_DU_MAX,
				  BIO_MAX_VECS * PAGE_SIZE), ENVOL_XTS_DU_MAX);
}

int envol_pool_open(struct envol_pool *pool, unsigned int max_bytes)
{
	int err;

	mutex_init(&pool->turn);
	pool->max_bytes = max_bytes;
	err = bioset_init(&pool->bios, RESERVED_BIOS, 0, BIOSET_NEED_BVECS);
	if (err)
		return err;
	err = mempool_init(&pool->pages, DIV_ROUND_UP(max_bytes, PAGE_SIZE),
			   reserve_alloc, reserve_free, NULL);
	if (err)
		bioset_exit(&pool->bios);
	return err;
}

void envol_pool_close(struct envol_pool *pool)
{
	mempool_exit(&pool->pages);
	bioset_exit(&pool->bios);
	mutex_destroy(&pool->turn);
}

static unsigned long count_cached(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long pages = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct cache *cache = per_cpu_ptr(&caches, cpu);

		pages += READ_ONCE(cache->singles.count) +
			 (READ_ONCE(cache->chunks.count) << CHUNK_ORDER);
	}
	return pages ?: SHRINK_EMPTY;
}

/* Give back at most @pages, and a chunk more. */
static unsigned long drain(struct cache *cache, unsigned long pages)
{
	unsigned long freed = 0;
	unsigned int order;
	struct page *page;

	while (freed < pages) {
		order = CHUNK_ORDER;
		page = cache_pop(cache, order);
		if (!page) {
			order = 0;
			page = cache_pop(cache, order);
		}
		if (!page)
			break;
		put_page(page);
		freed += 1ul << order;
	}
	return freed;
}

static unsigned long free_cached(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long freed = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		if (freed >= sc->nr_to_scan)
			break;
		freed += drain(per_cpu_ptr(&caches, cpu), sc->nr_to_scan - freed);
	}
	return freed ?: SHRINK_STOP;
}

int envol_pool_init(void)
{
	int cpu, err;

	for_each_possible_cpu(cpu) {
		struct cache *cache = per_cpu_ptr(&caches, cpu);

		raw_spin_lock_init(&cache->lock);
		cache->singles.max = CACHED_PAGES;
		cache->singles.pages = cache->single_pages;
		cache->chunks.max = CACHED_CHUNKS;
		cache->chunks.pages = cache->chunk_pages;
	}
	err = percpu_counter_init(&in_flight, 0, GFP_KERNEL);
	if (err)
		return err;
	shrinker = envol_compat_shrinker_new(count_cached, free_cached);
	if (!shrinker) {
		percpu_counter_destroy(&in_flight);
		return -ENOMEM;
	}
	return 0;
}

void envol_pool_exit(void)
{
	int cpu;

	envol_compat_shrinker_free(shrinker);
	for_each_possible_cpu(cpu)
		drain(per_cpu_ptr(&caches, cpu), ULONG_MAX);
	percpu_counter_destroy(&in_flight);
}
