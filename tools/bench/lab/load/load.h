/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lab's load: @count requests of @bytes each in pages of their own, @depth of them at
 * a time, until @ms milliseconds have passed. What one took is averaged over windows of a few
 * milliseconds, each of which is a result: on a shared machine the best one counts, and
 * a short one has better chances of having been left alone.
 */
#pragma once

#include <linux/bio.h>
#include <linux/types.h>

#define LOAD_WINDOWS 64
#define LOAD_WINDOW_NS (2 * NSEC_PER_MSEC)

struct load_request {
	struct bio bio;
	struct bio_vec *vecs;
	struct page **pages;
	struct list_head list;
};

struct load {
	unsigned int bytes;
	unsigned int pages;	/* of a request */
	unsigned int depth;
	unsigned int count;
	unsigned int ms;
	bool write;
	bool sequential;
	struct load_request *requests;
	u64 errors;

	u64 window_start;	/* ns */
	unsigned int window_count; /* requests done in it */
	unsigned int windows;
	u64 costs[LOAD_WINDOWS]; /* ns a request in each */
};

/* The first window begins. */
void load_start(struct load *load, u64 now);

/* One more request is done. */
void load_count(struct load *load, u64 now);

/* io.c: through the block device at @path. */
int load_run_io(struct load *load, const char *path);

/*
 * cipher.c: the cipher alone over the same pages, with data units of @du_size; reads are
 * decrypted in place, writes encrypted from one page into another.
 */
int load_run_cipher(struct load *load, unsigned int du_size);
