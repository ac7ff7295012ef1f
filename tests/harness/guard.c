// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/harness/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096u
#define MAX_AREAS 256

static struct area {
	uint8_t *base;
	size_t size;
} areas[MAX_AREAS];

static uint8_t *map_area(size_t len, size_t *body)
{
	size_t i;

	*body = (len + PAGE - 1) / PAGE * PAGE;
	if (!*body)
		*body = PAGE;
	for (i = 0; i < MAX_AREAS; i++)
		if (!areas[i].base)
			break;
	if (i == MAX_AREAS) {
		fprintf(stderr, "guard: more than %d areas\n", MAX_AREAS);
		abort();
	}
	areas[i].size = *body + 2 * PAGE;
	areas[i].base = mmap(NULL, areas[i].size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (areas[i].base == MAP_FAILED ||
	    mprotect(areas[i].base, PAGE, PROT_NONE) ||
	    mprotect(areas[i].base + PAGE + *body, PAGE, PROT_NONE)) {
		perror("guard: mmap");
		abort();
	}
	return areas[i].base + PAGE;
}

uint8_t *guard_alloc(size_t len)
{
	size_t body;
	uint8_t *p = map_area(len, &body);

	return p + body - len;
}

uint8_t *guard_alloc_front(size_t len)
{
	size_t body;

	return map_area(len, &body);
}

void guard_free(uint8_t *p)
{
	size_t i;

	for (i = 0; i < MAX_AREAS; i++)
		if (areas[i].base && p >= areas[i].base &&
		    p < areas[i].base + areas[i].size) {
			munmap(areas[i].base, areas[i].size);
			areas[i].base = NULL;
			return;
		}
	fprintf(stderr, "guard: freed twice, or never allocated\n");
	abort();
}
