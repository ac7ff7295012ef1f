/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name that was probably meant by one that is misspelt. */
#pragma once

struct nearest {
	const char *best;	/* NULL: none is near */
	unsigned int distance;
};

/* @name takes the place of nearest->best if it is nearer to what was @typed. */
void envol_nearest_offer(struct nearest *nearest, const char *typed,
			 const char *name);
