// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A load generator in the kernel: loading the module runs one load, writes one line to the
 * kernel's log and fails, so that the next load can be run. In User-Mode Linux a
 * generator in user space would measure the cost of the guest's system calls.
 */
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "load.h"

static char *device;
module_param(device, charp, 0);
MODULE_PARM_DESC(device, "path of a block device; without it the cipher alone is run");

static struct load load = { .bytes = 4096, .depth = 1, .ms = 100 };
module_param_named(bytes, load.bytes, uint, 0);
module_param_named(depth, load.depth, uint, 0);
module_param_named(requests, load.count, uint, 0);
MODULE_PARM_DESC(requests, "sets of pages that take turns; at least the depth");
module_param_named(ms, load.ms, uint, 0);
module_param_named(write, load.write, bool, 0);
module_param_named(sequential, load.sequential, bool, 0);

static unsigned int du_size = 4096;
module_param(du_size, uint, 0);
MODULE_PARM_DESC(du_size, "bytes of a data unit, for the cipher alone");

void load_start(struct load *load, u64 now)
{
	load->window_start = now;
	load->window_count = 0;
}

void load_count(struct load *load, u64 now)
{
	load->window_count++;
	if (now - load->window_start < LOAD_WINDOW_NS)
		return;
	if (load->windows < LOAD_WINDOWS)
		load->costs[load->windows++] =
			div_u64(now - load->window_start, load->window_count);
	load_start(load, now);
}

static void report(void)
{
	char line[LOAD_WINDOWS * 12];
	unsigned int i;
	int len = 0;

	for (i = 0; i < load.windows; i++)
		len += scnprintf(line + len, sizeof(line) - len, "%s%llu", i ? "," : "",
				 load.costs[i]);
	pr_notice("lab: errors=%llu ns=%s\n", load.errors, line);
}

static void free_requests(void)
{
	unsigned int i, page;

	for (i = 0; load.requests && i < load.count; i++) {
		struct load_request *request = &load.requests[i];

		for (page = 0; request->pages && page < load.pages; page++)
			if (request->pages[page])
				__free_page(request->pages[page]);
		kvfree(request->pages);
		kvfree(request->vecs);
	}
	kvfree(load.requests);
}

static int alloc_request(struct load_request *request)
{
	unsigned int page;

	request->vecs = kvcalloc(load.pages, sizeof(*request->vecs), GFP_KERNEL);
	request->pages = kvcalloc(load.pages, sizeof(*request->pages), GFP_KERNEL);
	if (!request->vecs || !request->pages)
		return -ENOMEM;
	for (page = 0; page < load.pages; page++) {
		request->pages[page] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!request->pages[page])
			return -ENOMEM;
	}
	return 0;
}

static int alloc_requests(void)
{
	unsigned int i;
	int err = 0;

	load.count = max(load.count, load.depth);
	load.pages = DIV_ROUND_UP(load.bytes, PAGE_SIZE);
	load.requests = kvcalloc(load.count, sizeof(*load.requests), GFP_KERNEL);
	if (!load.requests)
		return -ENOMEM;
	for (i = 0; !err && i < load.count; i++)
		err = alloc_request(&load.requests[i]);
	return err;
}

static int __init load_init(void)
{
	int err;

	if (!load.depth || load.bytes < SECTOR_SIZE || load.bytes % SECTOR_SIZE ||
	    load.bytes > BIO_MAX_VECS * PAGE_SIZE)
		return -EINVAL;
	err = alloc_requests();
	if (!err)
		err = device ? load_run_io(&load, device) : load_run_cipher(&load, du_size);
	free_requests();
	if (err)
		return err;
	if (!load.windows)
		return -ENODATA;
	report();
	return -ECANCELED;
}

module_init(load_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("load generator for block devices");
