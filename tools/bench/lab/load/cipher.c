// SPDX-License-Identifier: GPL-2.0-or-later
/* What a data path cannot be faster than: the cipher over the same pages and nothing else. */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/fpu/api.h>

#include "kmod/core/xts_engine.h"
#include "load.h"

/* As many as the data path gives an engine at a time, with preemption off. */
#define SECTION_PAGES 16

struct work {
	struct envol_xts_key key;
	const struct envol_xts_engine *engine;
	unsigned int du_size;
	u64 tweak;
	struct envol_xts_segment segments[SECTION_PAGES]; /* not on a stack that is zeroed */
};

static void crypt_section(struct work *work, struct page **dst, struct page **src,
			  unsigned int pages)
{
	struct envol_xts_segment *segments = work->segments;
	unsigned int i;

	for (i = 0; i < pages; i++)
		segments[i] = (struct envol_xts_segment){
			page_address(dst[i]), page_address(src[i]), PAGE_SIZE,
		};
	kernel_fpu_begin();
	if (dst == src)
		envol_xts_decrypt_segments(work->engine, &work->key, segments, pages * PAGE_SIZE,
					   work->du_size, work->tweak, 1);
	else
		envol_xts_encrypt_segments(work->engine, &work->key, segments, pages * PAGE_SIZE,
					   work->du_size, work->tweak, 1);
	kernel_fpu_end();
	work->tweak += pages * PAGE_SIZE / work->du_size;
}

/* A write goes to the pages of the request after it. */
static void crypt_request(const struct load *load, struct work *work, unsigned int i)
{
	struct page **src = load->requests[i].pages, **dst = src;
	unsigned int page, n;

	if (load->write)
		dst = load->requests[(i + 1) % load->count].pages;
	for (page = 0; page < load->pages; page += n) {
		n = min_t(unsigned int, SECTION_PAGES, load->pages - page);
		crypt_section(work, dst + page, src + page, n);
	}
}

int load_run_cipher(struct load *load, unsigned int du_size)
{
	struct work *work = kzalloc(sizeof(*work), GFP_KERNEL);
	u8 raw[ENVOL_XTS_KEY_256];
	unsigned int i;
	u64 now, end;

	if (!work)
		return -ENOMEM;
	for (i = 0; i < sizeof(raw); i++)
		raw[i] = i;
	work->engine = envol_xts_best_engine(envol_cpu_features());
	work->du_size = du_size;
	kernel_fpu_begin();
	envol_xts_set_key(&work->key, raw, sizeof(raw), 0, envol_cpu_features());
	kernel_fpu_end();

	now = ktime_get_ns();
	end = now + load->ms * NSEC_PER_MSEC;
	load_start(load, now);
	for (i = 0; now < end; i = (i + 1) % load->count) {
		crypt_request(load, work, i);
		now = ktime_get_ns();
		load_count(load, now);
	}
	kfree(work);
	return 0;
}
